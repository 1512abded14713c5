// A reader of JSON, as far as the vectors need one: objects are maps, lists lists, whole numbers longs.
package eop;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        return new Json(text).value();
    }

    private Object value() {
        char c = peek();
        if (c == '{') {
            return object();
        }
        if (c == '[') {
            return list();
        }
        return c == '"' ? string() : word();
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        expect('{');
        while (peek() != '}') {
            String name = string();
            expect(':');
            object.put(name, value());
            skipComma();
        }
        expect('}');
        return object;
    }

    private List<Object> list() {
        List<Object> list = new ArrayList<>();
        expect('[');
        while (peek() != ']') {
            list.add(value());
            skipComma();
        }
        expect(']');
        return list;
    }

    private String string() {
        expect('"');
        StringBuilder string = new StringBuilder();
        for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
            // The vectors escape nothing but quotes and backslashes.
            string.append(c == '\\' ? text.charAt(at++) : c);
        }
        return string.toString();
    }

    private Object word() {
        int from = at;
        while (at < text.length() && ",]} \n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(from, at);
        return switch (word) {
            case "null" -> null;
            case "true" -> true;
            case "false" -> false;
            default -> Long.parseLong(word);
        };
    }

    private char peek() {
        while (Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return text.charAt(at);
    }

    private void skipComma() {
        if (peek() == ',') {
            at++;
        }
    }

    private void expect(char c) {
        if (peek() != c) {
            throw new IllegalStateException("expected " + c + " at " + at);
        }
        at++;
    }
}
