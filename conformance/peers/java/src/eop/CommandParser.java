// The grammar of commands, without the session's number in front of them.
package eop;

import java.util.List;
import java.util.Set;

final class CommandParser {
    private static final Set<String> VERBS =
            Set.of("connect", "send", "retire", "resend", "drop", "half-close", "close", "sync");

    private final String[] words;

    private CommandParser(String[] words) {
        this.words = words;
    }

    static Command parse(String text) throws Rejection {
        CommandParser parser = new CommandParser(text.split(" ", -1));
        Command command = parser.parse();
        if (command == null) {
            throw new Rejection(parser.verb(), "grammar");
        }
        return command;
    }

    private String verb() {
        return VERBS.contains(words[0]) ? words[0] : "line";
    }

    private Command parse() throws Rejection {
        return switch (words[0]) {
            case "connect" -> connect();
            case "send" -> send();
            case "retire" -> number() == Grammar.NO_NUMBER ? null : new Command.Retire(number());
            case "resend" -> number() == Grammar.NO_NUMBER ? null : new Command.Resend(number());
            case "drop" -> number() == Grammar.NO_NUMBER ? null : new Command.Drop(number());
            case "half-close" -> words.length == 1 ? new Command.HalfClose() : null;
            case "close" -> words.length == 1 ? new Command.Close() : null;
            case "sync" -> words.length == 2 && Grammar.isToken(words[1]) ? new Command.Sync(words[1]) : null;
            default -> null;
        };
    }

    /** The only argument, if it is a number. */
    private long number() {
        return words.length == 2 ? Grammar.number(words[1]) : Grammar.NO_NUMBER;
    }

    private Command connect() throws Rejection {
        Endpoint home = words.length < 2 ? null : Grammar.endpoint(words[1]);
        if (home == null) {
            return null;
        }
        return new Command.Connect(home, Settings.parse(List.of(words).subList(2, words.length)));
    }

    private Command send() {
        boolean neverResend = words.length == 3 && words[2].equals("never-resend");
        if (words.length != 2 && !neverResend) {
            return null;
        }
        Payload payload = Grammar.payload(words[1]);
        return payload == null ? null : new Command.Send(payload, neverResend);
    }
}
