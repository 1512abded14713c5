// How many octets of a connection the other side has not acknowledged. Java has no call that tells, so this reads the
// kernel's list of TCP sockets: in a thread of its own, for all that ask at once, and with pauses, because the list of
// a busy machine is long.
package eop;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;

final class Acknowledgements {
    /** There is no such list on this system. */
    static final long UNSEEN = -1;

    /** The list does not have the connection; it may have been missed while the list changed. */
    static final long MISSED = -2;

    private static final String LIST = "/proc/net/tcp";

    /** The pause behind a look, as a multiple of the time that it took. */
    private static final long REST = 3;

    private record Question(Endpoint local, Endpoint remote, LongConsumer answer) {}

    private final Loop loop;
    private final Executor reader = Executors.newSingleThreadExecutor();
    private final Timer rest;
    private List<Question> questions = new ArrayList<>();
    private boolean looking;

    Acknowledgements(Loop loop) {
        this.loop = loop;
        this.rest = new Timer(loop, this::rested);
    }

    /** Finds out how many octets are missing, the end of the stream counted as one; tells it later. */
    void look(Endpoint local, Endpoint remote, LongConsumer answer) {
        questions.add(new Question(local, remote, answer));
        if (!looking) {
            look();
        }
    }

    private void look() {
        looking = true;
        List<Question> asked = questions;
        questions = new ArrayList<>();
        reader.execute(() -> {
            long began = System.nanoTime();
            String list = read();
            for (Question question : asked) {
                long missing = list == null ? UNSEEN : find(list, question);
                loop.post(() -> question.answer().accept(missing));
            }
            long took = (System.nanoTime() - began) / 1_000_000;
            loop.post(() -> rest.set(REST * took));
        });
    }

    private void rested() {
        looking = false;
        if (!questions.isEmpty()) {
            look();
        }
    }

    private static String read() {
        try (InputStream in = new FileInputStream(LIST)) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return null;
        }
    }

    private static long find(String list, Question question) {
        // A line: number, local address, remote address, state (two digits), tx_queue ":" rx_queue, and more.
        String key = ": " + entry(question.local()) + " " + entry(question.remote()) + " ";
        int at = list.indexOf(key);
        if (at < 0) {
            return MISSED;
        }
        int queue = at + key.length() + 3;
        return Long.parseLong(list.substring(queue, queue + 8), 16);
    }

    private static String entry(Endpoint endpoint) {
        // The kernel prints the address as a number of the machine's own byte order.
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        int addr = little ? Integer.reverseBytes(endpoint.addr()) : endpoint.addr();
        return String.format("%08X:%04X", addr, endpoint.port());
    }
}
