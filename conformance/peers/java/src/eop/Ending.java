// Why a session is over. What it is called can still change while the application may retire messages (manual).
package eop;

/**
 * {@code kind} is EOF for an end of stream at a frame boundary, whatever is outstanding. {@code target} stands with
 * the kinds that tell of a target, {@code cause} with RedirectFailed, {@code reason} with RedirectRefused.
 */
record Ending(Kind kind, Endpoint target, Kind cause, Policy.Reason reason) {
    static final Ending CLEAN = of(Kind.EOF);
    static final Ending CLOSED = of(Kind.CLOSED);

    /** Of what happened to a connection. */
    static Ending of(Kind kind) {
        return new Ending(kind, null, null, null);
    }

    /** Of a target that is not followed, or not reached in time. */
    static Ending notFollowed(Kind kind, Endpoint target, Policy.Reason reason) {
        return new Ending(kind, target, null, reason);
    }

    /** Whether a message that had been answered before the REDIRECT would have changed the judgement. */
    boolean isHeldAgainstEpisode() {
        return kind == Kind.REDIRECT_LOOP || kind == Kind.TOO_MANY_REDIRECTS;
    }

    /** The end as it is reported, of a session that ends on {@code link}. */
    Ending settled(boolean outstanding, boolean halfClosed, Link link) {
        if (target != null) {
            // Half-closed with nothing outstanding after a REDIRECT, whatever the target was (EOP-HCL-3).
            return halfClosed && !outstanding ? CLEAN : this;
        }
        Kind named = kind == Kind.EOF && outstanding ? Kind.UNCERTAIN : kind;
        boolean failed = named != Kind.EOF && named != Kind.CLOSED;
        if (failed && link.isUnprovenTarget()) {
            return new Ending(Kind.REDIRECT_FAILED, link.endpoint(), named, null);
        }
        return of(named);
    }

    @Override
    public String toString() {
        return kind
                + (target == null ? "" : " target=" + target)
                + (cause == null ? "" : " cause=" + cause)
                + (reason == null ? "" : " reason=" + reason);
    }
}
