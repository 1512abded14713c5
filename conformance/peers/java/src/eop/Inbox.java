// The requests that come on one connection, taken one at a time.
package eop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

final class Inbox {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Service service;
    private final SocketChannel channel;
    private final FrameReader reader;
    private final Timer headerLimit;

    /** What was read and not yet looked at. */
    private ByteBuffer unread = NOTHING;

    private boolean ended;

    Inbox(Service service, SocketChannel channel, Runnable headerTooSlow) {
        this.service = service;
        this.channel = channel;
        this.reader = new FrameReader(FrameReader.Side.SERVER, service.options.limit());
        this.headerLimit = new Timer(service.loop, headerTooSlow);
    }

    /** The next request, or null if it is not there yet, or if none will come. */
    Frame next() throws IOException, ProtocolException {
        Frame request = reader.next(unread);
        while (request == null && read()) {
            request = reader.next(unread);
        }
        if (!reader.insideHeader()) {
            headerLimit.cancel();
        } else if (!headerLimit.isSet()) {
            headerLimit.set(service.options.header());
        }
        return request;
    }

    private boolean read() throws IOException, ProtocolException {
        ByteBuffer buffer = service.loop.readBuffer.clear();
        int count = channel.read(buffer);
        if (count > 0) {
            unread = ByteBuffer.allocate(count).put(buffer.flip()).flip();
        } else if (count < 0) {
            reader.end();
            ended = true;
        }
        return count > 0;
    }

    /** Whether the client's stream ended at a frame boundary: no more messages (EOP-HCL-1). */
    boolean isEnded() {
        return ended;
    }

    /** Looks at no further octet. */
    void cancel() {
        unread = NOTHING;
        headerLimit.cancel();
    }
}
