package session

// This file has what a session tells: to its application, and to whoever holds
// its transport.

import "eop/internal/frame"

// Event is one of the types below.
type Event interface{}

// Dial asks for a connection; Connected or ConnectFailed is the reply.
type Dial struct{ Endpoint frame.Endpoint }

// Hangup asks that the connection be closed.
type Hangup struct{}

// Connected tells that a connection stands.
type Connected struct {
	Endpoint frame.Endpoint
	Hop      int
}

// Delivered is a message from the server.
type Delivered struct {
	Payload     []byte
	Outstanding int // after it was accounted
	Greeting    bool
}

// Redirected tells that a REDIRECT is complete and its target accepted.
type Redirected struct {
	Target   frame.Endpoint
	Owed     int
	Late     bool
	Hop      int
	Decision bool // the application's decision is awaited
}

// Kind names how a session ended: by one of the errors of section 9 of eop.md,
// or well.
type Kind string

// The kinds beside the faults of package frame.
const (
	EOF              Kind = "eof"
	Closed           Kind = "closed"
	Unsolicited      Kind = "Unsolicited"
	Uncertain        Kind = "Uncertain"
	Stall            Kind = "Stall"
	Timeout          Kind = "Timeout"
	ConnectFailed    Kind = "ConnectFailed"
	NotFollowed      Kind = "NotFollowed"
	RedirectRefused  Kind = "RedirectRefused"
	RedirectFailed   Kind = "RedirectFailed"
	RedirectLoop     Kind = "RedirectLoop"
	TooManyRedirects Kind = "TooManyRedirects"
	RedirectDeadline Kind = "RedirectDeadline"
)

// Ended is the last event of a session.
type Ended struct {
	Kind   Kind
	Target *frame.Endpoint // nil if no target is to blame
	Cause  Kind            // of RedirectFailed
	Reason Reason          // of RedirectRefused
	Counts
}
