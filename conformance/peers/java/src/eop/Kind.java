// The stable names of the ends of a connection or session: two that are no errors, and the errors of section 9.
package eop;

enum Kind {
    EOF("eof"),
    CLOSED("closed"),
    NOT_EOP("NotEop"),
    UNKNOWN_OPCODE("UnknownOpcode"),
    BYTE_ORDER_MISMATCH("ByteOrderMismatch"),
    MESSAGE_TOO_LARGE("MessageTooLarge"),
    TRUNCATED_FRAME("TruncatedFrame"),
    UNEXPECTED_REDIRECT("UnexpectedRedirect"),
    UNSOLICITED("Unsolicited"),
    UNCERTAIN("Uncertain"),
    STALL("Stall"),
    TIMEOUT("Timeout"),
    CONNECT_FAILED("ConnectFailed"),
    NOT_FOLLOWED("NotFollowed"),
    REDIRECT_REFUSED("RedirectRefused"),
    REDIRECT_FAILED("RedirectFailed"),
    REDIRECT_LOOP("RedirectLoop"),
    TOO_MANY_REDIRECTS("TooManyRedirects"),
    REDIRECT_DEADLINE("RedirectDeadline");

    private final String text;

    Kind(String text) {
        this.text = text;
    }

    @Override
    public String toString() {
        return text;
    }
}
