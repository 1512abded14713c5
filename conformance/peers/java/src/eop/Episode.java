// The bounds of moves (section 7): an episode, which endpoints were visited in it, its deadline, and the moves of all
// episodes. Times are those of System.nanoTime.
package eop;

import java.util.ArrayDeque;
import java.util.Deque;

final class Episode {
    private static final long MILLISECOND = 1_000_000;

    /** The window of EOP-EPI-7. */
    private static final long WINDOW = 60_000 * MILLISECOND;

    private static final class Move {
        final Endpoint endpoint;
        final long hop;
        final boolean fallback;

        /** The deadline of an episode that begins with this move. */
        long deadline;

        Move(Endpoint endpoint, long hop, boolean fallback, long deadline) {
            this.endpoint = endpoint;
            this.hop = hop;
            this.fallback = fallback;
            this.deadline = deadline;
        }
    }

    private final Settings settings;

    /** The moves of the episode; without one, none runs. */
    private final Deque<Move> moves = new ArrayDeque<>();

    /** The redirector of the first REDIRECT, if it counts as visited (EOP-EPI-3). */
    private Endpoint redirector;

    /** When the moves of the window began. */
    private final Deque<Long> recent = new ArrayDeque<>();

    /** Since when a target works on a message, and since when the client is quiet; null if not. */
    private Long workingSince;

    private Long quietSince;

    Episode(Settings settings) {
        this.settings = settings;
    }

    /** Judges the target of a REDIRECT; null lets it pass. {@code answered}: on the redirector's connection. */
    Kind refusal(Endpoint target, Endpoint from, boolean answered, long now) {
        boolean runs = runs(now);
        if (settings.maxRedirects() == 0) {
            return Kind.NOT_FOLLOWED;
        }
        if (runs ? isVisited(target) : !answered && target.equals(from)) {
            return Kind.REDIRECT_LOOP;
        }
        if (isOneTooMany(now)) {
            return Kind.TOO_MANY_REDIRECTS;
        }
        return runs && now - deadline() >= 0 ? Kind.REDIRECT_DEADLINE : null;
    }

    /** A REDIRECT is followed; it begins an episode unless one runs. */
    void follow(Endpoint target, Endpoint from, boolean answered, long hop, long now) {
        if (!runs(now)) {
            redirector = answered ? null : from;
        }
        move(target, hop, false, now);
    }

    /** Whether a failed target may be left for home (EOP-FAI-4). */
    boolean mayFallBack(long now) {
        return runs(now)
                && moves.stream().noneMatch(move -> move.fallback)
                && !isOneTooMany(now)
                && now - deadline() < 0;
    }

    void fallBack(Endpoint home, long hop, long now) {
        move(home, hop, true, now);
    }

    private void move(Endpoint endpoint, long hop, boolean fallback, long now) {
        moves.add(new Move(endpoint, hop, fallback, now + settings.deadline() * MILLISECOND));
        recent.add(now);
        quietSince = null;
    }

    /** When the episode that runs has taken too long (EOP-EPI-5). */
    long deadline() {
        return moves.getFirst().deadline;
    }

    /**
     * A message was answered that was completely offered at that hop. This ends the episode (EOP-EPI-11); if the
     * client has moved since, because it is told late (in manual), the episode began with the move after that.
     */
    void answered(long hop) {
        redirector = null;
        moves.removeIf(move -> move.hop <= hop);
    }

    /** Whether a message that was offered awaits its answer: meanwhile the deadline stands still (EOP-EPI-6). */
    void work(boolean works, long now) {
        if (!works && workingSince != null) {
            long stood = now - workingSince;
            moves.forEach(move -> move.deadline += stood);
            workingSince = null;
        } else if (works && workingSince == null) {
            workingSince = now;
        }
    }

    /** Whether the client is connected, greeted, and has nothing outstanding (EOP-EPI-11). */
    void quiet(boolean quiet, long now) {
        if (quiet && quietSince == null) {
            quietSince = now;
        } else if (!quiet) {
            endIfQuiet(now);
            quietSince = null;
        }
    }

    private boolean runs(long now) {
        endIfQuiet(now);
        return !moves.isEmpty();
    }

    private void endIfQuiet(long now) {
        if (quietSince != null && now - quietSince >= settings.episode() * MILLISECOND) {
            moves.clear();
        }
    }

    private boolean isVisited(Endpoint target) {
        return target.equals(redirector) || moves.stream().anyMatch(move -> move.endpoint.equals(target));
    }

    /** EOP-EPI-1 and EOP-EPI-7. */
    private boolean isOneTooMany(long now) {
        recent.removeIf(began -> now - began >= WINDOW);
        return moves.size() >= settings.maxRedirects() || recent.size() >= settings.moves();
    }
}
