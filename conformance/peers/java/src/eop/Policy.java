// Which targets a client refuses, and why (section 8).
package eop;

final class Policy {
    /** The reasons, in the order of the checks: the first that refuses gives it. */
    enum Reason {
        FORBIDDEN("forbidden"),
        SCOPE("scope"),
        PORT("port"),
        SPECIAL("special"),
        INSECURE("insecure");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static final int FIRST_FREE_PORT = 1024;

    private final Settings settings;
    private final Endpoint home;

    Policy(Settings settings, Endpoint home) {
        this.settings = settings;
        this.home = home;
    }

    /** Judges a target that a REDIRECT named on the connection to {@code current}; null lets it pass. */
    Reason refusal(Endpoint target, Endpoint current) {
        if (target.isForbidden()) {
            return Reason.FORBIDDEN;
        }
        for (AllowEntry entry : settings.allow()) {
            if (entry.matches(target)) {
                return null;
            }
        }
        Scope scope = Scope.of(target);
        if (scope.isNarrowerThan(Scope.of(current)) && scope.isNarrowerThan(Scope.of(home))) {
            return Reason.SCOPE;
        }
        if (target.port() < FIRST_FREE_PORT && target.port() != home.port()) {
            return Reason.PORT;
        }
        if (isSpecial(target)) {
            return Reason.SPECIAL;
        }
        boolean together = scope == Scope.of(current) && (scope == Scope.LOOPBACK || scope == Scope.PRIVATE);
        return settings.paper() || together ? null : Reason.INSECURE;
    }

    /** Documentation, benchmarking, protocol assignments (EOP-POL-4). */
    private static boolean isSpecial(Endpoint target) {
        return target.in(192 << 24 | 2 << 8, 24)
                || target.in(198 << 24 | 51 << 16 | 100 << 8, 24)
                || target.in(203 << 24 | 113 << 8, 24)
                || target.in(198 << 24 | 18 << 16, 15)
                || target.in(192 << 24, 24);
    }
}
