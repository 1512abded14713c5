// The other side broke the protocol; the kind is the name of the error (section 9).
package eop;

final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    private final Kind kind;

    ProtocolException(Kind kind) {
        // No stack trace: a peer's octets are the cause, not a place in this code.
        super(kind.toString(), null, false, false);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }
}
