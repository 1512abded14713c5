// Package driver is the client under test: it drives sessions as section 3 of
// testee.md says, commands on its input and events on its output.
//
// This file hands the lines of the input to the sessions. A session's own
// goroutine is in runner.go, its transport in transport.go.
package driver

import (
	"bufio"
	"io"
	"strings"
)

// Run drives sessions until the input ends. It leaves then whatever they are
// doing, and nothing more is printed (EOP-DRV-2).
func Run(in io.Reader, out io.Writer) error {
	d := &driver{printer: &printer{out: out}, runners: map[uint32]*runner{}}
	d.printer.line("hello eop-test 1 role=client") // EOP-DRV-1
	defer d.printer.silence()
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF { // what stands behind the last LF is no line
			return nil
		}
		if err != nil {
			return err
		}
		d.dispatch(parseCommand(strings.TrimSuffix(line, "\n")))
	}
}

type driver struct {
	printer *printer
	runners map[uint32]*runner // of every session that was ever begun
}

// dispatch gives a command to its session. That answers also what it rejects,
// so that nothing is printed behind its end (EOP-DRV-8, EOP-DRV-10).
func (d *driver) dispatch(c command) {
	r, begun := d.runners[c.session]
	if begun {
		select {
		case r.inbox <- c:
			return
		case <-r.over:
		}
	}
	begins := c.verb == "connect" && c.bad == ""
	switch {
	case begins && c.connect.misuse != "":
		d.reject(c, c.connect.misuse)
	case begins:
		d.runners[c.session] = begin(c.session, c.connect, d.printer)
	case begun: // it has ended: the command is ignored
	case c.bad != "":
		d.reject(c, c.bad)
	default:
		d.reject(c, "no-such-session")
	}
}

func (d *driver) reject(c command, why string) {
	d.printer.line("%d rejected %s %s", c.session, c.verb, why)
}
