// What the application asks of a session, and what is refused as its mistake (testee.md, section 3.2, misuse).
package eop;

import java.util.List;

final class Commands {
    private final Session session;

    Commands(Session session) {
        this.session = session;
    }

    void perform(Command command) throws Rejection {
        if (command instanceof Command.Send send) {
            send(send);
        } else if (command instanceof Command.Retire retire) {
            retire(retire.count());
        } else if (command instanceof Command.Resend resend) {
            resend(resend.hop());
        } else if (command instanceof Command.Drop drop) {
            drop(drop.hop());
        } else if (command instanceof Command.HalfClose) {
            halfClose();
        } else if (command instanceof Command.Close) {
            close();
        } else if (command instanceof Command.Sync sync) {
            sync(sync.token());
        }
    }

    private void send(Command.Send send) throws Rejection {
        refuse(session.state == SessionState.SETTLING, "send", "over");
        refuse(session.halfClosed, "send", "half-closed");
        // EOP-RSD-13
        refuse(session.account.decisionAwaited(), "send", "decision-awaited");
        session.account.accept(new Message(send.payload(), send.neverResend()));
        session.pump();
    }

    private void retire(long count) throws Rejection {
        refuse(!session.settings.manual(), "retire", "paired");
        // EOP-ACC-12
        refuse(count > session.account.retirable(), "retire", "not-offered");
        List<Long> hops = session.account.retire(count);
        hops.forEach(session::answered);
        session.end.retired();
        if (hops.isEmpty()) {
            return;
        }
        switch (session.state) {
            case SETTLING -> {
                // The answer may have ended the episode before the REDIRECT that it is held against (section 7).
                if (session.end.isHeldAgainstEpisode() && !session.isFinished()) {
                    session.judge();
                }
            }
            case MOVING, HOLDING -> goOn();
            default -> session.pump();
        }
    }

    private void resend(long hop) throws Rejection {
        checkDecision("resend", hop);
        session.account.resend();
        decided();
    }

    private void drop(long hop) throws Rejection {
        checkDecision("drop", hop);
        session.account.drop();
        decided();
    }

    /** EOP-RSD-12. */
    private void checkDecision(String verb, long hop) throws Rejection {
        boolean awaited = session.account.decisionAwaited() && session.state != SessionState.SETTLING;
        refuse(!awaited, verb, "not-awaited");
        refuse(hop != session.hop, verb, "stale");
    }

    private void decided() {
        if (session.state == SessionState.OPEN) {
            session.pump();
        } else {
            goOn();
        }
    }

    private void halfClose() throws Rejection {
        refuse(session.state == SessionState.SETTLING, "half-close", "over");
        refuse(session.halfClosed, "half-close", "twice");
        session.halfClosed = true;
        if (session.state == SessionState.OPEN) {
            session.pump();
        } else {
            goOn();
        }
    }

    /** Between two connections: is there still something to connect for? */
    private void goOn() {
        if (session.state == SessionState.DIALING) {
            return;
        }
        if (session.isFinished()) {
            session.end.endAs(Ending.CLEAN);
        } else if (session.state == SessionState.HOLDING) {
            session.move();
        }
    }

    private void close() {
        if (session.state == SessionState.SETTLING) {
            // The kind stands that the session had ended with (EOP-DRV-17).
            session.end.report();
        } else {
            session.end.endAs(Ending.CLOSED);
        }
    }

    private void sync(String token) {
        session.syncs.add(token);
        switch (session.state) {
            case SETTLING -> session.end.report();
            case HOLDING -> session.answerSyncs();
            default -> session.pump();
        }
    }

    private static void refuse(boolean misuse, String verb, String why) throws Rejection {
        if (misuse) {
            throw new Rejection(verb, why);
        }
    }
}
