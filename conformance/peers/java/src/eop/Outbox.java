// The frames of one connection that the transport has not taken yet, and the limit of time for taking none.
package eop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;

final class Outbox {
    private final Loop loop;
    private final SocketChannel channel;
    private final long stall;
    private final Timer stallLimit;
    private final Deque<Frame> frames = new ArrayDeque<>();

    /** How many octets of the first frame the transport has taken, and of all frames. */
    private long taken;

    private long sent;

    /** {@code stall}: the limit of EOP-CLS-12, in milliseconds. */
    Outbox(Loop loop, SocketChannel channel, long stall, Runnable stalled) {
        this.loop = loop;
        this.channel = channel;
        this.stall = stall;
        this.stallLimit = new Timer(loop, stalled);
    }

    void add(Frame frame) {
        frames.add(frame);
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /** How many octets the transport has taken since the connection began. */
    long sent() {
        return sent;
    }

    /** Writes what the transport takes, and tells whether that is all. */
    boolean write() throws IOException {
        while (!frames.isEmpty()) {
            int count = channel.write(fill(loop.writeBuffer));
            if (count == 0) {
                if (!stallLimit.isSet()) {
                    stallLimit.set(stall);
                }
                return false;
            }
            stallLimit.cancel();
            remove(count);
        }
        return true;
    }

    void cancel() {
        stallLimit.cancel();
    }

    private ByteBuffer fill(ByteBuffer buffer) {
        buffer.clear();
        long from = taken;
        for (Frame frame : frames) {
            frame.copy(from, buffer);
            from = 0;
            if (!buffer.hasRemaining()) {
                break;
            }
        }
        return buffer.flip();
    }

    private void remove(long count) {
        sent += count;
        taken += count;
        while (!frames.isEmpty() && taken >= frames.peek().length()) {
            taken -= frames.remove().length();
        }
    }
}
