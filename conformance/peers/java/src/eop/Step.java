// The steps of `do` and `listen` (testee.md, section 2.2).
package eop;

import java.util.List;

sealed interface Step {
    /** Sends N(payload). */
    record Answer(Payload payload) implements Step {}

    /** Moves the client along the list; payload is null if there is no response, which an empty one is not. */
    record Redirect(List<Endpoint> list, Payload payload) implements Step {}

    /** Waits for a signal. */
    record Await(String token) implements Step {}

    /** Adds one to a count. */
    record Mark(String token) implements Step {}

    /** Half-closes, discards, closes. */
    record Fin() implements Step {}

    /** Ends the connection with RST. */
    record Reset() implements Step {}

    /** Whether nothing may follow it. */
    default boolean isLast() {
        return this instanceof Redirect || this instanceof Fin || this instanceof Reset;
    }
}
