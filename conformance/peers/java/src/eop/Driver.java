// The sessions of a driver, by number, and what becomes of each line of its input.
package eop;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

final class Driver {
    private final Loop loop;
    private final Map<Long, Session> sessions = new HashMap<>();
    private final Set<Long> ended = new HashSet<>();

    Driver(Loop loop) {
        this.loop = loop;
    }

    void line(String line) {
        int space = line.indexOf(' ');
        long number = Grammar.number(space < 0 ? line : line.substring(0, space));
        if (number == Grammar.NO_NUMBER) {
            new Events(0).rejected("line", "no-session");
            return;
        }
        if (ended.contains(number)) {
            // Neither a command nor a bad line is answered any more (EOP-DRV-8, EOP-DRV-10).
            return;
        }
        try {
            perform(number, CommandParser.parse(space < 0 ? "" : line.substring(space + 1)));
        } catch (Rejection rejection) {
            new Events(number).rejected(rejection.verb(), rejection.why());
        }
    }

    private void perform(long number, Command command) throws Rejection {
        Session session = sessions.get(number);
        if (command instanceof Command.Connect connect) {
            if (session != null) {
                throw new Rejection("connect", "in-use");
            }
            Session begun = new Session(loop, new Events(number), connect.home(), connect.settings(), () -> {
                sessions.remove(number);
                ended.add(number);
            });
            sessions.put(number, begun);
            begun.start();
        } else if (session == null) {
            throw new Rejection(command.verb(), "no-session");
        } else {
            new Commands(session).perform(command);
        }
    }
}
