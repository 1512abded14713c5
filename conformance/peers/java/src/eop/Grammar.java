// The words that both contracts of the test suite share (testee.md, section 1). Each method returns null, or false,
// for what does not match.
package eop;

import java.util.ArrayList;
import java.util.List;

final class Grammar {
    static final long NO_NUMBER = -1;

    private static final int LONGEST_TOKEN = 32;
    private static final int LONGEST_NUMBER = 10;

    private Grammar() {}

    static boolean isToken(String text) {
        if (text.isEmpty() || text.length() > LONGEST_TOKEN) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z') && !isDigit(c) && c != '-') {
                return false;
            }
        }
        return true;
    }

    /** 0 to 4294967295 without sign or leading zero, else NO_NUMBER. */
    static long number(String text) {
        if (text.isEmpty() || text.length() > LONGEST_NUMBER || text.length() > 1 && text.charAt(0) == '0') {
            return NO_NUMBER;
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            if (!isDigit(text.charAt(i))) {
                return NO_NUMBER;
            }
            value = value * 10 + text.charAt(i) - '0';
        }
        return value <= 0xffff_ffffL ? value : NO_NUMBER;
    }

    /** A number of at most {@code most}, else -1. */
    static int number(String text, int most) {
        long value = number(text);
        return value <= most ? (int) value : (int) NO_NUMBER;
    }

    static Payload payload(String text) {
        if (text.equals("-")) {
            return Payload.EMPTY;
        }
        if (text.startsWith("@")) {
            long length = number(text.substring(1));
            return length == NO_NUMBER ? null : Payload.pattern(length);
        }
        byte[] octets = hex(text);
        return octets == null ? null : Payload.of(octets);
    }

    private static byte[] hex(String text) {
        if (text.isEmpty() || text.length() % 2 != 0) {
            return null;
        }
        byte[] octets = new byte[text.length() / 2];
        for (int i = 0; i < octets.length; i++) {
            int high = hexDigit(text.charAt(2 * i));
            int low = hexDigit(text.charAt(2 * i + 1));
            if (high < 0 || low < 0) {
                return null;
            }
            octets[i] = (byte) (high << 4 | low);
        }
        return octets;
    }

    static Endpoint endpoint(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            return null;
        }
        Integer addr = ipv4(text.substring(0, colon));
        int port = number(text.substring(colon + 1), 65535);
        return addr == null || port < 0 ? null : new Endpoint(addr, port);
    }

    static Integer ipv4(String text) {
        String[] quad = text.split("\\.", -1);
        if (quad.length != 4) {
            return null;
        }
        int addr = 0;
        for (String part : quad) {
            int octet = number(part, 255);
            if (octet < 0) {
                return null;
            }
            addr = addr << 8 | octet;
        }
        return addr;
    }

    static List<Endpoint> list(String text) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (String word : text.split(",", -1)) {
            Endpoint endpoint = endpoint(word);
            if (endpoint == null) {
                return null;
            }
            endpoints.add(endpoint);
        }
        return endpoints;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static int hexDigit(char c) {
        if (isDigit(c)) {
            return c - '0';
        }
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }
}
