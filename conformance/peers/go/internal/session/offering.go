package session

// This file has what a connection takes: octets of messages, and the
// half-close.

import "eop/internal/frame"

// writable tells whether octets may go out on the current connection: not
// before the greetings (EOP-ACC-5), and not after a failed write.
func (s *Session) writable() bool {
	return s.state == Open && s.conn.greetingsDue == 0 && !s.conn.unwritable && !s.conn.halfClosed
}

// Outgoing puts octets that are to go out into the buffer, as far as its
// capacity goes: of one message, and none if there is nothing to send now.
// Whoever hands some of them to the transport calls Offered.
func (s *Session) Outgoing(buffer []byte) []byte {
	m := s.queue.next()
	if m == nil || !s.writable() {
		return nil
	}
	return frame.Fill(buffer[:0], frame.NormalHeader(m.payload), m.payload, m.offered)
}

// Offered says that the transport took so many of the octets of Outgoing.
func (s *Session) Offered(count int) {
	m := s.queue.next()
	m.offered += int64(count)
	if m.wholeIsOffered() {
		m.complete = s.conn.number
	}
	s.changed()
}

// WantsHalfClose tells whether the half-close is due: behind every message,
// the owed ones included (EOP-HCL-2).
func (s *Session) WantsHalfClose() bool {
	return s.halfClosing && s.writable() && s.queue.allOffered()
}

// HalfClosed says that the half-close was handed to the transport.
func (s *Session) HalfClosed() { s.conn.halfClosed = true }

// WriteFailed says that the transport takes no octets any more. What the
// server sent before is still to be read (EOP-CLS-10).
func (s *Session) WriteFailed() { s.conn.unwritable = true }
