// Command halley is the server: it joins the engine, the transport and the
// adapters, and it is the only place that reads flags, files and the
// environment. Everything it does lives in the packages below it.
//
// Data goes to standard output, talk goes to standard error. Exit codes: 0 for
// success, 1 for a failure, 2 for wrong usage or a wrong configuration.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := withSignals(context.Background(), os.Exit)
	env := &environment{
		name:     "halley",
		args:     os.Args[1:],
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		environ:  os.Environ(),
		terminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
	}
	code := runMain(ctx, env)
	stop()
	os.Exit(code)
}

// withSignals returns a context that the first interrupt cancels, which starts
// the drain. The second interrupt calls exit at once, for those who will not
// wait. The function returned ends the watching.
func withSignals(parent context.Context, exit func(code int)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for first := true; ; first = false {
			select {
			case <-signals:
			case <-done:
				return
			}
			if !first {
				exit(exitFailure)
				return
			}
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		<-ended
		cancel()
	}
}
