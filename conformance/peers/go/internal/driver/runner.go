package driver

// This file has the goroutine of a session: it takes commands, what the
// transport reports, and time, one after another, and gives them to the
// session. Nothing here waits but the loop itself.

import (
	"fmt"
	"time"

	"eop/internal/session"
)

// settleLimit is how long the application may retire after the end, if it says
// nothing (EOP-DRV-15).
const settleLimit = time.Second

type runner struct {
	number  uint32
	printer *printer
	inbox   chan command  // unbuffered, so that no command is lost at the end
	over    chan struct{} // closed when the session has ended

	session   *session.Session
	transport *transport
	syncs     []string  // the tokens of those not answered yet
	settling  time.Time // since when the application may retire; zero if not
}

// begin begins a session and connects to home at once (EOP-DRV-16).
func begin(number uint32, c connect, p *printer) *runner {
	r := &runner{number: number, printer: p, inbox: make(chan command), over: make(chan struct{})}
	r.session = session.New(c.home, c.settings, time.Now)
	r.transport = newTransport(c, r.session, r.print)
	go r.run()
	return r
}

func (r *runner) run() {
	defer close(r.over)
	defer r.transport.stop()
	r.report()
	for r.session.State() != session.Over {
		timer, stop := r.timer()
		select {
		case c := <-r.inbox:
			r.session.Tick()
			r.command(c)
		case d := <-r.transport.dialled:
			r.transport.connected(d)
		case <-r.transport.bell():
		case <-timer:
		}
		stop()
		r.session.Tick()
		r.report()
		r.pump()
	}
}

// pump moves octets, and answers the syncs that this leaves answerable
// (EOP-DRV-9): everything readable was processed, and everything that the
// transport takes was written.
func (r *runner) pump() {
	idle := false
	for i := 0; i < stepsAtATime && !idle; i++ {
		idle = !r.transport.step()
		r.report()
	}
	if !idle {
		r.transport.ring() // go on after whatever else waits
		return
	}
	switch r.session.State() {
	case session.Dialing, session.Moving:
	case session.Settling:
		if r.settling.IsZero() {
			r.settling = time.Now()
		} else if len(r.syncs) > 0 || time.Since(r.settling) >= settleLimit {
			r.session.Settle()
		}
		r.answerSyncs()
		r.report()
	default:
		r.answerSyncs()
	}
	if r.session.State() != session.Settling {
		r.settling = time.Time{}
	}
}

// stepsAtATime bounds the octets that are moved before commands and time have
// their turn.
const stepsAtATime = 64

// timer rings when the next limit passes.
func (r *runner) timer() (<-chan time.Time, func()) {
	next, ok := r.session.NextTimer()
	consider := func(t time.Time) {
		if !ok || t.Before(next) {
			next, ok = t, true
		}
	}
	if stalls, waits := r.transport.stalls(); waits {
		consider(stalls)
	}
	if !r.settling.IsZero() {
		consider(r.settling.Add(settleLimit))
	}
	if !ok {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(next))
	return timer.C, func() { timer.Stop() }
}

func (r *runner) command(c command) {
	if c.bad != "" { // EOP-DRV-12
		r.print("rejected %s %s", c.verb, c.bad)
		return
	}
	var err error
	switch c.verb {
	case "connect":
		err = session.Misuse("not-ended")
	case "send":
		err = r.session.Send(c.payload, c.neverResend)
	case "retire":
		err = r.session.Retire(c.number)
	case "resend":
		err = r.session.Resend(c.number)
	case "drop":
		err = r.session.Drop(c.number)
	case "half-close":
		err = r.session.HalfClose()
	case "close":
		r.session.Close()
	case "sync":
		r.syncs = append(r.syncs, c.token)
	}
	if err != nil { // EOP-DRV-14
		r.print("rejected %s %s", c.verb, err)
	}
}

// report tells what the session has to tell.
func (r *runner) report() {
	for _, event := range r.session.Events() {
		switch e := event.(type) {
		case session.Dial:
			r.transport.dial(e.Endpoint)
		case session.Hangup:
			r.transport.hangUp()
		case session.Connected:
			local := r.transport.install()
			r.print("connected %s local=%s hop=%d", e.Endpoint, local, e.Hop)
		case session.Delivered:
			r.print("%s", message(e))
		case session.Redirected:
			r.print("%s", redirected(e))
		case session.Ended:
			r.answerSyncs() // `synced` comes before `ended`
			r.print("%s", ended(e))
		}
	}
}

func (r *runner) answerSyncs() {
	for _, token := range r.syncs {
		r.print("synced %s", token)
	}
	r.syncs = nil
}

func (r *runner) print(format string, arguments ...interface{}) {
	r.printer.line("%d %s", r.number, fmt.Sprintf(format, arguments...))
}
