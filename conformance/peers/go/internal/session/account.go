package session

// This file has the account of the client's messages (section 5 of eop.md).

import "eop/internal/frame"

// message is one that the client accepted, until it is answered or dropped.
type message struct {
	payload     frame.Payload
	neverResend bool
	// offered counts the octets of its frame that were handed to the transport
	// of the current connection.
	offered int64
	// complete is the number of the connection on which it was completely
	// offered, or 0. It outlives a REDIRECT, until the application decides to
	// resend (EOP-ACC-12).
	complete int
	owed     bool // a REDIRECT left it unanswered (EOP-RSD-3)
	held     bool // and the application has to decide on it (EOP-RSD-11)
}

func (m *message) size() int64          { return frame.HeaderSize + m.payload.Len() }
func (m *message) wholeIsOffered() bool { return m.offered == m.size() }

// account is the queue of the outstanding messages, oldest first.
type account []*message

// next is the message that is offered next: the first of which octets are
// left, in the order in which they were accepted (EOP-ACC-15). Nothing
// overtakes a message on which a decision is awaited.
func (a account) next() *message {
	for _, m := range a {
		if !m.wholeIsOffered() {
			if m.held {
				return nil
			}
			return m
		}
	}
	return nil
}

func (a account) allOffered() bool {
	return len(a) == 0 || a[len(a)-1].wholeIsOffered()
}

func (a account) anyOffered() bool {
	return len(a) > 0 && a[0].offered > 0
}

func (a account) awaitsDecision() bool {
	for _, m := range a {
		if m.held {
			return true
		}
	}
	return false
}

// redirected makes everything that is outstanding owed (EOP-RSD-3, EOP-RSD-6).
func (a account) redirected() {
	for _, m := range a {
		m.owed = true
		m.offered = 0
	}
}

// hold marks the owed messages that the application has to decide on: all of
// them, or, with automatic resending, those from the first on that is marked
// never-resend or passes the budget (EOP-RSD-11, EOP-RSD-15).
func (a account) hold(automatic bool, budget uint32) {
	sum, holding := int64(0), false
	for _, m := range a {
		sum += m.payload.Len()
		if m.owed && (!automatic || m.neverResend || sum > int64(budget)) {
			holding = true
		}
		m.held = holding && (automatic || m.owed)
	}
}

// release lets everything that is held be resent.
func (a account) release() {
	for _, m := range a {
		if m.held {
			m.held = false
			m.complete = 0
		}
	}
}

// withoutHeld is what is left if everything that is held is dropped: nothing
// that is on its way already (EOP-RSD-17).
func (a account) withoutHeld() account {
	var kept account
	for _, m := range a {
		if !m.held {
			kept = append(kept, m)
		}
	}
	return kept
}

// Counts tells what the outstanding messages are (EOP-FAI-2).
type Counts struct{ Owed, Unsent, Uncertain int }

func (a account) counts() (c Counts) {
	for _, m := range a {
		switch {
		case m.offered > 0:
			c.Uncertain++
		case m.owed:
			c.Owed++
		default:
			c.Unsent++
		}
	}
	return c
}
