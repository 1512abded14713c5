// The requests of the test service (testee.md, section 2.2).
package eop;

import java.util.List;

sealed interface Request {
    record Hello() implements Request {}

    record Do(List<Step> steps) implements Request {}

    record Listen(List<Step> steps) implements Request {}

    record Mark(String token) implements Request {}

    record Marked(String token) implements Request {}

    record Signal(String token) implements Request {}

    /** What does not match the grammar, or breaks a rule of the steps (EOP-TST-5). */
    record Unknown() implements Request {}
}
