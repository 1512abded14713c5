package driver

// This file reads the settings of a `connect`.

import (
	"strings"
	"time"

	"eop/internal/frame"
	"eop/internal/grammar"
	"eop/internal/session"
)

// connect is a command `connect` with its settings.
type connect struct {
	home     frame.Endpoint
	settings session.Settings
	// mapped tells which endpoint is really dialled (EOP-DRV-4); nil without
	// a setting `dial`.
	mapped map[frame.Endpoint]frame.Endpoint
	misuse string // why the settings contradict each other; empty if they do not
}

// The bounds that the client has.
const (
	mostRedirects = 1000
	mostMoves     = 1000
)

func (c *command) readConnect(words []string) (ok bool) {
	if len(words) == 0 {
		return false
	}
	k := &c.connect
	if k.home, ok = grammar.Endpoint(words[0]); !ok {
		return false
	}
	k.settings = session.Defaults()
	named := map[string]bool{}
	for _, word := range words[1:] {
		name, value, found := strings.Cut(word, "=")
		if !found || !k.set(name, value) {
			return false
		}
		if named[name] {
			k.misuse = "named-twice"
		}
		named[name] = true
	}
	if k.settings.Manual && k.settings.Automatic {
		k.misuse = "automatic-with-manual"
	}
	return true
}

// set reads one setting.
func (k *connect) set(name, value string) bool {
	s := &k.settings
	switch name {
	case "discipline":
		return choose(&s.Manual, value, "paired", "manual")
	case "resend":
		return choose(&s.Automatic, value, "explicit", "automatic")
	case "policy":
		return choose(&s.Paper, value, "secure", "paper")
	case "fallback":
		return choose(&s.FallBack, value, "none", "home")
	case "order":
		return choose(&s.NewFirst, value, "old-first", "new-first")
	case "allow":
		return k.setAllow(value)
	case "dial":
		return k.setDial(value)
	}
	number, ok := grammar.Number(value)
	milliseconds := time.Duration(number) * time.Millisecond
	switch name {
	case "greeting":
		s.Greetings = number
	case "limit":
		s.Limit = number
	case "budget":
		s.Budget = number
	case "max-redirects":
		s.MaxRedirects = k.bound(number, 0, mostRedirects)
	case "moves":
		s.Moves = k.bound(number, 1, mostMoves)
	case "deadline":
		s.Deadline = milliseconds
	case "episode":
		s.Episode = milliseconds
	case "stall":
		s.Stall = milliseconds
	case "header":
		s.Header = milliseconds
	default:
		return false
	}
	return ok
}

// choose reads a setting that has two words; chosen becomes true for the second.
func choose(chosen *bool, value, first, second string) bool {
	*chosen = value == second
	return value == first || value == second
}

// bound makes it misuse to ask for a bound that the client does not have.
func (k *connect) bound(number, least, most uint32) int {
	if number < least || number > most {
		k.misuse = "no-such-bound"
	}
	return int(number)
}

func (k *connect) setAllow(value string) bool {
	for _, text := range strings.Split(value, ",") {
		entry, ok := parseAllow(text)
		if !ok {
			return false
		}
		k.settings.Allow = append(k.settings.Allow, entry)
	}
	return true
}

func parseAllow(text string) (entry session.Allow, ok bool) {
	addr, rest, _ := strings.Cut(text, "/")
	prefix, ports, _ := strings.Cut(rest, ":")
	if entry.Addr, ok = grammar.IPv4(addr); !ok {
		return entry, false
	}
	bits, ok := grammar.Number(prefix)
	if !ok || bits > 32 {
		return entry, false
	}
	entry.Prefix = int(bits)
	if ports == "*" {
		entry.High = 65535
		return entry, true
	}
	low, high, isRange := strings.Cut(ports, "-")
	if !isRange {
		high = low
	}
	var lowOK, highOK bool
	entry.Low, lowOK = grammar.Port(low)
	entry.High, highOK = grammar.Port(high)
	return entry, lowOK && highOK
}

func (k *connect) setDial(value string) bool {
	if k.mapped == nil {
		k.mapped = map[frame.Endpoint]frame.Endpoint{}
	}
	for _, text := range strings.Split(value, ",") {
		before, behind, _ := strings.Cut(text, ">")
		from, fromOK := grammar.Endpoint(before)
		to, toOK := grammar.Endpoint(behind)
		if !fromOK || !toOK {
			return false
		}
		k.mapped[from] = to
	}
	return true
}

// dials tells which endpoint is to be dialled for one that the session
// believes it connects to, and false if none may be (EOP-DRV-5, EOP-DRV-6).
func (k *connect) dials(e frame.Endpoint) (frame.Endpoint, bool) {
	if k.mapped == nil {
		return e, e.Addr[0] == 127
	}
	to, ok := k.mapped[e]
	return to, ok
}
