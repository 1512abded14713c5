package session

// This file has the moves: a REDIRECT, the judgement of its target, the next
// connection, and the fallback.

import "eop/internal/frame"

// redirect does what section 4.1 of eop.md lists, once the payload of the
// REDIRECT was delivered.
func (s *Session) redirect(target frame.Endpoint, late bool) {
	s.queue.redirected()
	if s.halfClosing && len(s.queue) == 0 { // EOP-HCL-3
		s.end(outcome{kind: EOF})
		return
	}
	s.judge(target, late)
}

// judge follows the target, or ends the session with the first error that
// refuses it (EOP-POL-9).
func (s *Session) judge(target frame.Endpoint, late bool) {
	next := move{
		from:       s.conn.number,
		redirector: s.conn.endpoint,
		answered:   s.conn.answered,
		target:     target,
	}
	refused := outcome{judged: &target, late: late}
	if refused.reason = s.settings.refusal(target, s.conn.endpoint, s.home); refused.reason != "" {
		refused.kind = RedirectRefused
	} else {
		refused.kind = s.outOfBounds(next)
	}
	if refused.kind != "" {
		s.end(refused)
		return
	}
	s.queue.hold(s.settings.Automatic, s.settings.Budget)
	hold := s.settings.Manual && s.halfClosing
	s.follow(next)
	s.tell(Redirected{Target: target, Owed: len(s.queue), Late: late, Hop: s.hop, Decision: s.queue.awaitsDecision()})
	if hold || !s.settings.NewFirst { // EOP-CLS-9
		s.hangUp()
	}
	if hold { // section 5.4: until then it is not known whether to connect
		s.state = Holding
		return
	}
	s.tell(Dial{target})
}

// outOfBounds names the first bound that a move would pass.
func (s *Session) outOfBounds(next move) Kind {
	now := s.clock()
	switch {
	case s.settings.MaxRedirects == 0: // EOP-EPI-8
		return NotFollowed
	case s.episode.visited(next): // EOP-EPI-2
		return RedirectLoop
	case len(s.episode.moves) >= s.settings.MaxRedirects: // EOP-EPI-1
		return TooManyRedirects
	case s.window.full(now, s.settings.Moves): // EOP-EPI-7
		return TooManyRedirects
	case s.deadlinePassed(): // EOP-EPI-5
		return RedirectDeadline
	}
	return ""
}

func (s *Session) follow(next move) {
	now := s.clock()
	next.at = s.watch.read(now)
	s.episode.moves = append(s.episode.moves, next)
	s.window = append(s.window, now)
	s.hop++
	s.dialled, s.toTarget = next.target, !next.fallback
	s.state = Moving
}

// hangUp closes the connection that stands, if one does (EOP-CLS-8).
func (s *Session) hangUp() {
	if s.stands {
		s.stands = false
		s.tell(Hangup{})
	}
}

// judgeAgain judges the REDIRECT that ended the session once more: an answer
// that was retired since may have ended the episode before it (section 7).
func (s *Session) judgeAgain() {
	o := s.outcome
	cleared := s.halfClosing && len(s.queue) == 0
	if s.state == Settling && !cleared && (o.kind == RedirectLoop || o.kind == TooManyRedirects) {
		s.judge(*o.judged, o.late)
	}
}

// Connected says that the connection that Dial asked for stands.
func (s *Session) Connected() {
	if s.state == Dialing {
		s.dialled = s.home
	}
	s.hangUp()
	s.stands = true
	s.conn = connection{
		number:       s.conn.number + 1,
		endpoint:     s.dialled,
		isTarget:     s.toTarget,
		reader:       frame.NewReader(s.settings.Limit), // EOP-RED-9: a parser of its own
		greetingsDue: s.settings.Greetings,
	}
	s.state = Open
	s.tell(Connected{Endpoint: s.dialled, Hop: s.hop})
	s.changed()
}

// ConnectFailed says that it could not be made.
func (s *Session) ConnectFailed() {
	s.hangUp()
	if s.state == Moving && s.toTarget {
		if !s.fallBack() {
			target := s.dialled
			s.end(outcome{kind: ConnectFailed, failed: &target})
		}
	} else {
		s.end(outcome{kind: ConnectFailed})
	}
	s.changed()
}

// fallBack goes to home because a target failed, if it may (EOP-FAI-4,
// EOP-FAI-5, EOP-FAI-8).
func (s *Session) fallBack() bool {
	cleared := s.halfClosing && len(s.queue) == 0
	may := s.settings.FallBack && s.episode.runs() && !s.episode.fellBack() &&
		!s.queue.anyOffered() && !cleared &&
		len(s.episode.moves) < s.settings.MaxRedirects &&
		!s.window.full(s.clock(), s.settings.Moves) && !s.deadlinePassed()
	if !may {
		return false
	}
	s.follow(move{from: s.conn.number, redirector: s.conn.endpoint, target: s.home, fallback: true})
	s.queue.hold(s.settings.Automatic, s.settings.Budget)
	s.tell(Dial{s.home})
	return true
}
