// The states of a client's session (Appendix B.2; judging takes no time here).
package eop;

enum SessionState {
    /** Home is being connected to, for the first time. */
    DIALING,
    /** Connected. */
    OPEN,
    /** A target, or home as the fallback, is being connected to. */
    MOVING,
    /** Half-closed and moved: the application says first whether there is something to resend (manual). */
    HOLDING,
    /** Over; the application may still retire what was delivered (manual). */
    SETTLING,
    ENDED
}
