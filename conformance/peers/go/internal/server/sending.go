package server

// This file sends frames, within the limit of the transport's stall.

import (
	"syscall"
	"time"

	"eop/internal/frame"
)

// writeSize is how much is handed to the transport at a time, at most.
const writeSize = 64 << 10

// answer sends a NORMAL frame. If it cannot, the connection is over.
func (c *connection) answer(payload frame.Payload) verdict {
	if err := c.send(frame.NormalHeader(payload), payload); err != nil {
		c.abort()
		return over
	}
	return goesOn
}

// send sends one frame.
func (c *connection) send(h frame.Header, payload frame.Payload) error {
	size := frame.HeaderSize + payload.Len()
	capacity := size
	if capacity > writeSize {
		capacity = writeSize
	}
	buffer := make([]byte, 0, capacity)
	for offset := int64(0); offset < size; {
		octets := frame.Fill(buffer, h, payload, offset)
		if err := c.write(octets); err != nil {
			return err
		}
		offset += int64(len(octets))
	}
	return nil
}

// write waits until the transport has taken all octets, and gives up when it
// takes none for too long (EOP-CLS-12): each octet taken begins the time anew,
// which a deadline for a whole Write would not do.
func (c *connection) write(octets []byte) error {
	stall := func() { c.tcp.SetWriteDeadline(time.Now().Add(c.server.options.Stall)) }
	stall()
	var failure error
	err := c.raw.Write(func(fd uintptr) (done bool) {
		for len(octets) > 0 {
			n, err := syscall.Write(int(fd), octets)
			switch {
			case err == syscall.EAGAIN:
				return false
			case err == syscall.EINTR:
			case err != nil:
				failure = err
				return true
			default:
				octets = octets[n:]
				stall()
			}
		}
		return true
	})
	if failure != nil {
		return failure
	}
	return err
}
