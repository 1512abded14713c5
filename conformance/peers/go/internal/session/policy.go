package session

// This file has the target policy (section 8 of eop.md): which targets a
// client refuses whatever the bounds are.

import (
	"encoding/binary"

	"eop/internal/frame"
)

// Reason tells which check of the policy refused a target.
type Reason string

// The reasons, in the order of the checks.
const (
	Forbidden Reason = "forbidden"
	Scope     Reason = "scope"
	Port      Reason = "port"
	Special   Reason = "special"
	Insecure  Reason = "insecure"
)

// scope is how far an address reaches, narrow to wide.
type scope int

const (
	loopback scope = iota
	linkLocal
	private
	global
)

type prefix struct {
	addr [4]byte
	bits int
}

func (p prefix) holds(addr [4]byte) bool {
	mask := ^uint32(0) << (32 - p.bits)
	return number(addr)&mask == number(p.addr)
}

var scopes = []struct {
	prefix
	scope
}{
	{prefix{[4]byte{127}, 8}, loopback},
	{prefix{[4]byte{169, 254}, 16}, linkLocal},
	{prefix{[4]byte{10}, 8}, private},
	{prefix{[4]byte{172, 16}, 12}, private},
	{prefix{[4]byte{192, 168}, 16}, private},
	{prefix{[4]byte{100, 64}, 10}, private},
}

// specials are reserved for documentation, benchmarking and protocol
// assignments (EOP-POL-4).
var specials = []prefix{
	{[4]byte{192, 0, 2}, 24},
	{[4]byte{198, 51, 100}, 24},
	{[4]byte{203, 0, 113}, 24},
	{[4]byte{198, 18}, 15},
	{[4]byte{192, 0, 0}, 24},
}

func number(addr [4]byte) uint32 { return binary.BigEndian.Uint32(addr[:]) }

func scopeOf(e frame.Endpoint) scope {
	for _, s := range scopes {
		if s.holds(e.Addr) {
			return s.scope
		}
	}
	return global
}

// refusal is the policy's judgement of a target: the reason of the first check
// that refuses it, or nothing. The redirector is the endpoint that the client
// connected to.
func (s *Settings) refusal(target, redirector, home frame.Endpoint) Reason {
	if target.Unusable() { // EOP-POL-1, which no allow-list entry lifts
		return Forbidden
	}
	for _, entry := range s.Allow {
		if entry.matches(target) {
			return ""
		}
	}
	there, here := scopeOf(target), scopeOf(redirector)
	if there < here && there < scopeOf(home) { // EOP-POL-2
		return Scope
	}
	if target.Port < 1024 && target.Port != home.Port { // EOP-POL-3
		return Port
	}
	for _, p := range specials { // EOP-POL-4
		if p.holds(target.Addr) {
			return Special
		}
	}
	kept := there == here && (here == loopback || here == private)
	if !s.Paper && !kept { // EOP-POL-6; every connection here is cleartext
		return Insecure
	}
	return ""
}
