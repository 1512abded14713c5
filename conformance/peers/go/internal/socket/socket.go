// Package socket has what the standard library's connections do not offer: a
// read and a write that never wait and tell exactly what the transport took,
// and the count of octets that the other side has not acknowledged. Linux.
package socket

import (
	"errors"
	"io"
	"net"
	"syscall"
	"unsafe"

	"eop/internal/frame"
)

// ErrWouldWait says that nothing is there to read, or no room to write.
var ErrWouldWait = errors.New("the transport would wait")

// Conn is a TCP connection that is read and written without waiting.
type Conn struct {
	tcp *net.TCPConn
	raw syscall.RawConn
	// Bell rings after the transport may have become readable or writable.
	Bell chan struct{}
}

// New watches a connection. Its goroutines end when it is closed.
func New(tcp *net.TCPConn) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{tcp: tcp, raw: raw, Bell: make(chan struct{}, 1)}
	// The runtime's poller reports edges: each wakes the function once, and
	// whoever hears the bell reads and writes until the transport would wait.
	watch := func(uintptr) bool {
		c.Ring()
		return false
	}
	go raw.Read(watch)
	go raw.Write(watch)
	return c, nil
}

// Ring makes the bell ring, once however often it is called.
func (c *Conn) Ring() {
	select {
	case c.Bell <- struct{}{}:
	default:
	}
}

// Read reads what is there; io.EOF is the end of the stream.
func (c *Conn) Read(buffer []byte) (int, error) {
	n, err := c.attempt(syscall.Read, buffer)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

// Write writes what the transport takes.
func (c *Conn) Write(octets []byte) (int, error) {
	return c.attempt(syscall.Write, octets)
}

func (c *Conn) attempt(call func(int, []byte) (int, error), octets []byte) (n int, err error) {
	control := c.raw.Control(func(fd uintptr) {
		for {
			if n, err = call(int(fd), octets); err != syscall.EINTR {
				return
			}
		}
	})
	if control != nil {
		err = control
	}
	if err == syscall.EAGAIN {
		err = ErrWouldWait
	}
	if err != nil {
		n = 0
	}
	return n, err
}

// CloseWrite half-closes.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// Close closes.
func (c *Conn) Close() error { return c.tcp.Close() }

// Local is this side's end of the connection.
func (c *Conn) Local() frame.Endpoint { return Endpoint(c.tcp.LocalAddr()) }

// Endpoint reads the address of an IPv4 socket.
func Endpoint(addr net.Addr) (e frame.Endpoint) {
	tcp := addr.(*net.TCPAddr)
	copy(e.Addr[:], tcp.IP.To4())
	e.Port = uint16(tcp.Port)
	return e
}

// Unacknowledged counts the octets, a FIN among them, that were handed to the
// transport and that the other side has not acknowledged.
func Unacknowledged(tcp *net.TCPConn) (count int, err error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	var value int32
	control := raw.Control(func(fd uintptr) {
		// For TCP on Linux this is SIOCOUTQ.
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&value)))
		if errno != 0 {
			err = errno
		}
	})
	if control != nil {
		err = control
	}
	return int(value), err
}
