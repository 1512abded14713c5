// An entry of the allow-list: the addresses of a prefix, with one port, a range of them, or any.
package eop;

record AllowEntry(int network, int prefix, int firstPort, int lastPort) {
    private static final int LAST_PORT = 65535;

    /** Reads {@code ipv4/prefix:ports}; null if it does not match. */
    static AllowEntry parse(String text) {
        int slash = text.indexOf('/');
        int colon = text.indexOf(':');
        if (slash < 0 || colon < slash) {
            return null;
        }
        Integer network = Grammar.ipv4(text.substring(0, slash));
        int prefix = Grammar.number(text.substring(slash + 1, colon), 32);
        if (network == null || prefix < 0) {
            return null;
        }
        String ports = text.substring(colon + 1);
        if (ports.equals("*")) {
            return new AllowEntry(network, prefix, 0, LAST_PORT);
        }
        int hyphen = ports.indexOf('-');
        int first = Grammar.number(hyphen < 0 ? ports : ports.substring(0, hyphen), LAST_PORT);
        int last = Grammar.number(ports.substring(hyphen + 1), LAST_PORT);
        return first < 0 || last < 0 ? null : new AllowEntry(network, prefix, first, last);
    }

    boolean matches(Endpoint endpoint) {
        return endpoint.in(network, prefix) && endpoint.port() >= firstPort && endpoint.port() <= lastPort;
    }
}
