// The client under test: a driver of sessions as testee.md has it.
package main

import (
	"fmt"
	"os"

	"eop/internal/driver"
)

func main() {
	if err := driver.Run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}
