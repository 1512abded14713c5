// The outstanding messages of a client's session, oldest first, and what became of each (section 5).
package eop;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

final class Account {
    /** Completely offered on the current connection. */
    private final Deque<Message> offered = new ArrayDeque<>();

    /** The messages behind them; of the first a part may be offered. */
    private final Deque<Message> waiting = new ArrayDeque<>();

    /** How many of them wait for a decision. */
    private int held;

    void accept(Message message) {
        waiting.add(message);
    }

    int outstanding() {
        return offered.size() + waiting.size();
    }

    /** Counts the oldest message as answered (EOP-ACC-1); false if it was not completely offered (EOP-ACC-9). */
    boolean answer() {
        return offered.poll() != null;
    }

    // What goes out.

    boolean hasSendable() {
        return !waiting.isEmpty() && !waiting.peek().held;
    }

    /** Whether nothing is left to send, now or after a decision. */
    boolean isOffered() {
        return waiting.isEmpty();
    }

    /** Whether an octet of an unanswered message was offered on the current connection. */
    boolean anyOffered() {
        return !offered.isEmpty() || !waiting.isEmpty() && waiting.peek().offered > 0;
    }

    /** Fills the buffer with what is to be sent next, for reading. */
    ByteBuffer fill(ByteBuffer buffer) {
        buffer.clear();
        for (Message message : waiting) {
            if (message.held || !buffer.hasRemaining()) {
                break;
            }
            message.frame.copy(message.offered, buffer);
        }
        return buffer.flip();
    }

    /** Counts so many of these octets as offered, on the connection of that hop. */
    void offer(long octets, long hop) {
        long left = octets;
        while (left > 0) {
            Message message = waiting.peek();
            long count = Math.min(left, message.frame.length() - message.offered);
            message.offered += count;
            message.owed = false;
            left -= count;
            if (message.isComplete()) {
                message.completeAt = hop;
                offered.add(waiting.remove());
            }
        }
    }

    // What a REDIRECT leaves.

    /** A complete REDIRECT makes everything outstanding owed (EOP-RSD-3). */
    void redirected() {
        while (!offered.isEmpty()) {
            waiting.addFirst(offered.removeLast());
        }
        for (Message message : waiting) {
            message.offered = 0;
            message.owed = true;
            message.held = false;
        }
        held = 0;
    }

    /** Finds which owed messages wait for the application's decision (EOP-RSD-11, EOP-RSD-15). */
    void hold(Settings settings) {
        boolean hold = !settings.automatic();
        long sum = 0;
        held = 0;
        for (Message message : waiting) {
            sum += message.frame.payload().length();
            hold |= message.neverResend || sum > settings.budget();
            message.held = hold && message.owed;
            held += message.held ? 1 : 0;
        }
    }

    boolean decisionAwaited() {
        return held > 0;
    }

    void resend() {
        for (Message message : waiting) {
            if (message.held) {
                message.held = false;
                message.completeAt = null;
            }
        }
        held = 0;
    }

    void drop() {
        waiting.removeIf(message -> message.held);
        held = 0;
    }

    // Manual.

    /** How many of the oldest messages may be retired (EOP-ACC-12). */
    int retirable() {
        int count = offered.size();
        Iterator<Message> rest = waiting.iterator();
        while (rest.hasNext() && rest.next().completeAt != null) {
            count++;
        }
        return count;
    }

    /** Retires the oldest messages, and returns the hops at which they were completely offered. */
    List<Long> retire(long count) {
        List<Long> hops = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            Message message = offered.isEmpty() ? waiting.remove() : offered.remove();
            held -= message.held ? 1 : 0;
            hops.add(message.completeAt);
        }
        return hops;
    }

    // What the end of a session reports (EOP-RSD-8, EOP-FAI-2).

    long owed() {
        return waiting.stream().filter(message -> message.owed).count();
    }

    long uncertain() {
        return offered.size() + waiting.stream().filter(message -> message.offered > 0).count();
    }

    long unsent() {
        return outstanding() - owed() - uncertain();
    }
}
