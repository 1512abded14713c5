// The server's side of one connection: reads a request, performs it, writes its answer, and only then looks at the
// next one (EOP-TST-22), so that no more than one answer is ever in memory.
package eop;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

final class ServerConnection implements Loop.Handler {
    private enum State {
        /** Requests are read, performed and answered, one after another. */
        SERVING,
        /** A REDIRECT was sent, or a FIN: whatever comes is discarded. */
        DISCARDING,
        /** What was sent is to be acknowledged, then RST follows. */
        RESETTING,
        CLOSED
    }

    /** Requests of one turn, so that a client that floods does not hold up the others (EOP-TST-4). */
    private static final int REQUESTS = 64;

    private final Service service;
    private final SocketChannel channel;
    private final Endpoint local;
    private final Inbox inbox;
    private final Outbox outbox;
    private final AckWait ackWait;
    private final Discarding discarding;
    private SelectionKey key;
    private State state = State.SERVING;

    /** The steps in progress, or null. */
    private StepRun steps;

    private boolean finDue;

    /** Behind the last frame: whether its last octet was handed to the transport, and the client's stream ended. */
    private boolean sent;

    private boolean clientDone;

    private ServerConnection(Service service, SocketChannel channel) throws IOException {
        this.service = service;
        this.channel = channel;
        this.local = Endpoint.of(channel.getLocalAddress());
        this.inbox = new Inbox(service, channel, this::close);
        this.outbox = new Outbox(service.loop, channel, service.options.stall(), this::stalled);
        this.ackWait = new AckWait(service, channel, this::acknowledged, this::stalled);
        this.discarding = new Discarding(service, channel, ackWait, this::close);
    }

    /** Serves an accepted connection, after performing the steps of the port that it came to (EOP-TST-20). */
    static void start(Service service, SocketChannel channel, List<Step> steps) {
        try {
            ServerConnection connection = new ServerConnection(service, Sockets.prepare(channel));
            connection.key = service.loop.register(channel, 0, connection);
            connection.begin(StepRun.ofListen(service, connection, steps));
            connection.ready();
        } catch (IOException e) {
            // Gone before it was served.
            Sockets.close(channel);
        }
    }

    Endpoint local() {
        return local;
    }

    // What requests and steps do.

    void begin(StepRun run) {
        steps = run;
    }

    void send(Frame frame) {
        outbox.add(frame);
    }

    void answer(String text) {
        send(Frame.normal(Payload.of(text.getBytes(StandardCharsets.US_ASCII))));
    }

    /** Sends the last frame of this connection (EOP-RED-8). */
    void redirect(Frame frame) {
        send(frame);
        state = State.DISCARDING;
    }

    void halfClose() {
        finDue = true;
        state = State.DISCARDING;
    }

    void reset() {
        state = State.RESETTING;
    }

    // The work of a turn.

    @Override
    public void ready() {
        try {
            if (state == State.SERVING) {
                serve();
            }
            if (state == State.DISCARDING) {
                discard();
            }
            if (state == State.RESETTING && outbox.write() && !sent) {
                sent = true;
                ackWait.startLooking();
            }
        } catch (ProtocolException e) {
            // An error ends this connection at once, and no other one (EOP-ERR-1, EOP-ERR-3).
            close();
        } catch (IOException e) {
            // Lost: the client reset it.
            close();
        }
        if (state != State.CLOSED) {
            key.interestOps(interest());
        }
    }

    @Override
    public void abort() {
        close();
    }

    private int interest() {
        int write = outbox.isEmpty() ? 0 : SelectionKey.OP_WRITE;
        return switch (state) {
            case SERVING -> outbox.isEmpty() && steps == null ? SelectionKey.OP_READ : write;
            case DISCARDING -> clientDone ? write : write | SelectionKey.OP_READ;
            case RESETTING, CLOSED -> write;
        };
    }

    private void serve() throws IOException, ProtocolException {
        for (int left = REQUESTS; left > 0; left--) {
            boolean performed = steps == null || steps.perform();
            if (performed) {
                steps = null;
            }
            if (!outbox.write() || !performed || state != State.SERVING) {
                return;
            }
            Frame request = inbox.next();
            if (request == null) {
                if (inbox.isEnded()) {
                    // All that came before was answered (EOP-HCL-5).
                    close();
                }
                return;
            }
            service.perform(RequestParser.parse(request.payload()), this);
        }
        service.loop.post(this::ready);
    }

    private void discard() throws IOException {
        inbox.cancel();
        if (outbox.write() && !sent) {
            sent = true;
            if (finDue) {
                channel.shutdownOutput();
            }
            discarding.sent(outbox.sent());
        }
        clientDone = clientDone || discarding.discard();
        if (clientDone && outbox.isEmpty()) {
            // At once, and never before the REDIRECT was handed over whole (EOP-CLS-5, EOP-CLS-7).
            close();
        }
    }

    private void acknowledged() {
        if (state == State.RESETTING) {
            end();
            Sockets.reset(channel);
        } else {
            discarding.acknowledged();
        }
    }

    private void stalled() {
        if (state == State.DISCARDING) {
            // Not with a reset: octets of the REDIRECT are on their way (EOP-CLS-7).
            close();
        } else {
            end();
            Sockets.reset(channel);
        }
    }

    void close() {
        end();
        Sockets.close(channel);
    }

    private void end() {
        state = State.CLOSED;
        inbox.cancel();
        outbox.cancel();
        discarding.cancel();
        if (steps != null) {
            steps.cancel();
        }
    }
}
