package server

// This file has what all connections of the process share: the counts of the
// tokens and their signals (EOP-TST-21).

import "sync"

type board struct {
	mutex   sync.Mutex
	counts  map[string]uint64
	signals map[string]chan struct{} // closed once the token was signalled
}

func newBoard() *board {
	return &board{counts: map[string]uint64{}, signals: map[string]chan struct{}{}}
}

// mark adds one to the count of a token and returns the new count.
func (b *board) mark(token string) uint64 {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.counts[token]++
	return b.counts[token]
}

func (b *board) marked(token string) uint64 {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.counts[token]
}

// signalled is closed once the token was signalled.
func (b *board) signalled(token string) <-chan struct{} {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.channel(token)
}

// signal releases every await of the token, past and future (EOP-TST-18).
func (b *board) signal(token string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	channel := b.channel(token)
	select {
	case <-channel:
	default:
		close(channel)
	}
}

func (b *board) channel(token string) chan struct{} {
	channel, ok := b.signals[token]
	if !ok {
		channel = make(chan struct{})
		b.signals[token] = channel
	}
	return channel
}
