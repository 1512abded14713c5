package session

// This file has the commands of the application. Each is refused, and changes
// nothing, if it is misuse.

import "eop/internal/frame"

// Misuse is a command that was refused; its text is one word that says why.
type Misuse string

func (m Misuse) Error() string { return string(m) }

// The reasons of misuse.
const (
	over        Misuse = "over"
	halfClosed  Misuse = "half-closed"
	undecided   Misuse = "undecided"
	notAwaited  Misuse = "not-awaited"
	otherHop    Misuse = "other-hop"
	notManual   Misuse = "not-manual"
	tooMany     Misuse = "too-many"
	notComplete Misuse = "not-offered"
)

// live tells whether the session can still take messages.
func (s *Session) live() bool {
	return s.state == Dialing || s.state == Open || s.state == Moving
}

// Send gives the client a message.
func (s *Session) Send(payload frame.Payload, neverResend bool) error {
	switch {
	case s.halfClosing:
		return halfClosed
	case !s.live():
		return over
	case s.queue.awaitsDecision(): // EOP-RSD-13
		return undecided
	}
	s.queue = append(s.queue, &message{payload: payload, neverResend: neverResend})
	s.changed()
	return nil
}

// Resend decides that what is owed is sent again (EOP-RSD-11).
func (s *Session) Resend(hop int) error {
	if err := s.mayDecide(hop); err != nil {
		return err
	}
	s.queue.release()
	if s.state == Holding {
		s.state = Moving
		s.tell(Dial{s.dialled})
	}
	s.changed()
	return nil
}

// Drop decides that what is owed is never sent again (EOP-RSD-17).
func (s *Session) Drop(hop int) error {
	if err := s.mayDecide(hop); err != nil {
		return err
	}
	s.queue = s.queue.withoutHeld()
	s.endIfCleared()
	s.changed()
	return nil
}

// mayDecide refuses a decision that none awaits, or for another hop
// (EOP-RSD-12).
func (s *Session) mayDecide(hop int) error {
	switch {
	case s.state == Settling || s.state == Over:
		return over
	case !s.queue.awaitsDecision():
		return notAwaited
	case hop != s.hop:
		return otherHop
	}
	return nil
}

// Retire says that the oldest messages are answered (EOP-ACC-11).
func (s *Session) Retire(count int) error {
	switch {
	case !s.settings.Manual:
		return notManual
	case s.state == Over:
		return over
	case count > len(s.queue):
		return tooMany
	}
	last := 0 // the last connection that brought one of the answers
	for _, m := range s.queue[:count] {
		if m.complete == 0 { // EOP-ACC-12
			return notComplete
		}
		if m.complete > last {
			last = m.complete
		}
	}
	s.queue = s.queue[count:]
	s.unretired = false
	if count > 0 {
		s.answered(last)
		s.judgeAgain()
		s.endIfCleared()
	}
	s.changed()
	return nil
}

// HalfClose says that no more messages follow (EOP-HCL-2).
func (s *Session) HalfClose() error {
	switch {
	case s.halfClosing:
		return halfClosed
	case !s.live():
		return over
	}
	s.halfClosing = true
	s.endIfCleared()
	s.changed()
	return nil
}

// endIfCleared ends a half-closed session that has nothing left to connect to
// its target for (EOP-HCL-3).
func (s *Session) endIfCleared() {
	between := s.state == Moving || s.state == Holding
	if between && s.halfClosing && len(s.queue) == 0 {
		s.outcome = outcome{kind: EOF}
		s.settle()
	}
}

// Close ends the session whatever is outstanding, or lets the kind stand that
// it has ended with.
func (s *Session) Close() {
	if s.state != Settling && s.state != Over {
		s.outcome = outcome{kind: Closed}
	}
	s.settle()
}

// Settle says that the application retired what it could (EOP-ACC-14).
func (s *Session) Settle() {
	if s.state == Settling {
		s.settle()
	}
}
