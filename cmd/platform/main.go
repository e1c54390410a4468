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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, rich: isTerminal(os.Stderr), asks: isTerminal(os.Stdin)}
	go func() {
		<-ctx.Done()
		stop() // a second interrupt ends the process at once
		t.note("interrupted: what is under way comes to its end first (interrupt again to stop at once, which may leave a lock behind)")
	}()
	os.Exit(run(ctx, t, os.Args[1:]))
}
