// The grammar of requests and steps, and the rules that their steps keep (EOP-TST-5 to EOP-TST-8).
package eop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

final class RequestParser {
    private static final Request UNKNOWN = new Request.Unknown();

    private RequestParser() {}

    static Request parse(Payload payload) {
        String text = new String(payload.octets(), StandardCharsets.ISO_8859_1);
        if (text.equals("hello")) {
            return new Request.Hello();
        }
        int space = text.indexOf(' ');
        if (space < 0) {
            return UNKNOWN;
        }
        String rest = text.substring(space + 1);
        return switch (text.substring(0, space)) {
            case "do" -> doSteps(steps(rest));
            case "listen" -> listenSteps(steps(rest));
            case "mark" -> Grammar.isToken(rest) ? new Request.Mark(rest) : UNKNOWN;
            case "marked" -> Grammar.isToken(rest) ? new Request.Marked(rest) : UNKNOWN;
            case "signal" -> Grammar.isToken(rest) ? new Request.Signal(rest) : UNKNOWN;
            default -> UNKNOWN;
        };
    }

    /** EOP-TST-6 and EOP-TST-8. */
    private static Request doSteps(List<Step> steps) {
        if (steps == null || !lastStandsLast(steps)) {
            return UNKNOWN;
        }
        int answers = 0;
        for (Step step : steps) {
            answers += step instanceof Step.Answer ? 1 : 0;
        }
        Step last = steps.get(steps.size() - 1);
        boolean twoResponses = answers == 1 && last instanceof Step.Redirect redirect && redirect.payload() != null;
        boolean nothing = answers == 0 && !last.isLast();
        return answers > 1 || twoResponses || nothing ? UNKNOWN : new Request.Do(steps);
    }

    /** EOP-TST-7. */
    private static Request listenSteps(List<Step> steps) {
        return steps == null || !lastStandsLast(steps) ? UNKNOWN : new Request.Listen(steps);
    }

    private static boolean lastStandsLast(List<Step> steps) {
        for (Step step : steps.subList(0, steps.size() - 1)) {
            if (step.isLast()) {
                return false;
            }
        }
        return true;
    }

    private static List<Step> steps(String text) {
        List<Step> steps = new ArrayList<>();
        for (String part : text.split(";", -1)) {
            Step step = step(part.split(" ", -1));
            if (step == null) {
                return null;
            }
            steps.add(step);
        }
        return steps;
    }

    private static Step step(String[] words) {
        String name = words[0];
        return switch (words.length) {
            case 1 -> switch (name) {
                case "fin" -> new Step.Fin();
                case "reset" -> new Step.Reset();
                default -> null;
            };
            case 2 -> switch (name) {
                case "answer" -> answer(Grammar.payload(words[1]));
                case "redirect" -> redirect(Grammar.list(words[1]));
                case "await" -> Grammar.isToken(words[1]) ? new Step.Await(words[1]) : null;
                case "mark" -> Grammar.isToken(words[1]) ? new Step.Mark(words[1]) : null;
                default -> null;
            };
            case 3 -> name.equals("redirect") ? redirect(Grammar.list(words[1]), Grammar.payload(words[2])) : null;
            default -> null;
        };
    }

    private static Step answer(Payload payload) {
        return payload == null ? null : new Step.Answer(payload);
    }

    private static Step redirect(List<Endpoint> list) {
        return list == null ? null : new Step.Redirect(list, null);
    }

    private static Step redirect(List<Endpoint> list, Payload payload) {
        return list == null || payload == null ? null : new Step.Redirect(list, payload);
    }
}
