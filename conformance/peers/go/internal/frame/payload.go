package frame

// This file has the payload as a sender holds it: octets, or a pattern of any
// length that takes no memory.

import (
	"errors"
	"math"
)

// ErrTooLong says that no header can announce the payload (EOP-LIM-5).
var ErrTooLong = errors.New("payload of more than 4,294,967,295 octets")

// Payload is what a frame is to carry.
type Payload struct {
	length uint32
	octets []byte // nil for a pattern
}

// Octets makes a payload of the given octets, which the payload keeps. It
// refuses what slen cannot tell rather than shorten it (EOP-LIM-5).
func Octets(octets []byte) (Payload, error) {
	if uint64(len(octets)) > math.MaxUint32 {
		return Payload{}, ErrTooLong
	}
	return Payload{length: uint32(len(octets)), octets: octets}, nil
}

// Text makes a payload of a short text.
func Text(text string) Payload {
	return Payload{length: uint32(len(text)), octets: []byte(text)}
}

const patternPeriod = 251

// patternRun holds the pattern from its beginning, some whole periods long and
// one period more, so that a run from any phase of it is long enough.
var patternRun = func() []byte {
	run := make([]byte, 256*patternPeriod)
	for i := range run {
		run[i] = byte(i % patternPeriod)
	}
	return run
}()

// Pattern makes a payload whose octet i, counted from 0, is i mod 251.
func Pattern(length uint32) Payload {
	return Payload{length: length}
}

// Len is the number of octets in the payload.
func (p Payload) Len() int64 { return int64(p.length) }

// From returns octets of the payload from the offset on: at least one if there
// is one, and not necessarily all.
func (p Payload) From(offset int64) []byte {
	if p.octets != nil {
		return p.octets[offset:]
	}
	run := patternRun[offset%patternPeriod:]
	if left := int64(p.length) - offset; left < int64(len(run)) {
		run = run[:left]
	}
	return run
}

// Fill copies octets of the frame that h and p make, from the offset within
// the frame on, behind dst, as far as its capacity goes. A header and the
// beginning of its payload so leave in one write (EOP-FRM-4).
func Fill(dst []byte, h Header, p Payload, offset int64) []byte {
	header := h.Append(nil)
	for offset < HeaderSize+p.Len() && len(dst) < cap(dst) {
		var run []byte
		if offset < HeaderSize {
			run = header[offset:]
		} else {
			run = p.From(offset - HeaderSize)
		}
		if room := cap(dst) - len(dst); room < len(run) {
			run = run[:room]
		}
		dst = append(dst, run...)
		offset += int64(len(run))
	}
	return dst
}
