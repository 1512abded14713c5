package server

// This file has the requests of the test service, and their answers.

import (
	"strconv"

	"eop/internal/frame"
)

// verdict tells whether a connection goes on after a request or a step.
type verdict bool

const (
	goesOn verdict = true
	over   verdict = false
)

// handle performs one request to its last step (EOP-TST-22).
func (c *connection) handle(text string) verdict {
	r, ok := parseRequest(text)
	if !ok { // EOP-TST-5
		return c.answer(frame.Text("unknown"))
	}
	board := c.server.board
	switch r.verb {
	case "do":
		return c.perform(r.steps, answers)
	case "listen":
		return c.answer(frame.Text(c.openPort(r.steps)))
	case "mark":
		return c.answer(frame.Text(strconv.FormatUint(board.mark(r.token), 10)))
	case "marked":
		return c.answer(frame.Text(strconv.FormatUint(board.marked(r.token), 10)))
	case "signal":
		board.signal(r.token)
		return c.answer(frame.Text("ok"))
	default: // hello
		return c.answer(frame.Text(c.server.options.String()))
	}
}

// openPort listens on the address that the request came to (EOP-TST-19).
func (c *connection) openPort(steps []step) string {
	taken, err := c.server.listen(frame.Endpoint{Addr: c.here.Addr}, steps)
	if err != nil {
		return "unknown"
	}
	return "port " + strconv.Itoa(int(taken.Port))
}
