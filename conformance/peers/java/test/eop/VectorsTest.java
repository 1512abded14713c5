// Runs frames.json, rejects.json and streams.json of the golden vectors against the codec.
package eop;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

public final class VectorsTest {
    private static final long ANY = 0xffff_ffffL;

    private final Path folder;
    private int checks;
    private int failures;

    private VectorsTest(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] args) throws IOException {
        VectorsTest test = new VectorsTest(Path.of(args[0]));
        test.frames();
        test.rejects();
        test.streams();
        System.out.println(test.checks + " checks, " + test.failures + " failures");
        System.exit(test.failures == 0 ? 0 : 1);
    }

    private void frames() throws IOException {
        for (Map<String, Object> vector : vectors("frames.json")) {
            byte[] octets = octets((String) vector.get("octets"));
            String meaning = meaning(object(vector.get("meaning")));
            Read read = read(octets, new int[0], ANY, FrameReader.Side.CLIENT);
            check(vector, "decode", meaning + " boundary", read.items.get(0) + " " + read.end);
            if (vector.get("canonical").equals(true)) {
                byte[] encoded = encode(object(vector.get("meaning")));
                check(vector, "encode", Arrays.toString(octets), Arrays.toString(encoded));
            }
        }
    }

    private void rejects() throws IOException {
        for (Map<String, Object> vector : vectors("rejects.json")) {
            Map<String, Object> error = object(vector.get("error"));
            byte[] octets = octets((String) vector.get("octets"));
            long limit = vector.get("limit") == null ? ANY : (long) vector.get("limit");
            for (FrameReader.Side side : sides(octets)) {
                reject(vector, octets, new FrameReader(side, limit), (String) error.get("first"));
                FrameReader later = new FrameReader(side, limit);
                feed(later, Frame.normal(Payload.EMPTY));
                reject(vector, octets, later, (String) error.get("later"));
                Read twin = read(octets((String) vector.get("twin")), new int[0], limit, side);
                check(vector, "twin", "true null", !twin.items.isEmpty() + " " + twin.error);
            }
        }
    }

    /** To a server a redirect is an error of another name; everything else is the same for both sides. */
    private static List<FrameReader.Side> sides(byte[] octets) {
        boolean redirect = octets.length > 1 && octets[0] == 0 && octets[1] == Opcode.REDIRECT;
        return redirect
                ? List.of(FrameReader.Side.CLIENT)
                : List.of(FrameReader.Side.SERVER, FrameReader.Side.CLIENT);
    }

    private void reject(Map<String, Object> vector, byte[] octets, FrameReader reader, String error) {
        long suffice = (long) vector.get("suffice");
        long possible = (long) vector.get("possible");
        for (int count = 1; count <= octets.length; count++) {
            try {
                reader.next(ByteBuffer.wrap(octets, count - 1, 1));
            } catch (ProtocolException e) {
                boolean inTime = possible <= count && count <= suffice;
                check(vector, "reject", error + " true", e.kind() + " " + inTime);
                return;
            }
        }
        check(vector, "reject", error, null);
    }

    private static void feed(FrameReader reader, Frame frame) {
        ByteBuffer buffer = ByteBuffer.allocate((int) frame.length());
        frame.copy(0, buffer);
        try {
            reader.next(buffer.flip());
        } catch (ProtocolException e) {
            throw new IllegalStateException(e);
        }
    }

    private void streams() throws IOException {
        for (Map<String, Object> vector : vectors("streams.json")) {
            byte[] octets = octets((String) vector.get("octets"));
            List<String> items = new ArrayList<>();
            for (Object item : (List<?>) vector.get("items")) {
                items.add(meaning(object(item)));
            }
            String expected = items + " " + vector.get("error") + " " + vector.get("end") + " "
                    + Arrays.toString(octets((String) vector.get("rest")));
            for (Object cut : (List<?>) vector.get("cuts")) {
                int[] offsets = cut.equals("octets") ? everyOctet(octets.length) : offsets((List<?>) cut);
                Read read = read(octets, offsets, (long) vector.get("limit"), FrameReader.Side.CLIENT);
                check(vector, "cut " + cut, expected, read.toString());
            }
        }
    }

    // Reading a stream as a client does: nothing is asked for behind a redirect.

    private record Read(List<String> items, String error, String end, byte[] rest) {
        @Override
        public String toString() {
            return items + " " + error + " " + end + " " + Arrays.toString(rest);
        }
    }

    private static Read read(byte[] octets, int[] offsets, long limit, FrameReader.Side side) {
        FrameReader reader = new FrameReader(side, limit);
        List<String> items = new ArrayList<>();
        int from = 0;
        try {
            for (int i = 0; i <= offsets.length; i++) {
                int to = i < offsets.length ? offsets[i] : octets.length;
                ByteBuffer piece = ByteBuffer.wrap(octets, from, to - from);
                for (Frame frame = reader.next(piece); frame != null; frame = reader.next(piece)) {
                    items.add(meaning(frame));
                    if (frame.isRedirect()) {
                        byte[] rest = Arrays.copyOfRange(octets, piece.position(), octets.length);
                        return new Read(items, null, "boundary", rest);
                    }
                }
                from = to;
            }
            reader.end();
            return new Read(items, null, "boundary", new byte[0]);
        } catch (ProtocolException e) {
            // The vectors tell of an end inside a frame by `end` alone.
            boolean inside = e.kind() == Kind.TRUNCATED_FRAME;
            return new Read(items, inside ? null : e.kind().toString(), inside ? "inside" : "error", new byte[0]);
        }
    }

    private static String meaning(Frame frame) {
        String type = frame.isRedirect() ? "redirect " + frame.target() : "normal";
        return type + " " + Arrays.toString(frame.payload().octets());
    }

    private static String meaning(Map<String, Object> meaning) {
        String target = meaning.containsKey("target") ? " " + meaning.get("target") : "";
        return meaning.get("type") + target + " " + Arrays.toString(octets((String) meaning.get("payload")));
    }

    private static byte[] encode(Map<String, Object> meaning) {
        Payload payload = Payload.of(octets((String) meaning.get("payload")));
        Frame frame = meaning.get("type").equals("redirect")
                ? Frame.redirect(Grammar.endpoint((String) meaning.get("target")), payload)
                : Frame.normal(payload);
        ByteBuffer buffer = ByteBuffer.allocate((int) frame.length());
        frame.copy(0, buffer);
        return buffer.array();
    }

    // The notation of the vectors.

    private List<Map<String, Object>> vectors(String file) throws IOException {
        Map<String, Object> document = object(Json.parse(Files.readString(folder.resolve(file))));
        List<Map<String, Object>> vectors = new ArrayList<>();
        ((List<?>) document.get("vectors")).forEach(vector -> vectors.add(object(vector)));
        return vectors;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    private static byte[] octets(String text) {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        for (String group : text.split(" ")) {
            octets.writeBytes(Grammar.payload(group).octets());
        }
        return octets.toByteArray();
    }

    private static int[] everyOctet(int length) {
        int[] offsets = new int[Math.max(0, length - 1)];
        Arrays.setAll(offsets, i -> i + 1);
        return offsets;
    }

    private static int[] offsets(List<?> cut) {
        return cut.stream().mapToInt(offset -> ((Long) offset).intValue()).toArray();
    }

    private void check(Map<String, Object> vector, String what, String expected, String actual) {
        checks++;
        if (!expected.equals(actual)) {
            failures++;
            System.out.println(vector.get("id") + ", " + what + ":\n  expected " + brief(expected) + "\n  but was  "
                    + brief(actual));
        }
    }

    private static String brief(String text) {
        return text == null || text.length() < 400 ? text : text.substring(0, 400) + " …";
    }
}
