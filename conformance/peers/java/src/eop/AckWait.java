// Waits until the other side acknowledged all that was sent on a connection, or took nothing for too long.
package eop;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

final class AckWait {
    /** Octets a second that queued ones pass at least, where acknowledgements are not looked at (EOP-CLS-4). */
    private static final long MINIMUM_RATE = 64 * 1024;

    /** So few octets pass in so short a time that a look would take longer. */
    private static final long FEW = 4096;

    private static final long PAUSE = 20;

    private final Service service;
    private final SocketChannel channel;
    private final Endpoint local;
    private final Endpoint remote;
    private final Runnable acknowledged;
    private final Runnable stalled;
    private final Timer look;
    private final Timer passed;
    private boolean waiting;
    private long missing = Long.MAX_VALUE;
    private long progressAt;

    AckWait(Service service, SocketChannel channel, Runnable acknowledged, Runnable stalled) throws IOException {
        this.service = service;
        this.channel = channel;
        this.local = Endpoint.of(channel.getLocalAddress());
        this.remote = Endpoint.of(channel.getRemoteAddress());
        this.acknowledged = acknowledged;
        this.stalled = stalled;
        this.look = new Timer(service.loop, this::look);
        this.passed = new Timer(service.loop, acknowledged);
    }

    /** Waits for the so many octets that were sent in all; a few of them are given time instead. */
    void start(long sent) {
        if (sent <= FEW) {
            passed.set(timeToPass(sent));
        } else {
            startLooking();
        }
    }

    /** Waits for the acknowledgement itself, however few octets it is for. */
    void startLooking() {
        waiting = true;
        progressAt = System.nanoTime();
        look();
    }

    void cancel() {
        waiting = false;
        look.cancel();
        passed.cancel();
    }

    private static long timeToPass(long octets) {
        return octets * 1000 / MINIMUM_RATE;
    }

    private void look() {
        service.acknowledgements.look(local, remote, this::seen);
    }

    private void seen(long left) {
        if (!waiting) {
            return;
        }
        if (left == 0) {
            waiting = false;
            acknowledged.run();
        } else if (left == Acknowledgements.UNSEEN) {
            passed.set(timeToPass(queueSize()));
        } else {
            goOn(left);
        }
    }

    private void goOn(long left) {
        long now = System.nanoTime();
        if (left > 0 && left < missing) {
            missing = left;
            progressAt = now;
        } else if (now - progressAt >= service.options.stall() * 1_000_000) {
            // Octets that are not acknowledged count as octets that are not taken (EOP-CLS-12).
            stalled.run();
            return;
        }
        look.set(PAUSE);
    }

    /** What the transport holds at most. */
    private long queueSize() {
        try {
            return channel.getOption(StandardSocketOptions.SO_SNDBUF);
        } catch (IOException e) {
            return 0;
        }
    }
}
