// The scopes of addresses, narrow to wide (section 8).
package eop;

enum Scope {
    LOOPBACK,
    LINK_LOCAL,
    PRIVATE,
    GLOBAL;

    static Scope of(Endpoint endpoint) {
        if (endpoint.isLoopback()) {
            return LOOPBACK;
        }
        if (endpoint.in(169 << 24 | 254 << 16, 16)) {
            return LINK_LOCAL;
        }
        boolean isPrivate = endpoint.in(10 << 24, 8)
                || endpoint.in(172 << 24 | 16 << 16, 12)
                || endpoint.in(192 << 24 | 168 << 16, 16)
                || endpoint.in(100 << 24 | 64 << 16, 10);
        return isPrivate ? PRIVATE : GLOBAL;
    }

    boolean isNarrowerThan(Scope other) {
        return compareTo(other) < 0;
    }
}
