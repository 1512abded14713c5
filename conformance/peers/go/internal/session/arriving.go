package session

// This file has what a connection brings: octets, their end, and its loss.

import (
	"time"

	"eop/internal/frame"
)

// Octets takes what arrived on the current connection. Nothing behind a
// complete REDIRECT or an error is looked at (EOP-RED-9, EOP-FRM-9).
func (s *Session) Octets(octets []byte) {
	for s.state == Open && len(octets) > 0 {
		f, rest, err := s.conn.reader.Feed(octets)
		octets = rest
		if f != nil {
			s.conn.headerSince = time.Time{}
			s.frame(f)
		}
		if err != nil {
			s.lose(Kind(err.(frame.Fault)))
		}
	}
	switch {
	case !s.conn.reader.InHeader():
		s.conn.headerSince = time.Time{}
	case s.conn.headerSince.IsZero():
		s.conn.headerSince = s.clock()
	}
	s.changed()
}

func (s *Session) frame(f *frame.Frame) {
	if f.Opcode == frame.Normal {
		if !s.message(f.Payload) {
			s.lose(Unsolicited)
		}
		return
	}
	late := len(f.Payload) > 0
	if late && !s.message(f.Payload) { // EOP-ACC-10: and there is no move
		s.lose(Unsolicited)
		return
	}
	s.redirect(f.Target(), late)
}

// message accounts for a message and delivers it, unless it answers nothing
// (EOP-ACC-9).
func (s *Session) message(payload []byte) (accounted bool) {
	greeting := s.conn.greetingsDue > 0
	switch {
	case greeting: // EOP-ACC-6, EOP-ACC-8
		s.conn.greetingsDue--
	case s.settings.Manual: // EOP-ACC-11, EOP-ACC-13
	case len(s.queue) == 0 || !s.queue[0].wholeIsOffered():
		return false
	default: // EOP-ACC-1
		s.queue = s.queue[1:]
		s.answered(s.conn.number)
	}
	s.unretired = true
	s.tell(Delivered{Payload: payload, Outstanding: len(s.queue), Greeting: greeting})
	return true
}

// answered draws the consequences of an answer that connection n brought.
func (s *Session) answered(n int) {
	s.episode.answeredOn(n)
	if n == s.conn.number {
		s.conn.answered = true
	}
	if s.state == Open && n == s.conn.number { // EOP-EPI-11
		s.episode.end()
	}
}

// Fin takes the end of the server's stream.
func (s *Session) Fin() {
	if s.state != Open {
		return
	}
	if s.conn.reader.InFrame() { // EOP-FRM-5
		s.lose(Kind(frame.TruncatedFrame))
	} else {
		s.lose(EOF)
	}
	s.changed()
}

// Lost takes the loss of the connection: Uncertain is a reset, Stall a limit
// of the transport's.
func (s *Session) Lost(kind Kind) {
	if s.state == Open {
		s.lose(kind)
		s.changed()
	}
}

// lose ends a connection without a REDIRECT.
func (s *Session) lose(kind Kind) {
	s.hangUp()
	if kind == EOF && len(s.queue) == 0 { // EOP-HCL-4, EOP-FAI-6
		s.end(outcome{kind: EOF, onConnection: true})
		return
	}
	if s.conn.isTarget && !s.conn.answered && s.fallBack() {
		return
	}
	o := outcome{kind: kind, onConnection: true}
	if s.conn.isTarget {
		o.failed = &s.conn.endpoint
	}
	s.end(o)
}
