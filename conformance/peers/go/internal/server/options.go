package server

// This file has the options of a started server (section 2.1 of testee.md).

import (
	"fmt"
	"strings"
	"time"

	"eop/internal/grammar"
)

// Options are the limits in force.
type Options struct {
	Limit       uint32        // EOP-LIM-2
	LingerIdle  time.Duration // EOP-CLS-3, without an octet
	LingerTotal time.Duration // EOP-CLS-3, in all
	Header      time.Duration // EOP-TIM-1
	Stall       time.Duration // EOP-CLS-12
}

// ParseOptions reads EOP_OPTIONS. What is not named has its default; an option
// that is not known is ignored (EOP-TST-30 to EOP-TST-32).
func ParseOptions(text string) (Options, error) {
	o := Options{
		Limit:       1 << 20,
		LingerIdle:  5 * time.Second,
		LingerTotal: 30 * time.Second,
		Header:      10 * time.Second,
		Stall:       30 * time.Second,
	}
	times := map[string]*time.Duration{
		"linger-idle":  &o.LingerIdle,
		"linger-total": &o.LingerTotal,
		"header":       &o.Header,
		"stall":        &o.Stall,
	}
	for _, option := range strings.Fields(text) {
		name, value, _ := strings.Cut(option, "=")
		number, ok := grammar.Number(value)
		limit, known := times[name]
		switch {
		case name != "limit" && !known:
		case !ok:
			return o, fmt.Errorf("option %q: the value is no number", option)
		case known:
			*limit = time.Duration(number) * time.Millisecond
		default:
			o.Limit = number
		}
	}
	return o, nil
}

// String is the answer to a `hello` (EOP-TST-15).
func (o Options) String() string {
	return fmt.Sprintf("eop-test 1 limit=%d linger-idle=%d linger-total=%d header=%d stall=%d", o.Limit,
		o.LingerIdle.Milliseconds(), o.LingerTotal.Milliseconds(), o.Header.Milliseconds(), o.Stall.Milliseconds())
}
