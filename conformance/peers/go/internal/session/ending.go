package session

// This file has the end of a session: which kind it is, and when it is told.

import "eop/internal/frame"

// outcome is how a session ended, before it is known what is left outstanding.
type outcome struct {
	kind         Kind            // EOF is also a FIN with something outstanding
	onConnection bool            // the current connection ended so
	failed       *frame.Endpoint // the target whose failure it is
	judged       *frame.Endpoint // the target that was not followed
	reason       Reason
	late         bool
}

// end ends the session, or lets the application retire first what was
// delivered before (EOP-ACC-14).
func (s *Session) end(o outcome) {
	s.outcome = o
	s.hangUp()
	unsettled := s.state == Settling || s.state != Dialing && (len(s.queue) > 0 || s.unretired)
	if s.settings.Manual && unsettled {
		s.state = Settling
	} else {
		s.settle()
	}
}

// settle tells the end, once.
func (s *Session) settle() {
	if s.state == Over {
		return
	}
	s.hangUp()
	s.state = Over
	s.tell(s.ended())
}

func (s *Session) ended() Ended {
	o := s.outcome
	e := Ended{Kind: o.kind, Counts: s.queue.counts()}
	redirected := o.kind != Closed && !o.onConnection && (o.failed != nil || o.judged != nil)
	if redirected && s.halfClosing && len(s.queue) == 0 { // EOP-HCL-3
		return Ended{Kind: EOF}
	}
	if o.kind == EOF && len(s.queue) > 0 {
		e.Kind = Uncertain
	}
	unanswered := !o.onConnection || !s.conn.answered
	switch {
	case e.Kind == EOF: // EOP-FAI-6
	case o.failed != nil && unanswered: // EOP-FAI-1
		e.Kind, e.Target, e.Cause = RedirectFailed, o.failed, e.Kind
	case o.judged != nil:
		e.Target, e.Reason = o.judged, o.reason
	}
	return e
}
