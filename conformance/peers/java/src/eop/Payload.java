// The payload of a frame: octets, or the pattern of the test contract (octet i is i mod 251), of which no octet is
// held in memory however long it is.
package eop;

import java.nio.ByteBuffer;

final class Payload {
    static final Payload EMPTY = new Payload(new byte[0], 0);

    private static final int PERIOD = 251;

    /** Whole periods of the pattern, to copy from. */
    private static final byte[] PATTERN = new byte[PERIOD * 64];

    static {
        for (int i = 0; i < PATTERN.length; i++) {
            PATTERN[i] = (byte) (i % PERIOD);
        }
    }

    /** The octets, or null for the pattern. */
    private final byte[] octets;

    private final long length;

    private Payload(byte[] octets, long length) {
        this.octets = octets;
        this.length = length;
    }

    static Payload of(byte[] octets) {
        return new Payload(octets, octets.length);
    }

    static Payload pattern(long length) {
        return length == 0 ? EMPTY : new Payload(null, length);
    }

    long length() {
        return length;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /** Puts the octets from {@code from} on into {@code to}, as many as there are and as fit. */
    void copy(long from, ByteBuffer to) {
        int count = (int) Math.min(length - from, to.remaining());
        if (octets != null) {
            to.put(octets, (int) from, count);
            return;
        }
        int phase = (int) (from % PERIOD);
        while (count > 0) {
            int piece = Math.min(count, PATTERN.length - phase);
            to.put(PATTERN, phase, piece);
            count -= piece;
            phase = 0;
        }
    }

    /** All octets; meant for payloads that were received, which are in memory anyway. */
    byte[] octets() {
        if (octets != null) {
            return octets;
        }
        ByteBuffer all = ByteBuffer.allocate((int) length);
        copy(0, all);
        return all.array();
    }
}
