// The counts and signals of the whole process (EOP-TST-21).
package eop;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class Board {
    private final Map<String, Long> counts = new HashMap<>();
    private final Set<String> signalled = new HashSet<>();
    private final Map<String, List<Runnable>> waiting = new HashMap<>();

    long mark(String token) {
        return counts.merge(token, 1L, Long::sum);
    }

    long marked(String token) {
        return counts.getOrDefault(token, 0L);
    }

    boolean isSignalled(String token) {
        return signalled.contains(token);
    }

    /** Releases every await of the token, past and future (EOP-TST-18); returns those of the past. */
    List<Runnable> signal(String token) {
        signalled.add(token);
        List<Runnable> released = waiting.remove(token);
        return released == null ? List.of() : released;
    }

    void await(String token, Runnable waiter) {
        waiting.computeIfAbsent(token, t -> new ArrayList<>()).add(waiter);
    }

    void forget(String token, Runnable waiter) {
        List<Runnable> waiters = waiting.get(token);
        if (waiters != null) {
            waiters.remove(waiter);
        }
    }
}
