// The events of one session, as lines on standard output (testee.md, section 3.3).
package eop;

import java.util.zip.CRC32;

final class Events {
    private static final int LONGEST_BODY = 4096;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final long session;

    Events(long session) {
        this.session = session;
    }

    static void hello() {
        print("hello eop-test 1 role=client");
    }

    void connected(Endpoint endpoint, Endpoint local, long hop) {
        event("connected " + endpoint + " local=" + local + " hop=" + hop);
    }

    void message(Payload payload, int outstanding, boolean greeting) {
        event("message " + body(payload.octets()) + " outstanding=" + outstanding + " greeting=" + digit(greeting));
    }

    void redirected(Endpoint target, int owed, boolean late, long hop, boolean decisionAwaited) {
        event("redirected " + target + " owed=" + owed + " late=" + digit(late) + " hop=" + hop
                + " resend=" + (decisionAwaited ? "explicit" : "automatic"));
    }

    void dial(Endpoint endpoint) {
        event("dial " + endpoint);
    }

    void rejected(String verb, String why) {
        event("rejected " + verb + " " + why);
    }

    void synced(String token) {
        event("synced " + token);
    }

    void ended(Ending ending, Account account) {
        event("ended " + ending
                + count(" owed=", account.owed())
                + count(" unsent=", account.unsent())
                + count(" uncertain=", account.uncertain()));
    }

    private static String count(String name, long value) {
        return value == 0 ? "" : name + value;
    }

    private static char digit(boolean value) {
        return value ? '1' : '0';
    }

    private static String body(byte[] octets) {
        if (octets.length == 0) {
            return "-";
        }
        if (octets.length > LONGEST_BODY) {
            CRC32 crc = new CRC32();
            crc.update(octets);
            return String.format("@%d crc32=%08x", octets.length, crc.getValue());
        }
        StringBuilder hex = new StringBuilder(2 * octets.length);
        for (byte octet : octets) {
            hex.append(HEX[octet >> 4 & 0xf]).append(HEX[octet & 0xf]);
        }
        return hex.toString();
    }

    private void event(String text) {
        print(session + " " + text);
    }

    private static void print(String line) {
        System.out.print(line + "\n");
        System.out.flush();
    }
}
