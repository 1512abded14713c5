// A client's session: one run of connections, from home over any number of moves to its end (Appendix B.2).
package eop;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

final class Session implements Link.Owner {
    // What its commands and its end work on.
    final Settings settings;
    final Account account = new Account();
    final SessionEnd end;
    final Deque<String> syncs = new ArrayDeque<>();
    SessionState state = SessionState.DIALING;
    long hop;
    boolean halfClosed;

    /** The current connection or attempt, or the last one. */
    Link link;

    private final Loop loop;
    private final Events events;
    private final Endpoint home;
    private final Policy policy;
    private final Episode episode;
    private final Timer deadline;

    /** With the order new-first: the connection that is closed once the next one stands. */
    private Link leaving;

    /** The last REDIRECT: what HOLDING is for, and what may be judged again. */
    private Endpoint target;

    private boolean late;

    Session(Loop loop, Events events, Endpoint home, Settings settings, Runnable whenEnded) {
        this.loop = loop;
        this.events = events;
        this.settings = settings;
        this.home = home;
        this.policy = new Policy(settings, home);
        this.episode = new Episode(settings);
        this.deadline = new Timer(loop, this::expire);
        this.end = new SessionEnd(loop, this, events, whenEnded);
    }

    void start() {
        deadline.set(settings.deadline());
        dial(home, false);
    }

    private void dial(Endpoint endpoint, boolean isTarget) {
        link = new Link(loop, settings, this, endpoint, isTarget);
        Endpoint dialled = settings.dialled(endpoint);
        if (dialled == null) {
            events.dial(endpoint);
        }
        link.connect(dialled);
    }

    // The connection.

    @Override
    public void connected() {
        closeLeft();
        state = SessionState.OPEN;
        try {
            events.connected(link.endpoint(), link.local(), hop);
        } catch (IOException e) {
            over(Kind.CONNECT_FAILED);
            return;
        }
        if (link.greetingsDue() == 0) {
            deadline.cancel();
        }
        pump();
    }

    @Override
    public void ready() {
        pump();
    }

    /** Reads, writes, and notes what that changed. */
    void pump() {
        // Whatever can be read comes before the first octet of a message (EOP-CLS-11).
        boolean drained = state == SessionState.OPEN && link.read();
        if (state == SessionState.OPEN && (drained || account.anyOffered())) {
            link.write(account, hop, halfClosed);
        }
        boolean open = state == SessionState.OPEN;
        long now = System.nanoTime();
        episode.work(open && account.anyOffered(), now);
        episode.quiet(open && link.greetingsDue() == 0 && account.outstanding() == 0, now);
        if (open && drained && link.isWritten(account)) {
            answerSyncs();
        }
    }

    @Override
    public void frame(Frame frame) {
        boolean hasMessage = !frame.isRedirect() || !frame.payload().isEmpty();
        if (hasMessage && !deliver(frame.payload())) {
            over(Kind.UNSOLICITED);
        } else if (frame.isRedirect()) {
            redirected(frame.target(), hasMessage);
        }
    }

    /** Accounts for a message and delivers it; false if it answers nothing that it might (EOP-ACC-9). */
    private boolean deliver(Payload payload) {
        boolean greeting = link.takeGreeting();
        if (greeting && link.greetingsDue() == 0) {
            deadline.cancel();
        }
        if (!greeting && !settings.manual()) {
            if (!account.answer()) {
                return false;
            }
            answered(hop);
        }
        end.delivered();
        events.message(payload, account.outstanding(), greeting);
        return true;
    }

    /** A message that was completely offered at that hop is answered, or retired. */
    void answered(long atHop) {
        episode.answered(atHop);
        if (atHop == hop) {
            link.setAnswered();
        } else if (deadline.isSet()) {
            // The episode began later than it seemed.
            deadline.setAt(episode.deadline());
        }
    }

    // Moves.

    private void redirected(Endpoint named, boolean withPayload) {
        target = named;
        late = withPayload;
        link.leave();
        deadline.cancel();
        account.redirected();
        episode.work(false, System.nanoTime());
        if (isFinished()) {
            // Before the target is judged, whatever it is (EOP-HCL-3).
            end.conclude(Ending.CLEAN);
        } else {
            judge();
        }
    }

    /** Follows the target of the last REDIRECT, or ends the session: first the policy, then the bounds. */
    void judge() {
        long now = System.nanoTime();
        Endpoint from = link.endpoint();
        Policy.Reason reason = policy.refusal(target, from);
        Kind refusal = reason != null
                ? Kind.REDIRECT_REFUSED
                : episode.refusal(target, from, link.isAnswered(), now);
        if (refusal != null) {
            end.conclude(Ending.notFollowed(refusal, target, reason));
            return;
        }
        end.reopen();
        hop++;
        episode.follow(target, from, link.isAnswered(), hop, now);
        account.hold(settings);
        events.redirected(target, account.outstanding(), late, hop, account.decisionAwaited());
        if (settings.manual() && halfClosed) {
            state = SessionState.HOLDING;
            link.close();
            answerSyncs();
        } else {
            move();
        }
    }

    /** Leaves for the target of the last REDIRECT. */
    void move() {
        if (settings.newFirst()) {
            leaving = link;
        } else {
            link.close();
        }
        connect(target, true);
    }

    private void connect(Endpoint endpoint, boolean isTarget) {
        state = SessionState.MOVING;
        deadline.setAt(episode.deadline());
        dial(endpoint, isTarget);
    }

    private void closeLeft() {
        if (leaving != null) {
            leaving.close();
            leaving = null;
        }
    }

    // Ends.

    @Override
    public void over(Kind kind) {
        long now = System.nanoTime();
        closeLeft();
        link.close();
        episode.work(false, now);
        boolean clean = kind == Kind.EOF && account.outstanding() == 0;
        boolean failed = !clean && link.isUnprovenTarget();
        // Not for nothing either (EOP-FAI-8).
        if (failed && !isFinished() && settings.fallBack() && !account.anyOffered() && episode.mayFallBack(now)) {
            hop++;
            episode.fallBack(home, hop, now);
            account.hold(settings);
            connect(home, false);
        } else {
            end.conclude(Ending.of(kind));
        }
    }

    private void expire() {
        if (hop > 0) {
            end.conclude(Ending.notFollowed(Kind.REDIRECT_DEADLINE, link.endpoint(), null));
        } else {
            over(state == SessionState.DIALING ? Kind.CONNECT_FAILED : Kind.TIMEOUT);
        }
    }

    /** No connection goes on, and no attempt to make one. */
    void letGo() {
        closeLeft();
        link.close();
        deadline.cancel();
    }

    /** Half-closed with nothing outstanding: a further connection would be for nothing (EOP-HCL-3). */
    boolean isFinished() {
        return halfClosed && account.outstanding() == 0;
    }

    void answerSyncs() {
        while (!syncs.isEmpty()) {
            events.synced(syncs.remove());
        }
    }
}
