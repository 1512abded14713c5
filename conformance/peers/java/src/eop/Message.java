// A message of the client that is outstanding, and what is known of it (section 5.1).
package eop;

final class Message {
    final Frame frame;
    final boolean neverResend;

    /** Octets handed to the transport on the current connection. */
    long offered;

    /** A REDIRECT left it unanswered, and no octet of it was offered since. */
    boolean owed;

    /** It waits for the application's decision (EOP-RSD-11, EOP-RSD-15). */
    boolean held;

    /**
     * If it was completely offered, the hop that was current then; it stays so behind a REDIRECT until it is resent,
     * so that it can still be retired (EOP-ACC-12).
     */
    Long completeAt;

    Message(Payload payload, boolean neverResend) {
        this.frame = Frame.normal(payload);
        this.neverResend = neverResend;
    }

    boolean isComplete() {
        return offered == frame.length();
    }
}
