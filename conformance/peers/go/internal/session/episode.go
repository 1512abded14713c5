package session

// This file has the episode: the run of moves that the bounds of section 7 of
// eop.md are about, and the clock of its deadline.

import (
	"time"

	"eop/internal/frame"
)

// move is one hop of an episode, by a REDIRECT or by the fallback.
type move struct {
	from       int // the number of the connection that was left
	redirector frame.Endpoint
	answered   bool // a message was answered on that connection
	target     frame.Endpoint
	fallback   bool
	at         time.Duration // on the episode's clock
}

// episode is over, or has not begun, while it has no moves.
type episode struct{ moves []move }

func (e *episode) runs() bool { return len(e.moves) > 0 }

func (e *episode) end() { e.moves = nil }

// answeredOn draws the consequence of an answer that connection n brought: the
// episode ended there (EOP-EPI-11), and what runs now began with the REDIRECT
// behind it. In manual the retirement that tells of the answer can come moves
// later.
func (e *episode) answeredOn(n int) {
	for e.runs() && e.moves[0].from < n {
		e.moves = e.moves[1:]
	}
	if e.runs() && e.moves[0].from == n {
		e.moves[0].answered = true
	}
}

// visited tells whether the episode that a move would belong to has been at
// its target (EOP-EPI-2).
func (e *episode) visited(next move) bool {
	first := next
	if e.runs() {
		first = e.moves[0]
	}
	if next.target == first.redirector && !first.answered { // EOP-EPI-3
		return true
	}
	for _, m := range e.moves {
		if next.target == m.target {
			return true
		}
	}
	return false
}

func (e *episode) fellBack() bool {
	for _, m := range e.moves {
		if m.fallback {
			return true
		}
	}
	return false
}

// stopwatch is a clock that can stand still (EOP-EPI-6).
type stopwatch struct {
	elapsed time.Duration
	since   time.Time // when it was set going; zero while it stands still
}

func (w *stopwatch) read(now time.Time) time.Duration {
	if w.since.IsZero() {
		return w.elapsed
	}
	return w.elapsed + now.Sub(w.since)
}

func (w *stopwatch) run(now time.Time, running bool) {
	w.elapsed = w.read(now)
	w.since = time.Time{}
	if running {
		w.since = now
	}
}

// window counts the moves of a session over its episodes (EOP-EPI-7).
type window []time.Time

// full tells whether as many moves as the bound allows began within the window
// before now.
func (w *window) full(now time.Time, bound int) bool {
	for len(*w) > 0 && now.Sub((*w)[0]) >= movesWindow {
		*w = (*w)[1:]
	}
	return len(*w) >= bound
}
