// A timer of the event loop. It can be set again and again, and fires once each time.
package eop;

final class Timer implements Comparable<Timer> {
    private final Loop loop;
    private final Runnable task;
    private boolean set;
    private long due;

    Timer(Loop loop, Runnable task) {
        this.loop = loop;
        this.task = task;
    }

    /** Sets the timer, instead of what it was set to, to fire in so many milliseconds. */
    void set(long milliseconds) {
        setAt(System.nanoTime() + milliseconds * 1_000_000);
    }

    /** The same with a time of System.nanoTime. */
    void setAt(long nanoTime) {
        cancel();
        due = nanoTime;
        set = true;
        loop.add(this);
    }

    void cancel() {
        if (set) {
            set = false;
            loop.remove(this);
        }
    }

    boolean isSet() {
        return set;
    }

    long due() {
        return due;
    }

    /** The loop took the timer out, and runs what this returns. */
    Runnable fired() {
        set = false;
        return task;
    }

    @Override
    public int compareTo(Timer other) {
        return Long.compare(due - other.due, 0);
    }
}
