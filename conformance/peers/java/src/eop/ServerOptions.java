// The options of EOP_OPTIONS: what is in force, known ones as given and the others at their defaults.
package eop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

final class ServerOptions {
    /** In the order in which a hello tells them: limit first (EOP-TST-15). */
    private final Map<String, Long> values = new LinkedHashMap<>();

    private ServerOptions() {
        values.put("limit", 1_048_576L);
        values.put("linger-idle", 5_000L);
        values.put("linger-total", 30_000L);
        values.put("header", 10_000L);
        values.put("stall", 30_000L);
    }

    static ServerOptions parse(String text) {
        ServerOptions options = new ServerOptions();
        for (String option : text.split(" ")) {
            int equals = option.indexOf('=');
            String name = option.substring(0, Math.max(0, equals));
            if (options.values.containsKey(name)) {
                long value = Grammar.number(option.substring(equals + 1));
                if (value == Grammar.NO_NUMBER) {
                    throw new IllegalArgumentException("option without a number: " + option);
                }
                options.values.put(name, value);
            }
            // What is not known is ignored (EOP-TST-31).
        }
        return options;
    }

    /** Octets, EOP-LIM-2. */
    long limit() {
        return values.get("limit");
    }

    /** Milliseconds, EOP-CLS-3. */
    long lingerIdle() {
        return values.get("linger-idle");
    }

    /** Milliseconds, EOP-CLS-3. */
    long lingerTotal() {
        return values.get("linger-total");
    }

    /** Milliseconds, EOP-TIM-1. */
    long header() {
        return values.get("header");
    }

    /** Milliseconds, EOP-CLS-12. */
    long stall() {
        return values.get("stall");
    }

    @Override
    public String toString() {
        StringJoiner words = new StringJoiner(" ");
        for (Map.Entry<String, Long> option : values.entrySet()) {
            words.add(option.getKey() + "=" + option.getValue());
        }
        return words.toString();
    }
}
