// Package server is the server under test: the test service of section 2 of
// testee.md over EOP, discipline paired.
//
// This file has the server and its listening ports. A connection is in
// connection.go, what it is asked to do in service.go and steps.go, what it
// sends in sending.go, and how it ends in ending.go.
package server

import (
	"net"
	"time"

	"eop/internal/frame"
	"eop/internal/socket"
)

// Server is one process's server.
type Server struct {
	options Options
	board   *board
}

// New makes a server with these options.
func New(options Options) *Server {
	return &Server{options: options, board: newBoard()}
}

// Listen opens the main port and serves it until the process ends. It returns
// the endpoint that was taken.
func (s *Server) Listen(at frame.Endpoint) (frame.Endpoint, error) {
	return s.listen(at, nil)
}

// listen opens a port at whose every accept the steps are performed.
func (s *Server) listen(at frame.Endpoint, steps []step) (frame.Endpoint, error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: at.Addr[:], Port: int(at.Port)})
	if err != nil {
		return at, err
	}
	go s.accept(listener, steps)
	return socket.Endpoint(listener.Addr()), nil
}

func (s *Server) accept(listener *net.TCPListener, steps []step) {
	for {
		tcp, err := listener.AcceptTCP()
		if err != nil {
			// Out of descriptors, or a connection that is gone again: neither
			// is a reason to stop listening.
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go s.serve(tcp, steps)
	}
}
