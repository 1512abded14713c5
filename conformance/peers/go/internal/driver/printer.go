package driver

// This file prints the events (section 3.3 of testee.md).

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"

	"eop/internal/session"
)

// printer writes whole lines, of any number of sessions.
type printer struct {
	mutex sync.Mutex
	out   io.Writer
}

// line prints one line, in one write, so that it is flushed (EOP-DRV-1).
func (p *printer) line(format string, arguments ...interface{}) {
	text := fmt.Sprintf(format+"\n", arguments...)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	io.WriteString(p.out, text)
}

// silence lets nothing more be printed (EOP-DRV-2).
func (p *printer) silence() { p.mutex.Lock() }

// wholeBody is the longest body that is given whole (EOP-DRV-20).
const wholeBody = 4096

func body(payload []byte) string {
	switch {
	case len(payload) == 0:
		return "-"
	case len(payload) <= wholeBody:
		return hex.EncodeToString(payload)
	}
	return fmt.Sprintf("@%d crc32=%08x", len(payload), crc32.ChecksumIEEE(payload))
}

func message(m session.Delivered) string {
	return fmt.Sprintf("message %s outstanding=%d greeting=%d", body(m.Payload), m.Outstanding, digit(m.Greeting))
}

func redirected(r session.Redirected) string {
	resend := "automatic"
	if r.Decision {
		resend = "explicit"
	}
	return fmt.Sprintf("redirected %s owed=%d late=%d hop=%d resend=%s", r.Target, r.Owed, digit(r.Late), r.Hop, resend)
}

func ended(e session.Ended) string {
	var text strings.Builder
	fmt.Fprintf(&text, "ended %s", e.Kind)
	if e.Target != nil {
		fmt.Fprintf(&text, " target=%s", e.Target)
	}
	if e.Cause != "" {
		fmt.Fprintf(&text, " cause=%s", e.Cause)
	}
	if e.Reason != "" {
		fmt.Fprintf(&text, " reason=%s", e.Reason)
	}
	fmt.Fprintf(&text, " owed=%d unsent=%d uncertain=%d", e.Owed, e.Unsent, e.Uncertain)
	return text.String()
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}
