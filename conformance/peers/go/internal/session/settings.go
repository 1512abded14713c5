package session

// This file has what the application may set, and the defaults of eop.md.

import (
	"time"

	"eop/internal/frame"
)

// Settings are those of one session.
type Settings struct {
	Manual       bool   // the discipline is manual, not paired
	Greetings    uint32 // K of EOP-ACC-4
	Automatic    bool   // owed messages are resent without a decision
	Paper        bool   // the policy is paper, not secure
	Allow        []Allow
	FallBack     bool   // to home, EOP-FAI-4
	NewFirst     bool   // connect before the old connection is closed, EOP-CLS-9
	Limit        uint32 // EOP-LIM-2
	Budget       uint32 // EOP-RSD-15, octets
	MaxRedirects int    // EOP-EPI-1
	Moves        int    // EOP-EPI-7
	Deadline     time.Duration
	Episode      time.Duration
	Stall        time.Duration
	Header       time.Duration
}

// movesWindow is the time over which EOP-EPI-7 counts.
const movesWindow = 60 * time.Second

// Defaults returns the settings that hold if the application names none.
func Defaults() Settings {
	return Settings{
		Limit:        1 << 20,
		Budget:       1 << 20,
		MaxRedirects: 5,
		Moves:        30,
		Deadline:     30 * time.Second,
		Episode:      10 * time.Second,
		Stall:        30 * time.Second,
		Header:       10 * time.Second,
	}
}

// Allow is an entry of the allow-list: the addresses in a prefix, with the
// ports of a range.
type Allow struct {
	Addr      [4]byte
	Prefix    int
	Low, High uint16
}

func (a Allow) matches(e frame.Endpoint) bool {
	mask := ^uint32(0) << (32 - a.Prefix)
	return number(a.Addr)&mask == number(e.Addr)&mask && a.Low <= e.Port && e.Port <= a.High
}
