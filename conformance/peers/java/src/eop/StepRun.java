// The steps of one `do`, or of the `listen` whose port a connection came to, and how far they are.
package eop;

import java.util.List;

final class StepRun {
    private static final long LONGEST_AWAIT = 30_000;

    private final Board board;
    private final ServerConnection connection;
    private final List<Step> steps;
    private final Runnable released;
    private final Timer awaitLimit;
    private int next;

    /** The token that the next step waits for, or null. */
    private String awaited;

    /** Whether the request needs no answer any more; the steps of a listen never need one. */
    private boolean answered;

    private StepRun(Service service, ServerConnection connection, List<Step> steps, boolean answered) {
        this.board = service.board;
        this.connection = connection;
        this.steps = steps;
        this.answered = answered;
        this.released = connection::ready;
        this.awaitLimit = new Timer(service.loop, connection::close);
    }

    static StepRun ofRequest(Service service, ServerConnection connection, List<Step> steps) {
        return new StepRun(service, connection, steps, false);
    }

    static StepRun ofListen(Service service, ServerConnection connection, List<Step> steps) {
        return new StepRun(service, connection, steps, true);
    }

    /** Performs what can be performed. False: an await holds up the rest, and readies the connection later. */
    boolean perform() {
        while (next < steps.size()) {
            Step step = steps.get(next);
            if (step instanceof Step.Await await && !board.isSignalled(await.token())) {
                waitFor(await.token());
                return false;
            }
            next++;
            perform(step);
        }
        cancel();
        return true;
    }

    private void waitFor(String token) {
        if (!token.equals(awaited)) {
            awaited = token;
            board.await(token, released);
            awaitLimit.set(LONGEST_AWAIT);
        }
    }

    /** Waits no more. */
    void cancel() {
        awaitLimit.cancel();
        if (awaited != null) {
            board.forget(awaited, released);
            awaited = null;
        }
    }

    private void perform(Step step) {
        if (step instanceof Step.Answer answer) {
            connection.send(Frame.normal(answer.payload()));
            answered = true;
        } else if (step instanceof Step.Mark mark) {
            board.mark(mark.token());
        } else if (step instanceof Step.Redirect redirect) {
            redirect(redirect);
        } else if (step instanceof Step.Fin) {
            connection.halfClose();
        } else if (step instanceof Step.Reset) {
            connection.reset();
        }
    }

    private void redirect(Step.Redirect step) {
        List<Endpoint> list = step.list();
        int place = list.lastIndexOf(connection.local());
        if (place == list.size() - 1) {
            answerInstead("here");
            return;
        }
        Endpoint target = list.get(place + 1);
        if (target.isForbidden()) {
            answerInstead("refused");
            return;
        }
        Payload response = step.payload();
        if (response != null && response.isEmpty()) {
            // In the REDIRECT it would be no response at all (EOP-RED-4).
            connection.send(Frame.normal(response));
        }
        connection.redirect(Frame.redirect(target, response == null ? Payload.EMPTY : response));
    }

    /** EOP-TST-10, EOP-TST-13. */
    private void answerInstead(String word) {
        if (!answered) {
            connection.answer(word);
            answered = true;
        }
    }
}
