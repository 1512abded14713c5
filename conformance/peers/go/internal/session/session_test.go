package session

// This file tests what the vectors leave out: time, the fallback, and
// retirements that come late.

import (
	"testing"
	"time"

	"eop/internal/frame"
)

var (
	home   = frame.Endpoint{Addr: [4]byte{10, 0, 0, 1}, Port: 4000}
	target = frame.Endpoint{Addr: [4]byte{10, 0, 0, 2}, Port: 4000}
)

// bench is a session with a clock of its own, connected to home.
type bench struct {
	*Session
	t   *testing.T
	now time.Time
}

func newBench(t *testing.T, set func(*Settings)) *bench {
	b := &bench{t: t, now: time.Unix(0, 0)}
	settings := Defaults()
	set(&settings)
	b.Session = New(home, settings, func() time.Time { return b.now })
	b.Connected()
	return b
}

// say sends a message completely.
func (b *bench) say(text string) {
	b.t.Helper()
	if err := b.Send(frame.Text(text), false); err != nil {
		b.t.Fatal(err)
	}
	for octets := b.Outgoing(make([]byte, 0, 100)); octets != nil; octets = b.Outgoing(octets) {
		b.Offered(len(octets))
	}
}

func (b *bench) answer(text string) {
	b.Octets(append(frame.NormalHeader(frame.Text(text)).Append(nil), text...))
}

func (b *bench) move(to frame.Endpoint) {
	b.Octets(frame.RedirectHeader(to, frame.Text("")).Append(nil))
}

func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	b.Tick()
}

// wantEnd settles the session and compares its last event.
func (b *bench) wantEnd(kind, cause Kind) {
	b.t.Helper()
	b.Settle()
	events := b.Events()
	if len(events) == 0 {
		b.t.Fatal("nothing happened")
	}
	if e, ok := events[len(events)-1].(Ended); !ok || e.Kind != kind || e.Cause != cause {
		b.t.Errorf("got %v, want %s %s", events[len(events)-1], kind, cause)
	}
}

func (b *bench) wantState(state State) {
	b.t.Helper()
	if b.State() != state {
		b.t.Errorf("state %d, want %d", b.State(), state)
	}
}

func TestDeadlineOfAnEpisode(t *testing.T) {
	b := newBench(t, func(*Settings) {})
	b.move(target)
	b.pass(29 * time.Second)
	b.wantState(Moving)
	b.pass(time.Second)
	b.wantEnd(RedirectDeadline, "")
}

func TestDeadlineStandsStillWhileAnAnswerIsAwaited(t *testing.T) {
	b := newBench(t, func(*Settings) {})
	b.move(target)
	b.Connected()
	b.say("q")
	b.pass(time.Minute)
	b.move(frame.Endpoint{Addr: [4]byte{10, 0, 0, 3}, Port: 4000})
	b.wantState(Moving)
}

func TestQuietEndsAnEpisode(t *testing.T) {
	b := newBench(t, func(*Settings) {})
	b.move(target)
	b.Connected()
	b.pass(10 * time.Second)
	b.move(home)
	b.wantState(Moving)
}

func TestFallBack(t *testing.T) {
	b := newBench(t, func(s *Settings) { s.FallBack = true })
	b.say("q")
	b.move(target)
	if err := b.Resend(1); err != nil {
		t.Fatal(err)
	}
	b.ConnectFailed()
	b.wantState(Moving)
	if b.Resend(1) != otherHop || b.Resend(2) != nil {
		t.Error("what is owed after a fallback is decided for its hop")
	}
	b.ConnectFailed()
	b.wantEnd(ConnectFailed, "")
}

func TestNoFallBackWithAnOfferedMessage(t *testing.T) {
	b := newBench(t, func(s *Settings) { s.FallBack = true })
	b.move(target)
	b.Connected()
	b.say("q")
	b.Lost(Uncertain)
	b.wantEnd(RedirectFailed, Uncertain)
}

func TestLateRetirementReopens(t *testing.T) {
	b := newBench(t, func(s *Settings) { s.Manual = true })
	b.move(target)
	b.Connected()
	b.say("q")
	b.answer("r")
	b.move(home) // a loop, unless "r" answered "q" and so ended the episode
	b.wantState(Settling)
	if err := b.Retire(1); err != nil {
		t.Fatal(err)
	}
	b.wantState(Moving)
}

func TestLateRetirementKeepsTheDeadline(t *testing.T) {
	b := newBench(t, func(s *Settings) { s.Manual = true })
	b.say("q")
	b.answer("r")
	b.move(target)
	if err := b.Retire(1); err != nil {
		t.Fatal(err)
	}
	b.pass(30 * time.Second)
	b.wantEnd(RedirectDeadline, "")
}

func TestHalfClosedHolds(t *testing.T) {
	b := newBench(t, func(s *Settings) { s.Manual = true })
	b.say("q")
	if err := b.HalfClose(); err != nil {
		t.Fatal(err)
	}
	b.answer("r")
	b.move(target)
	b.wantState(Holding)
	if err := b.Retire(1); err != nil {
		t.Fatal(err)
	}
	b.wantEnd(EOF, "")
}
