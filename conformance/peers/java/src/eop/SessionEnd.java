// How a session ends: at once, or, in manual, after the application could retire what was delivered (EOP-ACC-14).
package eop;

final class SessionEnd {
    /** How long the application has to retire, in milliseconds (EOP-DRV-15). */
    private static final long SETTLING_TIME = 1000;

    private final Session session;
    private final Events events;
    private final Runnable whenEnded;
    private final Timer settling;

    /** What the session ended with, once it did. */
    private Ending ending;

    /** Whether messages were delivered since the last `retire`. */
    private boolean delivered;

    SessionEnd(Loop loop, Session session, Events events, Runnable whenEnded) {
        this.session = session;
        this.events = events;
        this.whenEnded = whenEnded;
        this.settling = new Timer(loop, this::report);
    }

    void delivered() {
        delivered = true;
    }

    void retired() {
        delivered = false;
    }

    /** The connection is over without a move; so is the session, unless the application may retire first. */
    void conclude(Ending reached) {
        boolean mayRetire = session.settings.manual()
                && session.state != SessionState.DIALING
                && (session.account.outstanding() > 0 || delivered);
        session.letGo();
        ending = reached;
        if (session.state == SessionState.SETTLING) {
            // Judged again, and refused again: the time to retire goes on.
            return;
        }
        if (!mayRetire) {
            report();
            return;
        }
        session.answerSyncs();
        session.state = SessionState.SETTLING;
        settling.set(SETTLING_TIME);
    }

    /** Ends at once: nothing is left to do, or the application wants it. */
    void endAs(Ending reached) {
        session.letGo();
        ending = reached;
        report();
    }

    /** Whether an answer that is retired late changes the judgement that the session ended with (section 7). */
    boolean isHeldAgainstEpisode() {
        return ending.isHeldAgainstEpisode();
    }

    /** The judgement was changed: the session goes on. */
    void reopen() {
        settling.cancel();
    }

    /** Reports the end, as it is named now that nothing can be retired any more. */
    void report() {
        session.answerSyncs();
        settling.cancel();
        session.state = SessionState.ENDED;
        boolean outstanding = session.account.outstanding() > 0;
        events.ended(ending.settled(outstanding, session.halfClosed, session.link), session.account);
        whenEnded.run();
    }
}
