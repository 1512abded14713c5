// What a server does behind a REDIRECT, or behind its FIN: it discards what comes until the client is gone, within
// limits that begin when everything sent is acknowledged (EOP-CLS-1 to EOP-CLS-5).
package eop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

final class Discarding {
    /** Reads of one turn, so that a client that floods does not hold up the others. */
    private static final int READS = 16;

    private final Service service;
    private final SocketChannel channel;
    private final AckWait ackWait;
    private final Timer idle;
    private final Timer total;
    private boolean limited;

    Discarding(Service service, SocketChannel channel, AckWait ackWait, Runnable close) {
        this.service = service;
        this.channel = channel;
        this.ackWait = ackWait;
        this.idle = new Timer(service.loop, close);
        this.total = new Timer(service.loop, close);
    }

    /** The transport has taken everything, so many octets since the connection began. */
    void sent(long octets) {
        ackWait.start(octets);
    }

    /** The other side has acknowledged everything: only now do the limits begin (EOP-CLS-4). */
    void acknowledged() {
        limited = true;
        idle.set(service.options.lingerIdle());
        total.set(service.options.lingerTotal());
    }

    /** Discards what is there, unparsed (EOP-CLS-2), and tells whether the client's stream has ended. */
    boolean discard() throws IOException {
        ByteBuffer buffer = service.loop.readBuffer;
        for (int i = 0; i < READS; i++) {
            buffer.clear();
            int count = channel.read(buffer);
            if (count <= 0) {
                return count < 0;
            }
            if (limited) {
                idle.set(service.options.lingerIdle());
            }
        }
        return false;
    }

    void cancel() {
        ackWait.cancel();
        idle.cancel();
        total.cancel();
    }
}
