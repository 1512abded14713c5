// A frame: a header of 12 octets and its payload (EOP-FRM-1).
package eop;

import java.nio.ByteBuffer;

record Frame(int opcode, Endpoint target, Payload payload) {
    static final int HEADER = 12;
    static final long LONGEST = 0xffff_ffffL;

    Frame {
        if (payload.length() > LONGEST) {
            throw new IllegalArgumentException("slen has 32 bits (EOP-LIM-5)");
        }
    }

    /** N(payload), with port and addr zero (EOP-FRM-6). */
    static Frame normal(Payload payload) {
        return new Frame(Opcode.NORMAL, Endpoint.ZERO, payload);
    }

    /** R(target, payload); an empty payload is no response. */
    static Frame redirect(Endpoint target, Payload payload) {
        return new Frame(Opcode.REDIRECT, target, payload);
    }

    boolean isRedirect() {
        return opcode == Opcode.REDIRECT;
    }

    long length() {
        return HEADER + payload.length();
    }

    /**
     * Puts the frame's octets from {@code from} on into {@code to}, as many as fit. A header and the beginning of its
     * payload thus leave in one write (EOP-FRM-4).
     */
    void copy(long from, ByteBuffer to) {
        if (from < HEADER) {
            ByteBuffer header = ByteBuffer.allocate(HEADER);
            header.putShort((short) opcode).putShort((short) target.port()).putInt(target.addr());
            header.putInt((int) payload.length()).flip();
            header.position((int) from);
            header.limit((int) Math.min(HEADER, from + to.remaining()));
            to.put(header);
        }
        payload.copy(Math.max(0, from - HEADER), to);
    }
}
