// The event loop: one thread that does all the work of a program. Sockets, timers and tasks of other threads wake it;
// nothing that it calls waits.
package eop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

final class Loop {
    /** What a socket of the loop belongs to. */
    interface Handler {
        /** The socket is ready for something that it is interested in. */
        void ready();

        /** A mistake of this program broke off its work; it lets go of the socket. */
        void abort();
    }

    /** For reading and writing, empty between two calls: the one thread needs only one of each. */
    final ByteBuffer readBuffer = ByteBuffer.allocateDirect(64 * 1024);

    final ByteBuffer writeBuffer = ByteBuffer.allocateDirect(128 * 1024);

    private final Selector selector;
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final Queue<Runnable> posted = new ConcurrentLinkedQueue<>();

    Loop() throws IOException {
        selector = Selector.open();
    }

    SelectionKey register(SelectableChannel channel, int interest, Handler handler) throws ClosedChannelException {
        return channel.register(selector, interest, handler);
    }

    /** Has a task run soon; any thread may call it. */
    void post(Runnable task) {
        posted.add(task);
        selector.wakeup();
    }

    void add(Timer timer) {
        timers.add(timer);
    }

    void remove(Timer timer) {
        timers.remove(timer);
    }

    void run() throws IOException {
        while (true) {
            runTasks();
            select();
            // After the sockets: what arrived in time is not late because this thread was.
            runTimers();
        }
    }

    private void runTasks() {
        // Tasks posted meanwhile have their turn after the sockets.
        for (int left = posted.size(); left > 0; left--) {
            guarded(posted.remove());
        }
    }

    private void runTimers() {
        long now = System.nanoTime();
        while (!timers.isEmpty() && timers.peek().due() - now <= 0) {
            guarded(timers.remove().fired());
        }
    }

    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            e.printStackTrace();
        }
    }

    private void select() throws IOException {
        if (!posted.isEmpty()) {
            selector.selectNow();
        } else if (timers.isEmpty()) {
            selector.select();
        } else {
            long wait = timers.peek().due() - System.nanoTime();
            // Rounded up, so that the loop does not spin through the last millisecond.
            selector.select(Math.max(1, wait / 1_000_000 + 1));
        }
        for (SelectionKey key : selector.selectedKeys()) {
            if (key.isValid()) {
                serve((Handler) key.attachment());
            }
        }
        selector.selectedKeys().clear();
    }

    private static void serve(Handler handler) {
        try {
            handler.ready();
        } catch (RuntimeException | OutOfMemoryError e) {
            e.printStackTrace();
            handler.abort();
        }
    }
}
