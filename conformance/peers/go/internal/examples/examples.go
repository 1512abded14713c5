// Package examples finds the examples of testee.md, for tests.
package examples

import "strings"

// Under returns the lines of the blocks that the text has under a heading such
// as "examples request".
func Under(text, heading string) (lines []string) {
	inside := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "```"+heading:
			inside = true
		case line == "```":
			inside = false
		case inside:
			lines = append(lines, line)
		}
	}
	return lines
}
