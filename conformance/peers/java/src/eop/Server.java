// The server under test: reads its environment, listens, says so, and runs the event loop (testee.md, section 2).
package eop;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.util.List;

public final class Server {
    private static final String ANY_ADDRESS = "--any-address";

    private Server() {}

    public static void main(String[] args) throws IOException {
        try {
            start(args.length == 1 && args[0].equals(ANY_ADDRESS)).run();
        } catch (IllegalArgumentException | IOException e) {
            System.err.println("eop server: " + e.getMessage());
            System.exit(1);
        }
    }

    private static Loop start(boolean anyAddress) throws IOException {
        ServerOptions options = ServerOptions.parse(environment("EOP_OPTIONS", ""));
        String listen = environment("EOP_LISTEN", "127.0.0.1:0");
        Endpoint endpoint = Grammar.endpoint(listen);
        if (endpoint == null) {
            throw new IllegalArgumentException("EOP_LISTEN is no endpoint: " + listen);
        }
        if (!endpoint.isLoopback() && !anyAddress) {
            // Whoever reaches the test service can have it send anybody anywhere (EOP-TST-3).
            throw new IllegalArgumentException(endpoint + " is not loopback; " + ANY_ADDRESS + " allows it");
        }
        Loop loop = new Loop();
        ServerSocketChannel listener = Sockets.listen(endpoint);
        Listener.start(new Service(loop, options), listener, List.of());
        StandardInput.follow(loop, line -> {});
        System.out.print("ready " + Endpoint.of(listener.getLocalAddress()) + "\n");
        System.out.flush();
        return loop;
    }

    private static String environment(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : value;
    }
}
