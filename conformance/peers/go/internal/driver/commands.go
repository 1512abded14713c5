package driver

// This file reads the lines of standard input (section 3.2 of testee.md).

import (
	"strings"

	"eop/internal/frame"
	"eop/internal/grammar"
)

// command is a line, taken apart. A line that does not match the grammar is a
// command that can only be rejected.
type command struct {
	session uint32 // 0 if the line has no readable number
	verb    string // "line" if the line has none
	bad     string // why the line does not match; empty if it does

	number      int // of retire, resend and drop
	token       string
	payload     frame.Payload
	neverResend bool
	connect     connect
}

// arguments reads what stands behind a verb into the command.
var arguments = map[string]func(c *command, words []string) bool{
	"send":       (*command).readSend,
	"connect":    (*command).readConnect,
	"retire":     (*command).readNumber,
	"resend":     (*command).readNumber,
	"drop":       (*command).readNumber,
	"half-close": (*command).readNothing,
	"close":      (*command).readNothing,
	"sync":       (*command).readToken,
}

// parseCommand reads a line without its LF.
func parseCommand(line string) command {
	words := strings.Split(line, " ")
	c := command{verb: "line"}
	session, ok := grammar.Number(words[0])
	if !ok {
		c.bad = "no-session"
		return c
	}
	c.session = session
	if len(words) < 2 {
		c.bad = "no-verb"
		return c
	}
	read, ok := arguments[words[1]]
	if !ok {
		c.bad = "unknown-verb"
		return c
	}
	c.verb = words[1]
	if !read(&c, words[2:]) {
		c.bad = "bad-arguments"
	}
	return c
}

func (c *command) readNothing(words []string) bool { return len(words) == 0 }

func (c *command) readNumber(words []string) bool {
	if len(words) != 1 {
		return false
	}
	number, ok := grammar.Number(words[0])
	c.number = int(number)
	return ok
}

func (c *command) readToken(words []string) bool {
	if len(words) != 1 {
		return false
	}
	c.token = words[0]
	return grammar.Token(c.token)
}

func (c *command) readSend(words []string) (ok bool) {
	switch len(words) {
	case 2:
		if c.neverResend = words[1] == "never-resend"; !c.neverResend {
			return false
		}
	case 1:
	default:
		return false
	}
	c.payload, ok = grammar.Payload(words[0])
	return ok
}
