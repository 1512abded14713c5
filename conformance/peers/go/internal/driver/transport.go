package driver

// This file has a session's transport: it dials, reads without waiting, and
// writes what the transport takes.

import (
	"context"
	"io"
	"net"
	"time"

	"eop/internal/frame"
	"eop/internal/session"
	"eop/internal/socket"
)

const (
	readSize  = 64 << 10
	writeSize = 64 << 10
)

// dialled is the result of an attempt to connect.
type dialled struct {
	attempt int
	tcp     *net.TCPConn
	err     error
}

type transport struct {
	connect connect
	session *session.Session
	print   func(format string, arguments ...interface{})
	stall   time.Duration

	context context.Context // ends with the session
	stop    func()
	dialled chan dialled
	attempt int // the current one; what comes of an earlier one is closed

	conn       *socket.Conn // nil if none stands
	next       *socket.Conn // connected, and not told yet
	in, out    []byte
	writeError bool      // of conn: its end is a reset, whatever it looks like
	stuckSince time.Time // since when conn takes nothing; zero if it does
}

func newTransport(c connect, s *session.Session, print func(string, ...interface{})) *transport {
	t := &transport{connect: c, session: s, print: print, stall: c.settings.Stall}
	t.context, t.stop = context.WithCancel(context.Background())
	t.dialled = make(chan dialled)
	t.in, t.out = make([]byte, readSize), make([]byte, 0, writeSize)
	return t
}

// dial begins an attempt to connect, or says that it does not.
func (t *transport) dial(e frame.Endpoint) {
	to, may := t.connect.dials(e)
	if !may { // EOP-DRV-5, EOP-DRV-6
		t.print("dial %s", e)
	}
	t.attempt++
	d := dialled{attempt: t.attempt, err: net.ErrClosed}
	go func() {
		if may {
			var conn net.Conn
			conn, d.err = new(net.Dialer).DialContext(t.context, "tcp4", to.String())
			d.tcp, _ = conn.(*net.TCPConn)
		}
		select {
		case t.dialled <- d:
		case <-t.context.Done():
			d.close()
		}
	}()
}

func (d dialled) close() {
	if d.tcp != nil {
		d.tcp.Close()
	}
}

// connected takes the result of an attempt.
func (t *transport) connected(d dialled) {
	state := t.session.State()
	if d.attempt != t.attempt || state != session.Dialing && state != session.Moving {
		d.close() // a deadline passed meanwhile
		return
	}
	err := d.err
	if err == nil {
		t.next, err = socket.New(d.tcp)
	}
	if err != nil {
		t.session.ConnectFailed()
	} else {
		t.session.Connected()
	}
}

// install makes the new connection the current one.
func (t *transport) install() (local frame.Endpoint) {
	t.conn, t.next = t.next, nil
	return t.conn.Local()
}

// hangUp closes the current connection.
func (t *transport) hangUp() {
	t.conn.Close()
	t.conn = nil
	t.writeError, t.stuckSince = false, time.Time{}
}

// bell rings when step has something to do.
func (t *transport) bell() <-chan struct{} {
	if t.conn == nil {
		return nil
	}
	return t.conn.Bell
}

func (t *transport) ring() {
	if t.conn != nil {
		t.conn.Ring()
	}
}

// stalls tells when the transport will have taken nothing for too long.
func (t *transport) stalls() (time.Time, bool) {
	return t.stuckSince.Add(t.stall), !t.stuckSince.IsZero()
}

// step reads once, or writes once if nothing is there to read: what can be
// read is processed before an octet goes out (EOP-RED-12, EOP-CLS-10,
// EOP-CLS-11). It returns false if neither is possible now.
func (t *transport) step() bool {
	if t.session.State() != session.Open {
		return false
	}
	n, err := t.conn.Read(t.in)
	switch {
	case err == socket.ErrWouldWait:
		return t.write()
	case err == io.EOF && !t.writeError:
		t.session.Fin()
	case err != nil:
		// Behind a reset that a write has reported, reading finds an end of
		// stream that is none.
		t.session.Lost(session.Uncertain)
	default:
		t.session.Octets(t.in[:n])
	}
	return true
}

func (t *transport) write() bool {
	octets := t.session.Outgoing(t.out)
	if len(octets) == 0 {
		t.stuckSince = time.Time{}
		return t.halfClose()
	}
	n, err := t.conn.Write(octets)
	switch {
	case err == socket.ErrWouldWait:
		return t.wait()
	case err != nil:
		t.failWrite()
	default:
		t.stuckSince = time.Time{}
		t.session.Offered(n)
	}
	return true
}

// wait ends the session if the transport has taken nothing for too long
// (EOP-CLS-12).
func (t *transport) wait() bool {
	if t.stuckSince.IsZero() {
		t.stuckSince = time.Now()
	}
	if time.Since(t.stuckSince) < t.stall {
		return false
	}
	t.session.Lost(session.Stall)
	return true
}

func (t *transport) halfClose() bool {
	if !t.session.WantsHalfClose() {
		return false
	}
	if err := t.conn.CloseWrite(); err != nil {
		t.failWrite()
	} else {
		t.session.HalfClosed()
	}
	return true
}

func (t *transport) failWrite() {
	t.writeError = true
	t.stuckSince = time.Time{}
	t.session.WriteFailed()
}
