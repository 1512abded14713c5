// Package frame holds what is on the wire: the header, the frames, and the
// reader that finds them in a stream of octets.
//
// This file has the header and the endpoint that a REDIRECT names.
package frame

import (
	"encoding/binary"
	"fmt"
)

// Opcode tells the operation of a frame.
type Opcode uint16

// The two operations of this version (EOP-OPC-1).
const (
	Normal   Opcode = 0x0001
	Redirect Opcode = 0x0002
)

// HeaderSize is the number of octets in a header (EOP-FRM-1).
const HeaderSize = 12

// Endpoint is an IPv4 address and a TCP port.
type Endpoint struct {
	Addr [4]byte
	Port uint16
}

func (e Endpoint) String() string {
	return fmt.Sprintf("%d.%d.%d.%d:%d", e.Addr[0], e.Addr[1], e.Addr[2], e.Addr[3], e.Port)
}

// Unusable tells whether no client may ever follow a REDIRECT to e
// (EOP-RED-14, EOP-POL-1).
func (e Endpoint) Unusable() bool {
	first := e.Addr[0]
	return e.Port == 0 || first == 0 || first >= 224
}

// Header is the first part of every frame.
type Header struct {
	Opcode Opcode
	Port   uint16
	Addr   [4]byte
	Slen   uint32
}

// NormalHeader begins a frame that carries the payload and nothing else; its
// port and addr are zero (EOP-FRM-6).
func NormalHeader(payload Payload) Header {
	return Header{Opcode: Normal, Slen: payload.length}
}

// RedirectHeader begins a frame that names the target.
func RedirectHeader(target Endpoint, payload Payload) Header {
	return Header{Opcode: Redirect, Port: target.Port, Addr: target.Addr, Slen: payload.length}
}

// Append adds the octets of the header to dst.
func (h Header) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.Opcode))
	dst = binary.BigEndian.AppendUint16(dst, h.Port)
	dst = append(dst, h.Addr[:]...)
	return binary.BigEndian.AppendUint32(dst, h.Slen)
}

func parseHeader(octets []byte) Header {
	h := Header{
		Opcode: Opcode(binary.BigEndian.Uint16(octets)),
		Port:   binary.BigEndian.Uint16(octets[2:]),
		Slen:   binary.BigEndian.Uint32(octets[8:]),
	}
	copy(h.Addr[:], octets[4:])
	return h
}

// Frame is a header with its complete payload.
type Frame struct {
	Header
	Payload []byte
}

// Target is the endpoint that a REDIRECT names. In a NORMAL frame the fields
// mean nothing (EOP-FRM-7).
func (f *Frame) Target() Endpoint {
	return Endpoint{Addr: f.Addr, Port: f.Port}
}
