package server

// This file performs the steps of a `do` and of a `listen`.

import (
	"time"

	"eop/internal/frame"
)

// awaitLimit is how long an await waits that no one signals.
const awaitLimit = 30 * time.Second

// occasion is what the steps are performed for.
type occasion int

const (
	answers occasion = iota // a request of a `do`, which awaits its answer
	greets                  // an accept on the port of a `listen`
)

// perform does the steps in order. A step that ends the connection is the last.
func (c *connection) perform(steps []step, why occasion) verdict {
	unanswered := why == answers
	for _, s := range steps {
		v := goesOn
		switch s.verb {
		case "answer":
			v = c.answer(*s.payload)
			unanswered = false
		case "await":
			v = c.await(s.token)
		case "mark":
			c.server.board.mark(s.token)
		case "redirect":
			v = c.redirectAlong(s, unanswered)
		case "fin":
			c.finish()
			v = over
		case "reset":
			c.reset()
			v = over
		}
		if v == over {
			return over
		}
	}
	return goesOn
}

// await holds up what is behind it until the token is signalled (EOP-TST-26).
func (c *connection) await(token string) verdict {
	limit := time.NewTimer(awaitLimit)
	defer limit.Stop()
	select {
	case <-c.server.board.signalled(token):
		return goesOn
	case <-limit.C:
		c.fail()
		return over
	}
}

// redirectAlong moves the client to where the list leads from here. A redirect
// that does not happen is told to a request that still awaits its answer
// (EOP-TST-10, EOP-TST-13).
func (c *connection) redirectAlong(s step, unanswered bool) verdict {
	target, here := c.next(s.list)
	instead := ""
	switch {
	case here:
		instead = "here"
	case target.Unusable(): // EOP-RED-14
		instead = "refused"
	default:
		c.redirect(target, s.payload)
		return over
	}
	if !unanswered {
		return goesOn
	}
	return c.answer(frame.Text(instead))
}

// next is the endpoint after the last place of this end in the list, or the
// first one; here says that this end is the last (EOP-TST-9, EOP-TST-10).
func (c *connection) next(list []frame.Endpoint) (target frame.Endpoint, here bool) {
	place := -1
	for i, e := range list {
		if e == c.here {
			place = i
		}
	}
	if place == len(list)-1 {
		return target, true
	}
	return list[place+1], false
}
