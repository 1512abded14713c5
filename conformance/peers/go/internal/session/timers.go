package session

// This file has the session's time: which limit passes next, and what comes of
// it. The stall of the transport is the transport holder's to see.

import "time"

// NextTimer is when Tick has something to do; false if never.
func (s *Session) NextTimer() (time.Time, bool) {
	var next time.Time
	consider := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if s.homeIsTimed() {
		consider(s.begun.Add(s.settings.Deadline))
	}
	if s.episodeIsTimed() {
		consider(s.clock().Add(s.deadlineLeft()))
	}
	if s.state == Open && !s.conn.headerSince.IsZero() {
		consider(s.conn.headerSince.Add(s.settings.Header))
	}
	if s.episode.runs() && !s.quiet.IsZero() {
		consider(s.quiet.Add(s.settings.Episode))
	}
	return next, !next.IsZero()
}

// homeIsTimed tells whether home is being connected to or its greetings are
// waited for (EOP-EPI-9).
func (s *Session) homeIsTimed() bool {
	return s.state == Dialing || s.state == Open && s.hop == 0 && s.conn.greetingsDue > 0
}

// episodeIsTimed tells whether the episode's deadline can end the session now:
// while it connects or waits for greetings (EOP-EPI-5).
func (s *Session) episodeIsTimed() bool {
	return s.episode.runs() && (s.state == Moving || s.state == Open && s.conn.greetingsDue > 0)
}

func (s *Session) deadlineLeft() time.Duration {
	return s.settings.Deadline - (s.watch.read(s.clock()) - s.episode.moves[0].at)
}

func (s *Session) deadlinePassed() bool {
	return s.episode.runs() && s.deadlineLeft() <= 0
}

// Tick lets pass what has passed.
func (s *Session) Tick() {
	now := s.clock()
	passed := func(since time.Time, limit time.Duration) bool {
		return !since.IsZero() && now.Sub(since) >= limit
	}
	if passed(s.quiet, s.settings.Episode) { // EOP-EPI-11
		s.episode.end()
	}
	switch {
	case s.homeIsTimed() && passed(s.begun, s.settings.Deadline):
		if s.state == Dialing {
			s.end(outcome{kind: ConnectFailed})
		} else {
			s.lose(Timeout)
		}
	case s.episodeIsTimed() && s.deadlinePassed():
		target := s.dialled
		s.end(outcome{kind: RedirectDeadline, judged: &target, onConnection: s.state == Open})
	case s.state == Open && passed(s.conn.headerSince, s.settings.Header): // EOP-TIM-1
		s.lose(Timeout)
	}
	s.changed()
}
