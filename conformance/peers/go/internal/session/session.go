// Package session is an EOP client without its I/O: one session over any
// number of connections, from home over every move to its end. Commands of the
// application and reports of the transport go in, events and octets come out.
// Everything happens in the caller's goroutine, at the time of a given clock.
//
// This file has the session's state. The commands are in commands.go, octets
// that arrive in arriving.go, octets that leave in offering.go, moves in
// moving.go, the end in ending.go, time in timers.go.
package session

import (
	"time"

	"eop/internal/frame"
)

// State is where a session is.
type State int

// The states of spec/states/client-session.md. A target is judged as soon as
// its REDIRECT is complete, so Judging takes no time and is none of them.
const (
	Dialing  State = iota // home is being connected to
	Open                  // a connection stands
	Moving                // the next endpoint is being connected to
	Holding               // half-closed; the decision tells whether to connect (manual)
	Settling              // over; the application may still retire (manual)
	Over
)

// connection is the current one, or the last one while none stands.
type connection struct {
	number       int // from 1, over the session
	endpoint     frame.Endpoint
	isTarget     bool // a REDIRECT named it
	reader       *frame.Reader
	headerSince  time.Time // when a header began; zero if none has
	greetingsDue uint32
	answered     bool // it brought the answer to a message
	unwritable   bool // a write failed (EOP-CLS-10)
	halfClosed   bool // the half-close was handed to the transport
}

// Session is one session. It is not safe for use by several goroutines.
type Session struct {
	settings Settings
	home     frame.Endpoint
	clock    func() time.Time

	state  State
	conn   connection
	queue  account
	events []Event

	halfClosing bool // the application has no more messages
	// unretired says that something was delivered since the application last
	// retired (manual).
	unretired bool

	hop      int
	dialled  frame.Endpoint // what is being connected to, while Moving
	toTarget bool           // and whether it is a target
	stands   bool           // a connection is still to be closed
	episode  episode
	window   window
	watch    stopwatch // of the episode's deadline
	begun    time.Time // when the session began
	quiet    time.Time // since when an idle connection stands; zero if none does
	outcome  outcome   // how the session ended, while Settling
}

// New begins a session: its first event asks for a connection to home.
func New(home frame.Endpoint, settings Settings, clock func() time.Time) *Session {
	now := clock()
	s := &Session{settings: settings, home: home, clock: clock, state: Dialing, begun: now}
	s.watch.run(now, true)
	s.tell(Dial{home})
	return s
}

// State tells where the session is.
func (s *Session) State() State { return s.state }

// Outstanding is the number of messages neither answered nor dropped.
func (s *Session) Outstanding() int { return len(s.queue) }

// Hop is the number of moves so far.
func (s *Session) Hop() int { return s.hop }

// Events returns what there is to tell since the last call.
func (s *Session) Events() []Event {
	events := s.events
	s.events = nil
	return events
}

func (s *Session) tell(event Event) { s.events = append(s.events, event) }

// changed keeps what depends on the state and on the time of its changes.
func (s *Session) changed() {
	now := s.clock()
	// EOP-EPI-6: the deadline stands still while an offered message waits.
	s.watch.run(now, !(s.state == Open && s.queue.anyOffered()))
	// EOP-EPI-11: an idle connection ends the episode in time.
	switch {
	case s.state != Open || s.conn.greetingsDue > 0 || len(s.queue) > 0:
		s.quiet = time.Time{}
	case s.quiet.IsZero():
		s.quiet = now
	}
}
