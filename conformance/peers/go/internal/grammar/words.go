// Package grammar reads the words that both contracts with the test suite
// share (section 1 of testee.md). Each function returns false for a text that
// does not match its rule.
package grammar

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"eop/internal/frame"
)

// Number is 0 to 4294967295, without sign and leading zero.
func Number(text string) (uint32, bool) { return number(text, math.MaxUint32) }

// number reads digits alone, so that strconv's liberties do not matter.
func number(text string, most uint64) (uint32, bool) {
	if text == "" || len(text) > 1 && text[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	value, err := strconv.ParseUint(text, 10, 64)
	return uint32(value), err == nil && value <= most
}

// Token tells whether the text is 1 to 32 of a to z, 0 to 9 and hyphen.
func Token(text string) bool {
	if len(text) < 1 || len(text) > 32 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Payload is `-`, octets in lower-case hex, or `@N`.
func Payload(text string) (frame.Payload, bool) {
	if text == "-" {
		return frame.Pattern(0), true
	}
	if strings.HasPrefix(text, "@") {
		length, ok := Number(text[1:])
		return frame.Pattern(length), ok
	}
	if text == "" || strings.ToLower(text) != text {
		return frame.Payload{}, false
	}
	octets, err := hex.DecodeString(text)
	if err != nil {
		return frame.Payload{}, false
	}
	payload, err := frame.Octets(octets)
	return payload, err == nil
}

// IPv4 is a dotted quad.
func IPv4(text string) (addr [4]byte, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return addr, false
	}
	for i, part := range parts {
		value, ok := number(part, math.MaxUint8)
		if !ok {
			return addr, false
		}
		addr[i] = byte(value)
	}
	return addr, true
}

// Port is 0 to 65535.
func Port(text string) (uint16, bool) {
	value, ok := number(text, math.MaxUint16)
	return uint16(value), ok
}

// Endpoint is an address, a colon and a port.
func Endpoint(text string) (frame.Endpoint, bool) {
	host, service, found := strings.Cut(text, ":")
	addr, hostOK := IPv4(host)
	port, portOK := Port(service)
	return frame.Endpoint{Addr: addr, Port: port}, found && hostOK && portOK
}

// List is one endpoint or more, with commas between them.
func List(text string) ([]frame.Endpoint, bool) {
	var list []frame.Endpoint
	for _, part := range strings.Split(text, ",") {
		endpoint, ok := Endpoint(part)
		if !ok {
			return nil, false
		}
		list = append(list, endpoint)
	}
	return list, true
}
