// What both sides do with sockets: non-blocking, IPv4, Nagle's algorithm off.
package eop;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

final class Sockets {
    private static final int BACKLOG = 512;

    private Sockets() {}

    static ServerSocketChannel listen(Endpoint endpoint) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.INET);
        try {
            listener.configureBlocking(false);
            listener.bind(endpoint.toSocketAddress(), BACKLOG);
            return listener;
        } catch (IOException e) {
            close(listener);
            throw e;
        }
    }

    static SocketChannel open() throws IOException {
        return prepare(SocketChannel.open(StandardProtocolFamily.INET));
    }

    static SocketChannel prepare(SocketChannel channel) throws IOException {
        try {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            return channel;
        } catch (IOException e) {
            close(channel);
            throw e;
        }
    }

    static void close(Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Closed it is all the same, and nobody could do more about it.
        }
    }

    /** Ends a connection with RST. */
    static void reset(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            // Lost already.
        }
        close(channel);
    }
}
