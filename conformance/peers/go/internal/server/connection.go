package server

// This file has one connection, from its accept on: requests are read and
// handled one after another. How it ends is in ending.go.

import (
	"io"
	"net"
	"syscall"
	"time"

	"eop/internal/frame"
	"eop/internal/socket"
)

// readSize is how much is read at a time.
const readSize = 16 << 10

type connection struct {
	server *Server
	tcp    *net.TCPConn
	raw    syscall.RawConn
	here   frame.Endpoint // this end of the connection

	reader      *frame.Reader
	buffer      []byte
	unread      []byte    // what was read and not looked at yet
	headerSince time.Time // when a header began; zero if none has
}

func (s *Server) serve(tcp *net.TCPConn, steps []step) {
	defer tcp.Close()
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	c := &connection{
		server: s,
		tcp:    tcp,
		raw:    raw,
		here:   socket.Endpoint(tcp.LocalAddr()),
		reader: frame.NewRequestReader(s.options.Limit),
		buffer: make([]byte, readSize),
	}
	// EOP-TST-20: the steps of a listen come before anything is read.
	if c.perform(steps, greets) == over {
		return
	}
	for {
		f, err := c.readRequest()
		if err == io.EOF {
			// EOP-HCL-5: everything before it is answered. Nothing is left
			// unread, so that closing does not reset the answers away.
			return
		}
		if err != nil {
			c.fail()
			return
		}
		if c.handle(string(f.Payload)) == over {
			return
		}
	}
}

// readRequest waits for a complete request: nothing else is acted on
// (EOP-RSD-10). io.EOF is an end of stream between two frames.
func (c *connection) readRequest() (*frame.Frame, error) {
	for {
		f, rest, err := c.reader.Feed(c.unread)
		c.unread = rest
		if f != nil || err != nil {
			c.headerSince = time.Time{}
			return f, err
		}
		c.timeHeader()
		n, err := c.tcp.Read(c.buffer)
		c.unread = c.buffer[:n]
		if err == io.EOF && c.reader.InFrame() { // EOP-FRM-5
			return nil, frame.TruncatedFrame
		}
		if err != nil {
			return nil, err
		}
	}
}

// timeHeader bounds the time between the first and the last octet of a header
// (EOP-TIM-1).
func (c *connection) timeHeader() {
	switch {
	case !c.reader.InHeader():
		c.headerSince = time.Time{}
		c.tcp.SetReadDeadline(time.Time{})
	case c.headerSince.IsZero():
		c.headerSince = time.Now()
		c.tcp.SetReadDeadline(c.headerSince.Add(c.server.options.Header))
	}
}
