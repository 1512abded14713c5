// Standard input, read by a thread of its own: its lines are handed to the event loop, its end ends the program.
package eop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

final class StandardInput implements Runnable {
    private final Loop loop;
    private final Consumer<String> lines;

    private StandardInput(Loop loop, Consumer<String> lines) {
        this.loop = loop;
        this.lines = lines;
    }

    static void follow(Loop loop, Consumer<String> lines) {
        Thread thread = new Thread(new StandardInput(loop, lines), "standard input");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void run() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] chunk = new byte[8192];
        try {
            for (int count = System.in.read(chunk); count >= 0; count = System.in.read(chunk)) {
                for (int i = 0; i < count; i++) {
                    if (chunk[i] == '\n') {
                        String text = line.toString(StandardCharsets.ISO_8859_1);
                        loop.post(() -> lines.accept(text));
                        line.reset();
                    } else {
                        line.write(chunk[i]);
                    }
                }
            }
        } catch (IOException e) {
            System.err.println("eop: standard input: " + e.getMessage());
        }
        // Whatever is going on is left as it is (EOP-TST-2, EOP-DRV-2).
        Runtime.getRuntime().halt(0);
    }
}
