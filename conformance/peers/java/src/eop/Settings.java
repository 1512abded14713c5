// The settings of a `connect`, each at its default unless it is given (testee.md, section 3.2).
package eop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class Settings {
    private static final Map<String, Set<String>> CHOICES = Map.of(
            "discipline", Set.of("paired", "manual"),
            "resend", Set.of("explicit", "automatic"),
            "policy", Set.of("secure", "paper"),
            "fallback", Set.of("none", "home"),
            "order", Set.of("old-first", "new-first"));

    private final Map<String, String> words = new HashMap<>(Map.of(
            "discipline", "paired",
            "resend", "explicit",
            "policy", "secure",
            "fallback", "none",
            "order", "old-first"));

    private final Map<String, Long> numbers = new HashMap<>(Map.of(
            "greeting", 0L,
            "limit", 1_048_576L,
            "budget", 1_048_576L,
            "max-redirects", 5L,
            "moves", 30L,
            "deadline", 30_000L,
            "episode", 10_000L,
            "stall", 30_000L,
            "header", 10_000L));

    private List<AllowEntry> allow = List.of();

    /** From the endpoint that the session believes in to the one that is dialled; null if all are themselves. */
    private Map<Endpoint, Endpoint> dial;

    private Settings() {}

    static Settings parse(List<String> texts) throws Rejection {
        Settings settings = new Settings();
        Set<String> given = new HashSet<>();
        for (String text : texts) {
            int equals = text.indexOf('=');
            String name = text.substring(0, Math.max(0, equals));
            if (!settings.set(name, text.substring(equals + 1))) {
                throw new Rejection("connect", "setting");
            }
            if (!given.add(name)) {
                throw new Rejection("connect", "twice");
            }
        }
        if (settings.manual() && settings.automatic()) {
            throw new Rejection("connect", "contradiction");
        }
        if (settings.moves() == 0) {
            throw new Rejection("connect", "no-moves");
        }
        return settings;
    }

    /** Tells whether name and value match the grammar. */
    private boolean set(String name, String value) {
        if (numbers.containsKey(name)) {
            numbers.put(name, Grammar.number(value));
            return numbers.get(name) != Grammar.NO_NUMBER;
        }
        if (CHOICES.containsKey(name)) {
            words.put(name, value);
            return CHOICES.get(name).contains(value);
        }
        return switch (name) {
            case "allow" -> setAllow(value);
            case "dial" -> setDial(value);
            default -> false;
        };
    }

    private boolean setAllow(String value) {
        allow = new ArrayList<>();
        for (String part : value.split(",", -1)) {
            AllowEntry entry = AllowEntry.parse(part);
            if (entry == null) {
                return false;
            }
            allow.add(entry);
        }
        return true;
    }

    private boolean setDial(String value) {
        dial = new LinkedHashMap<>();
        for (String map : value.split(",", -1)) {
            int arrow = map.indexOf('>');
            Endpoint from = Grammar.endpoint(map.substring(0, Math.max(0, arrow)));
            Endpoint to = Grammar.endpoint(map.substring(arrow + 1));
            if (from == null || to == null) {
                return false;
            }
            dial.put(from, to);
        }
        return true;
    }

    /** Where to open the connection for an endpoint, or null if it is not to be dialled (EOP-DRV-4 to EOP-DRV-6). */
    Endpoint dialled(Endpoint endpoint) {
        if (dial != null) {
            return dial.get(endpoint);
        }
        return endpoint.isLoopback() ? endpoint : null;
    }

    List<AllowEntry> allow() {
        return allow;
    }

    boolean manual() {
        return words.get("discipline").equals("manual");
    }

    boolean automatic() {
        return words.get("resend").equals("automatic");
    }

    boolean paper() {
        return words.get("policy").equals("paper");
    }

    boolean fallBack() {
        return words.get("fallback").equals("home");
    }

    boolean newFirst() {
        return words.get("order").equals("new-first");
    }

    /** K of EOP-ACC-4. */
    long greetings() {
        return numbers.get("greeting");
    }

    /** Octets, EOP-LIM-2. */
    long limit() {
        return numbers.get("limit");
    }

    /** Octets of outstanding payload, EOP-RSD-15. */
    long budget() {
        return numbers.get("budget");
    }

    /** EOP-EPI-1. */
    long maxRedirects() {
        return numbers.get("max-redirects");
    }

    /** EOP-EPI-7. */
    long moves() {
        return numbers.get("moves");
    }

    /** Milliseconds, EOP-EPI-5 and EOP-EPI-9. */
    long deadline() {
        return numbers.get("deadline");
    }

    /** Milliseconds, EOP-EPI-11. */
    long episode() {
        return numbers.get("episode");
    }

    /** Milliseconds, EOP-CLS-12. */
    long stall() {
        return numbers.get("stall");
    }

    /** Milliseconds, EOP-TIM-1. */
    long header() {
        return numbers.get("header");
    }
}
