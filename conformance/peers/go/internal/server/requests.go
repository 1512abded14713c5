package server

// This file reads the requests of the test service (section 2.2 of testee.md).

import (
	"strings"

	"eop/internal/frame"
	"eop/internal/grammar"
)

// request is one that matches the grammar and the rules of its steps.
type request struct {
	verb  string // hello, do, listen, mark, marked or signal
	token string // of mark, marked and signal
	steps []step // of do and listen
}

// step is one of those of a `do` or a `listen`.
type step struct {
	verb    string // answer, redirect, await, mark, fin or reset
	token   string // of await and mark
	list    []frame.Endpoint
	payload *frame.Payload // of answer; of redirect, nil if it has no response
}

// parseRequest returns false for what is answered `unknown` (EOP-TST-5).
func parseRequest(text string) (r request, ok bool) {
	verb, rest, hasRest := strings.Cut(text, " ")
	r.verb = verb
	switch verb {
	case "hello":
		return r, !hasRest
	case "mark", "marked", "signal":
		r.token = rest
		return r, grammar.Token(rest)
	case "do":
		r.steps, ok = parseSteps(rest)
		return r, ok && doRules(r.steps)
	case "listen":
		r.steps, ok = parseSteps(rest)
		return r, ok && listenRules(r.steps)
	}
	return r, false
}

func parseSteps(text string) (steps []step, ok bool) {
	for _, part := range strings.Split(text, ";") {
		s, ok := parseStep(part)
		if !ok {
			return nil, false
		}
		steps = append(steps, s)
	}
	return steps, true
}

func parseStep(text string) (s step, ok bool) {
	words := strings.Split(text, " ")
	s.verb = words[0]
	switch {
	case (s.verb == "fin" || s.verb == "reset") && len(words) == 1:
		return s, true
	case (s.verb == "await" || s.verb == "mark") && len(words) == 2:
		s.token = words[1]
		return s, grammar.Token(s.token)
	case s.verb == "answer" && len(words) == 2:
		return s, s.takePayload(words[1])
	case s.verb == "redirect" && (len(words) == 2 || len(words) == 3):
		s.list, ok = grammar.List(words[1])
		return s, ok && (len(words) == 2 || s.takePayload(words[2]))
	}
	return s, false
}

func (s *step) takePayload(word string) bool {
	payload, ok := grammar.Payload(word)
	s.payload = &payload
	return ok
}

// ends tells whether the step has to be the last one.
func (s step) ends() bool {
	return s.verb == "redirect" || s.verb == "fin" || s.verb == "reset"
}

// listenRules are EOP-TST-7.
func listenRules(steps []step) bool {
	for _, s := range steps[:len(steps)-1] {
		if s.ends() {
			return false
		}
	}
	return true
}

// doRules are EOP-TST-6 and EOP-TST-8.
func doRules(steps []step) bool {
	answers := 0
	for _, s := range steps {
		if s.verb == "answer" {
			answers++
		}
	}
	last := steps[len(steps)-1]
	lateTwice := answers > 0 && last.verb == "redirect" && last.payload != nil
	return listenRules(steps) && answers <= 1 && (answers == 1 || last.ends()) && !lateTwice
}
