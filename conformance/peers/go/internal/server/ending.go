package server

// This file ends connections: behind a REDIRECT and behind a half-close
// (section 6 of eop.md), by a reset, and after an error.

import (
	"sync/atomic"
	"time"

	"eop/internal/frame"
	"eop/internal/socket"
)

// redirect moves the client, with the response if there is one, and closes the
// connection. The REDIRECT is the last frame (EOP-RED-8).
func (c *connection) redirect(target frame.Endpoint, response *frame.Payload) {
	var payload frame.Payload
	if response != nil {
		payload = *response
	}
	c.drain(lingers, func() error {
		if response != nil && payload.Len() == 0 { // EOP-RED-4
			if err := c.send(frame.NormalHeader(payload), payload); err != nil {
				return err
			}
		}
		return c.send(frame.RedirectHeader(target, payload), payload)
	})
}

// finish half-closes and discards as after a REDIRECT (EOP-TST-28).
func (c *connection) finish() { c.drain(lingers, c.tcp.CloseWrite) }

// fail ends the connection after an error, at once, but without a reset that
// would take the answers to the requests before it away (EOP-ERR-1).
func (c *connection) fail() { c.drain(hurries, c.tcp.CloseWrite) }

// abort ends a connection whose transport takes nothing.
func (c *connection) abort() {
	c.tcp.SetLinger(0)
	c.tcp.Close()
}

// reset ends the connection with RST once everything sent is acknowledged
// (EOP-TST-29).
func (c *connection) reset() {
	c.awaitAcknowledgement(nil)
	c.abort()
}

// manner is how long a connection goes on after the last octet was sent.
type manner bool

const (
	lingers manner = true  // until the client ends its stream, or a limit passes
	hurries manner = false // until everything is acknowledged
)

// drain sends the last octets and closes. Meanwhile it reads and discards: a
// close with octets unread would be a reset, and could take with it what was
// sent (EOP-CLS-1, EOP-CLS-2, EOP-CLS-7).
func (c *connection) drain(how manner, sendLast func() error) {
	d := c.discard()
	if err := sendLast(); err != nil {
		c.abort()
		return
	}
	if !c.awaitAcknowledgement(d.ended) {
		if !d.hasEnded() {
			c.abort() // EOP-CLS-12
		}
		return // EOP-CLS-5: serve closes
	}
	if how == hurries {
		return
	}
	// EOP-CLS-4: the limits begin now.
	acknowledged := time.Now()
	total := time.NewTimer(c.server.options.LingerTotal)
	defer total.Stop()
	for {
		quiet := acknowledged
		if last := d.lastOctet(); last.After(quiet) {
			quiet = last
		}
		left := time.Until(quiet.Add(c.server.options.LingerIdle))
		if left <= 0 {
			return
		}
		idle := time.NewTimer(left)
		select {
		case <-d.ended:
		case <-total.C:
		case <-idle.C:
			continue // an octet may have come since
		}
		idle.Stop()
		return
	}
}

// discarding reads, in a goroutine of its own, what nobody looks at.
type discarding struct {
	ended chan struct{} // the client ended the stream, or is gone
	last  atomic.Int64  // when the last octet came, in nanoseconds
}

// discard begins to discard; it goes on until the connection is closed.
func (c *connection) discard() *discarding {
	d := &discarding{ended: make(chan struct{})}
	c.tcp.SetReadDeadline(time.Time{})
	go func() {
		defer close(d.ended)
		for {
			n, err := c.tcp.Read(c.buffer)
			if n > 0 {
				d.last.Store(time.Now().UnixNano())
			}
			if err != nil {
				return
			}
		}
	}()
	return d
}

func (d *discarding) lastOctet() time.Time { return time.Unix(0, d.last.Load()) }

func (d *discarding) hasEnded() bool {
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// awaitAcknowledgement waits until the other side has acknowledged everything.
// It gives up when ended is closed, or when nothing is acknowledged for as long
// as a stall may take (EOP-CLS-12).
func (c *connection) awaitAcknowledgement(ended <-chan struct{}) bool {
	const shortest, longest = time.Millisecond, 20 * time.Millisecond
	pause := shortest
	before, progress := -1, time.Now()
	for {
		count, err := socket.Unacknowledged(c.tcp)
		if err != nil || time.Since(progress) > c.server.options.Stall {
			return false
		}
		if count == 0 {
			return true
		}
		if count != before {
			before, progress = count, time.Now()
		}
		select {
		case <-ended:
			return false
		case <-time.After(pause):
		}
		if pause *= 2; pause > longest {
			pause = longest
		}
	}
}
