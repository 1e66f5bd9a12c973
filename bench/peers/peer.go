//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/halley-stream/halley/bench/peers/clients"
)

// peer is a server to compare with, in one setting.
type peer struct {
	name string
	// transport is Halley's, to compare with: ws or http.
	transport string
	// setting says in words what it is set to, and where that comes from.
	setting string
	// gentle is how long it runs at a fraction of the load first, so that a virtual
	// machine compiles what is hot without falling behind; warmup is how long it then
	// runs under load before it is measured.
	gentle, warmup time.Duration
	dialogue       clients.Dialogue
	start          starter
}

// starter starts a peer for so many clients, and fetches before what it consists of.
type starter func(ctx context.Context, w *workshop, count int) (*process, error)

const (
	// startPatience is how long a peer may take until it listens.
	startPatience = 30 * time.Second
	// stopPatience is how long it may take to end.
	stopPatience = 5 * time.Second
)

// process is a peer that runs.
type process struct {
	address   string
	pid       int
	version   string
	publisher publisher

	command *exec.Cmd
	input   io.Closer     // ends the peer
	exited  chan struct{} // closed when it has ended
}

// startProcess starts a program that publishes what it reads and prints its port.
func startProcess(ctx context.Context, version string, stderr io.Writer, name string, args ...string) (*process, error) {
	p := &process{version: version, exited: make(chan struct{})}
	p.command = newCommand(stderr, name, args...)
	input, err1 := p.command.StdinPipe()
	output, err2 := p.command.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	p.input, p.publisher = input, pipe{input}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.pid = p.command.Process.Pid
	port := make(chan string, 1)
	go func() {
		var text string
		_, _ = fmt.Fscan(output, &text) // an empty one tells
		port <- text
		_, _ = io.Copy(io.Discard, output)
		_ = p.command.Wait() // how it ends does not matter
		close(p.exited)
	}()
	timer := time.NewTimer(startPatience)
	defer timer.Stop()
	err := fmt.Errorf("%s does not listen after %v", name, startPatience)
	select {
	case text := <-port:
		if _, bad := strconv.ParseUint(text, 10, 16); bad == nil {
			p.address = "127.0.0.1:" + text
			return p, nil
		}
		err = fmt.Errorf("%s ended at once, or said %q", name, text)
	case <-timer.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.stop()
	return nil, err
}

// newCommand returns a command in a process group of its own, so that an interrupt in
// the terminal reaches only us, and that ends with us.
func newCommand(stderr io.Writer, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Stderr = stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return c
}

// stop ends the peer, and kills it with all its processes if it takes too long.
func (p *process) stop() {
	if p.input != nil {
		p.input.Close()
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-p.exited:
		return
	case <-patience.C:
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // it may have ended
	<-p.exited
}

// alive reports whether the peer runs.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// pipe is the standard input of a peer.
type pipe struct{ io.Writer }

func (p pipe) publish(lines []byte) error {
	_, err := p.Write(lines)
	return err
}

// numbers writes items as a list.
func numbers(items []int, prefix, between string) string {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(prefix)
		b.WriteString(strconv.Itoa(item))
	}
	return b.String()
}
