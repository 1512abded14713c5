// A listening port: the main one, or one that a `listen` opened, whose steps come first on every connection.
package eop;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;

final class Listener implements Loop.Handler {
    private static final long PAUSE = 50;

    private final Service service;
    private final ServerSocketChannel channel;
    private final List<Step> steps;
    private final Timer pause;
    private SelectionKey key;

    private Listener(Service service, ServerSocketChannel channel, List<Step> steps) {
        this.service = service;
        this.channel = channel;
        this.steps = steps;
        this.pause = new Timer(service.loop, () -> key.interestOps(SelectionKey.OP_ACCEPT));
    }

    static void start(Service service, ServerSocketChannel channel, List<Step> steps) throws IOException {
        Listener listener = new Listener(service, channel, steps);
        listener.key = service.loop.register(channel, SelectionKey.OP_ACCEPT, listener);
    }

    @Override
    public void ready() {
        try {
            for (SocketChannel accepted = channel.accept(); accepted != null; accepted = channel.accept()) {
                ServerConnection.start(service, accepted, steps);
            }
        } catch (IOException e) {
            // No descriptor is left, most likely: those who wait are accepted when one is.
            System.err.println("eop server: accept: " + e.getMessage());
            key.interestOps(0);
            pause.set(PAUSE);
        }
    }

    @Override
    public void abort() {
        pause.set(PAUSE);
    }
}
