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
	go func() {
		<-ctx.Done()
		stop() // a second interrupt ends the process at once
	}()
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, rich: isTerminal(os.Stderr), asks: isTerminal(os.Stdin)}
	os.Exit(run(ctx, t, os.Args[1:]))
}
