package frame

// This file has the reader: octets in, in any pieces, frames out.

import "encoding/binary"

// Reader finds the frames in one direction of one connection. It holds what it
// has of the current frame and nothing that follows it.
type Reader struct {
	limit      uint32
	fromClient bool

	header  Header
	octets  [HeaderSize]byte // of the current header
	have    int              // how many of them are there
	payload []byte           // grows with what arrives, never with slen (EOP-LIM-4)
	later   bool             // a frame came before
	fault   Fault            // an error is for good (EOP-FRM-9)
}

// NewReader reads what a server sends; limit is the longest payload accepted.
func NewReader(limit uint32) *Reader {
	return &Reader{limit: limit}
}

// NewRequestReader reads what a client sends, which is no REDIRECT.
func NewRequestReader(limit uint32) *Reader {
	return &Reader{limit: limit, fromClient: true}
}

// Feed takes octets up to the end of one frame. It returns that frame, or nil
// if more octets are needed, and the octets that it did not look at. An error
// is always a Fault.
func (r *Reader) Feed(octets []byte) (frame *Frame, rest []byte, err error) {
	if r.fault == "" && r.have < HeaderSize {
		octets = r.feedHeader(octets)
	}
	if r.fault != "" {
		return nil, octets, r.fault
	}
	if r.have < HeaderSize {
		return nil, nil, nil
	}
	missing := int64(r.header.Slen) - int64(len(r.payload))
	if int64(len(octets)) < missing {
		r.payload = append(r.payload, octets...)
		return nil, nil, nil
	}
	frame = &Frame{Header: r.header, Payload: append(r.payload, octets[:missing]...)}
	r.have, r.payload, r.later = 0, nil, true
	return frame, octets[missing:], nil
}

// feedHeader takes octets of the header and judges it as soon as it can.
func (r *Reader) feedHeader(octets []byte) (rest []byte) {
	n := copy(r.octets[r.have:], octets)
	r.have += n
	if r.have >= 2 { // EOP-OPC-3: without waiting for the rest
		r.fault = opcodeFault(Opcode(binary.BigEndian.Uint16(r.octets[:])), !r.later)
	}
	if r.fault == "" && r.have == HeaderSize {
		r.header = parseHeader(r.octets[:])
		switch {
		case r.fromClient && r.header.Opcode == Redirect: // EOP-RED-2
			r.fault = UnexpectedRedirect
		case r.header.Slen > r.limit: // EOP-LIM-2, EOP-LIM-3
			r.fault = MessageTooLarge
		}
	}
	return octets[n:]
}

// InHeader tells whether a header has begun and is not complete: it is being
// timed then (EOP-TIM-1).
func (r *Reader) InHeader() bool { return r.have > 0 && r.have < HeaderSize }

// InFrame tells whether a stream that ends here ends inside a frame
// (EOP-FRM-5).
func (r *Reader) InFrame() bool { return r.have > 0 }
