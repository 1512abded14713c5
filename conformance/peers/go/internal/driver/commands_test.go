package driver

import (
	"os"
	"testing"

	"eop/internal/examples"
)

func TestCommands(t *testing.T) {
	text, err := os.ReadFile("../../../../../spec/testee.md")
	if err != nil {
		t.Skip(err)
	}
	for heading, want := range map[string]struct{ matches, misuse bool }{
		"examples command":        {true, false},
		"counterexamples command": {false, false},
		"misuse command":          {true, true},
	} {
		for _, line := range examples.Under(string(text), heading) {
			c := parseCommand(line)
			misuse := c.bad == "" && c.connect.misuse != ""
			if (c.bad == "") != want.matches || misuse != want.misuse {
				t.Errorf("%s: %q: bad %q, misuse %q", heading, line, c.bad, c.connect.misuse)
			}
		}
	}
}
