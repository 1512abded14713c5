// Makes frames of the octets of one connection, however they are cut into reads (EOP-FRM-2).
package eop;

import java.nio.ByteBuffer;
import java.util.Arrays;

final class FrameReader {
    /** Which side reads: to a server no REDIRECT may come (EOP-RED-2). */
    enum Side {
        CLIENT,
        SERVER
    }

    private static final int OPCODE = 2;
    private static final int FIRST_CHUNK = 4096;
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final Side side;
    private final long limit;
    private final ByteBuffer header = ByteBuffer.allocate(Frame.HEADER);
    private boolean first = true;
    private byte[] payload;
    private int received;

    FrameReader(Side side, long limit) {
        this.side = side;
        // An array of Java holds no more, so a higher limit would be none.
        this.limit = Math.min(limit, LONGEST_ARRAY);
    }

    /**
     * Takes octets of {@code in} up to the end of a frame. Returns that frame, or null if {@code in} has no more of
     * it; what stands behind the frame stays in {@code in}, uninterpreted. After an error the reader is of no use.
     */
    Frame next(ByteBuffer in) throws ProtocolException {
        if (header.hasRemaining() && !takeHeader(in)) {
            return null;
        }
        int announced = header.getInt(8);
        takePayload(in, announced);
        if (received < announced) {
            return null;
        }
        Frame frame = new Frame(opcode(), new Endpoint(header.getInt(4), header.getShort(2) & 0xffff), takeOver());
        header.clear();
        return frame;
    }

    /** Whether a header has begun and is not complete: what EOP-TIM-1 bounds. */
    boolean insideHeader() {
        return header.position() > 0 && header.hasRemaining();
    }

    /** Says that the stream ends here; inside a frame that is an error (EOP-FRM-5). */
    void end() throws ProtocolException {
        if (header.position() > 0) {
            throw new ProtocolException(Kind.TRUNCATED_FRAME);
        }
    }

    private boolean takeHeader(ByteBuffer in) throws ProtocolException {
        if (header.position() < OPCODE) {
            take(in, OPCODE);
            if (header.position() < OPCODE) {
                return false;
            }
            // Two octets suffice: what follows may be long in coming (EOP-OPC-3).
            Opcode.check(opcode(), first);
            first = false;
        }
        take(in, Frame.HEADER);
        if (header.hasRemaining()) {
            return false;
        }
        if (side == Side.SERVER && opcode() == Opcode.REDIRECT) {
            throw new ProtocolException(Kind.UNEXPECTED_REDIRECT);
        }
        long slen = header.getInt(8) & 0xffff_ffffL;
        if (slen > limit) {
            // Before an octet of the payload is taken (EOP-LIM-3).
            throw new ProtocolException(Kind.MESSAGE_TOO_LARGE);
        }
        payload = new byte[(int) Math.min(slen, FIRST_CHUNK)];
        received = 0;
        return true;
    }

    private void take(ByteBuffer in, int upTo) {
        while (in.hasRemaining() && header.position() < upTo) {
            header.put(in.get());
        }
    }

    /** Memory grows with the octets received, not with the octets announced (EOP-LIM-4). */
    private void takePayload(ByteBuffer in, int announced) {
        int count = Math.min(in.remaining(), announced - received);
        if (received + count > payload.length) {
            long doubled = Math.max(2L * payload.length, received + count);
            payload = Arrays.copyOf(payload, (int) Math.min(doubled, announced));
        }
        in.get(payload, received, count);
        received += count;
    }

    private Payload takeOver() {
        Payload whole = received == 0 ? Payload.EMPTY : Payload.of(payload);
        payload = null;
        received = 0;
        return whole;
    }

    private int opcode() {
        return header.getShort(0) & 0xffff;
    }
}
