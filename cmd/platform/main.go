// Command platform rehearses, previews, updates and destroys the platform's environments. It is a thin layer over
// package automation, for people and pipelines; plain pulumi works as well and runs the same program.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	interrupts := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		interrupts = append(interrupts, syscall.SIGHUP) // a connection that is lost
	}
	ctx, stop := signal.NotifyContext(context.Background(), interrupts...)
	t := &terminal{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		rich: isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb", asks: isTerminal(os.Stdin),
		colour: isTerminal(os.Stdout) && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == "",
	}
	go func() {
		<-ctx.Done()
		stop() // a second interrupt ends the process immediately
		t.note("interrupted: operations in progress finish first (interrupt again to quit immediately: the engine then finishes in the background)")
	}()
	os.Exit(run(ctx, t, os.Args[1:]))
}
