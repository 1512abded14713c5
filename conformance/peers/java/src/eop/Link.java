// The client's side of one connection: its socket, its parser, its greetings and its limits of time. What arrives it
// hands to its owner, the session.
package eop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

final class Link implements Loop.Handler {
    interface Owner {
        void connected();

        /** The socket is ready: the owner is to let the link read and write. */
        void ready();

        void frame(Frame frame);

        /** The connection, or the attempt to make it, is over without a REDIRECT. */
        void over(Kind kind);
    }

    private enum State {
        CONNECTING,
        OPEN,
        /** Behind a REDIRECT: neither read nor written, and not closed yet. */
        LEFT,
        CLOSED
    }

    /** Buffers of one turn, either way, so that no session holds up another (EOP-DRV-3). */
    private static final int BUFFERS = 16;

    private final Loop loop;
    private final Settings settings;
    private final Owner owner;
    private final Endpoint endpoint;
    private final boolean target;
    private final FrameReader reader;
    private final Timer headerLimit;
    private final Timer stallLimit;
    private State state = State.CONNECTING;
    private SocketChannel channel;
    private SelectionKey key;
    private long greetingsDue;
    private boolean answered;
    private boolean writeFailed;
    private boolean finSent;

    /** The transport takes no more for now. */
    private boolean blocked;

    /** {@code target}: whether a REDIRECT named the endpoint, which is not so for home. */
    Link(Loop loop, Settings settings, Owner owner, Endpoint endpoint, boolean target) {
        this.loop = loop;
        this.settings = settings;
        this.owner = owner;
        this.endpoint = endpoint;
        this.target = target;
        this.greetingsDue = settings.greetings();
        this.reader = new FrameReader(FrameReader.Side.CLIENT, settings.limit());
        this.headerLimit = new Timer(loop, () -> owner.over(Kind.TIMEOUT));
        this.stallLimit = new Timer(loop, () -> owner.over(Kind.STALL));
    }

    /** Begins to connect to where the endpoint is really dialled; null is refused. The result comes later. */
    void connect(Endpoint dialled) {
        try {
            if (dialled == null) {
                loop.post(this::connectFailed);
                return;
            }
            channel = Sockets.open();
            key = loop.register(channel, SelectionKey.OP_CONNECT, this);
            if (channel.connect(dialled.toSocketAddress())) {
                loop.post(this::ready);
            }
        } catch (IOException e) {
            loop.post(this::connectFailed);
        }
    }

    private void connectFailed() {
        if (state == State.CONNECTING) {
            owner.over(Kind.CONNECT_FAILED);
        }
    }

    Endpoint endpoint() {
        return endpoint;
    }

    Endpoint local() throws IOException {
        return Endpoint.of(channel.getLocalAddress());
    }

    long greetingsDue() {
        return greetingsDue;
    }

    /** Counts a message as a greeting, if one is due (EOP-ACC-4). */
    boolean takeGreeting() {
        if (greetingsDue == 0) {
            return false;
        }
        greetingsDue--;
        return true;
    }

    boolean isAnswered() {
        return answered;
    }

    void setAnswered() {
        answered = true;
    }

    /** A target before its first answer: its failures are RedirectFailed (EOP-FAI-1). */
    boolean isUnprovenTarget() {
        return target && !answered;
    }

    @Override
    public void ready() {
        if (state == State.CONNECTING) {
            finishConnect();
        } else if (state == State.OPEN) {
            owner.ready();
        }
    }

    @Override
    public void abort() {
        owner.over(Kind.UNCERTAIN);
    }

    private void finishConnect() {
        try {
            if (!channel.finishConnect()) {
                return;
            }
        } catch (IOException e) {
            connectFailed();
            return;
        }
        state = State.OPEN;
        key.interestOps(SelectionKey.OP_READ);
        owner.connected();
    }

    /** Reads what is there, and tells whether nothing is left to read. */
    boolean read() {
        try {
            for (int i = 0; i < BUFFERS; i++) {
                ByteBuffer buffer = loop.readBuffer.clear();
                int count = channel.read(buffer);
                if (count < 0) {
                    ended();
                    return true;
                }
                if (count == 0) {
                    return true;
                }
                if (!take(buffer.flip())) {
                    return true;
                }
            }
        } catch (ProtocolException e) {
            owner.over(e.kind());
        } catch (IOException e) {
            // RST, inside a frame too.
            owner.over(Kind.UNCERTAIN);
        }
        return false;
    }

    /** Hands on the frames of a read; false if the connection was left or closed meanwhile (EOP-RED-9). */
    private boolean take(ByteBuffer buffer) throws ProtocolException {
        Frame frame = reader.next(buffer);
        while (frame != null) {
            headerLimit.cancel();
            owner.frame(frame);
            if (state != State.OPEN) {
                return false;
            }
            frame = reader.next(buffer);
        }
        if (!reader.insideHeader()) {
            headerLimit.cancel();
        } else if (!headerLimit.isSet()) {
            headerLimit.set(settings.header());
        }
        return true;
    }

    private void ended() throws ProtocolException {
        if (writeFailed) {
            // The write took the report of the reset; the end that is read now is none.
            owner.over(Kind.UNCERTAIN);
            return;
        }
        reader.end();
        owner.over(Kind.EOF);
    }

    /** Writes what may go out and the transport takes, and half-closes behind it if that is wanted. */
    void write(Account account, long hop, boolean halfClose) {
        boolean any = false;
        blocked = false;
        try {
            for (int i = 0; i < BUFFERS && !blocked && hasToWrite(account); i++) {
                int count = channel.write(account.fill(loop.writeBuffer));
                account.offer(count, hop);
                any |= count > 0;
                blocked = count == 0;
            }
            if (halfClose && !finSent && !writeFailed && greetingsDue == 0 && account.isOffered()) {
                channel.shutdownOutput();
                finSent = true;
            }
        } catch (IOException e) {
            // What was received before comes first (EOP-CLS-10). A write that fails took nothing.
            writeFailed = true;
        }
        boolean toWrite = hasToWrite(account);
        key.interestOps(toWrite ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        if (!toWrite) {
            stallLimit.cancel();
        } else if (any || !stallLimit.isSet()) {
            stallLimit.set(settings.stall());
        }
    }

    /** Whether everything that the transport takes was written. */
    boolean isWritten(Account account) {
        return blocked || !hasToWrite(account);
    }

    private boolean hasToWrite(Account account) {
        return !writeFailed && greetingsDue == 0 && account.hasSendable();
    }

    /** Behind a REDIRECT: takes and sends nothing more (EOP-RED-9, EOP-RED-13). */
    void leave() {
        state = State.LEFT;
        headerLimit.cancel();
        stallLimit.cancel();
        key.interestOps(0);
    }

    void close() {
        state = State.CLOSED;
        headerLimit.cancel();
        stallLimit.cancel();
        if (channel != null) {
            Sockets.close(channel);
        }
    }
}
