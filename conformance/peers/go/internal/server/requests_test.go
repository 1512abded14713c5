package server

import (
	"os"
	"testing"

	"eop/internal/examples"
)

func TestRequests(t *testing.T) {
	text, err := os.ReadFile("../../../../../spec/testee.md")
	if err != nil {
		t.Skip(err)
	}
	for heading, want := range map[string]bool{
		"examples request":        true,
		"counterexamples request": false,
		"misuse request":          false,
	} {
		for _, line := range examples.Under(string(text), heading) {
			if _, ok := parseRequest(line); ok != want {
				t.Errorf("%s: %q: accepted: %v", heading, line, ok)
			}
		}
	}
}
