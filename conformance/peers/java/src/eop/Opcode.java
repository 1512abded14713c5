// The two opcodes, and the name of the error for every other one (section 3.1).
package eop;

final class Opcode {
    static final int NORMAL = 0x0001;
    static final int REDIRECT = 0x0002;

    private static final int NORMAL_SWAPPED = 0x0100;
    private static final int REDIRECT_SWAPPED = 0x0200;

    private Opcode() {}

    /** Fails on what is no opcode of this version; {@code first} says that it is the connection's first. */
    static void check(int opcode, boolean first) throws ProtocolException {
        switch (opcode) {
            case NORMAL, REDIRECT -> {}
            case NORMAL_SWAPPED, REDIRECT_SWAPPED -> throw new ProtocolException(Kind.BYTE_ORDER_MISMATCH);
            default -> throw new ProtocolException(first ? Kind.NOT_EOP : Kind.UNKNOWN_OPCODE);
        }
    }
}
