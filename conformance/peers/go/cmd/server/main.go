// The server under test: it speaks the test service of testee.md over EOP.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"eop/internal/grammar"
	"eop/internal/server"
)

func main() {
	anyAddress := flag.Bool("any-address", false, "listen on an address other than loopback")
	flag.Parse()
	if err := run(*anyAddress); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run serves until standard input ends (EOP-TST-2); connections are not waited
// for.
func run(anyAddress bool) error {
	text := os.Getenv("EOP_LISTEN")
	if text == "" {
		text = "127.0.0.1:0"
	}
	at, ok := grammar.Endpoint(text)
	if !ok {
		return fmt.Errorf("EOP_LISTEN: %q is no endpoint", text)
	}
	if at.Addr[0] != 127 && !anyAddress { // EOP-TST-3
		return fmt.Errorf("%s is not a loopback address; see -any-address", at)
	}
	options, err := server.ParseOptions(os.Getenv("EOP_OPTIONS"))
	if err != nil {
		return err
	}
	taken, err := server.New(options).Listen(at)
	if err != nil {
		return err
	}
	fmt.Printf("ready %s\n", taken) // EOP-TST-1
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
