// The test service: what each request does, and what all connections and listening ports share.
package eop;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.util.List;

final class Service {
    final Loop loop;
    final ServerOptions options;
    final Board board = new Board();
    final Acknowledgements acknowledgements;

    Service(Loop loop, ServerOptions options) {
        this.loop = loop;
        this.options = options;
        this.acknowledgements = new Acknowledgements(loop);
    }

    /** Performs a request of a connection. Only a `do` takes more than an answer. */
    void perform(Request request, ServerConnection connection) {
        if (request instanceof Request.Hello) {
            connection.answer("eop-test 1 " + options);
        } else if (request instanceof Request.Do perform) {
            connection.begin(StepRun.ofRequest(this, connection, perform.steps()));
        } else if (request instanceof Request.Listen listen) {
            connection.answer(listen(connection.local().addr(), listen.steps()));
        } else if (request instanceof Request.Mark mark) {
            connection.answer(Long.toString(board.mark(mark.token())));
        } else if (request instanceof Request.Marked marked) {
            connection.answer(Long.toString(board.marked(marked.token())));
        } else if (request instanceof Request.Signal signal) {
            board.signal(signal.token()).forEach(loop::post);
            connection.answer("ok");
        } else {
            connection.answer("unknown");
        }
    }

    private String listen(int addr, List<Step> steps) {
        try {
            ServerSocketChannel listener = Sockets.listen(new Endpoint(addr, 0));
            Listener.start(this, listener, steps);
            return "port " + Endpoint.of(listener.getLocalAddress()).port();
        } catch (IOException e) {
            // The system gives no port.
            return "unknown";
        }
    }
}
