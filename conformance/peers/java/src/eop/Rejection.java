// A command that does not match the grammar, or is misuse: it is answered with `rejected` and changes nothing.
package eop;

final class Rejection extends Exception {
    private static final long serialVersionUID = 1;

    private final String verb;
    private final String why;

    Rejection(String verb, String why) {
        super(why, null, false, false);
        this.verb = verb;
        this.why = why;
    }

    String verb() {
        return verb;
    }

    String why() {
        return why;
    }
}
