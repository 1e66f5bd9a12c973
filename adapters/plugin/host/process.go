package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
)

// process is the process of a plugin, as go-plugin runs it (runner.Runner). It is
// the leader of a group of its own where ownGroup can make it that, so that what it has
// started ends with it.
type process struct {
	cmd         *exec.Cmd
	memoryLimit int

	stdoutRead, stdoutWrite *os.File
	stderrRead, stderrWrite *os.File
	greeting                greeting

	exited chan struct{} // closed when the process has ended
	state  *os.ProcessState

	mu      sync.Mutex
	started bool
	killed  bool // by us, or it was to be
}

// newProcess returns a process for cmd, to be started.
func newProcess(cmd *exec.Cmd, memoryLimit int) (*process, error) {
	p := &process{cmd: cmd, memoryLimit: memoryLimit, exited: make(chan struct{})}
	var err error
	if p.stdoutRead, p.stdoutWrite, err = os.Pipe(); err != nil {
		return nil, err
	}
	if p.stderrRead, p.stderrWrite, err = os.Pipe(); err != nil {
		p.close()
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = p.stdoutWrite, p.stderrWrite
	ownGroup(p.cmd)
	return p, nil
}

// Start starts the process. It ends with the thread that it is called on.
func (p *process) Start(context.Context) error {
	if err := p.begin(); err != nil {
		return err
	}
	go p.wait()
	if p.memoryLimit > 0 {
		if err := limitMemory(p.cmd.Process.Pid, p.memoryLimit); err != nil {
			p.kill()
			<-p.exited
			return err
		}
	}
	return nil
}

func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("it was to end before it was started")
	}
	err := p.cmd.Start()
	p.started = err == nil
	_ = p.stdoutWrite.Close() // the process has its own
	_ = p.stderrWrite.Close()
	return err
}

func (p *process) wait() {
	p.state, _ = p.cmd.Process.Wait() // it fails only for who is no child
	killGroup(p.cmd.Process)
	close(p.exited)
}

// kill ends the process and its group at once, or keeps it from being started. It
// may be called at any time.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended() {
		return
	}
	p.killed = true
	if p.started {
		killGroup(p.cmd.Process)
	}
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// endedItself reports whether the process has ended without being killed by us.
func (p *process) endedItself() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended() && !p.killed
}

// wasStarted reports whether there is, or was, a process.
func (p *process) wasStarted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

// close closes our ends of its output; nobody reads any more.
func (p *process) close() {
	for _, f := range []*os.File{p.stdoutRead, p.stdoutWrite, p.stderrRead, p.stderrWrite} {
		if f != nil {
			_ = f.Close() // those that are closed say so
		}
	}
}

// Stdout returns the standard output, of which the first line is remembered.
func (p *process) Stdout() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(p.stdoutRead, &p.greeting), p.stdoutRead}
}

// Stderr returns the standard error.
func (p *process) Stderr() io.ReadCloser { return p.stderrRead }

// Name returns the command.
func (p *process) Name() string { return p.cmd.Path }

// ID returns the number of the process.
func (p *process) ID() string {
	if !p.wasStarted() {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

// Wait waits for the end.
func (p *process) Wait(context.Context) error {
	<-p.exited
	return nil
}

// Kill ends the process.
func (p *process) Kill(context.Context) error {
	p.kill()
	return nil
}

// Diagnose says nothing: see start.go.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost returns the address as it is: both see the same files.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin returns the address as it is.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// greeting keeps the first line of what is written to it.
type greeting struct {
	mu   sync.Mutex
	text []byte
	done bool
}

const greetingMax = 4096

func (g *greeting) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.done {
		line, _, ended := bytes.Cut(p, []byte("\n"))
		g.text = append(g.text, line[:min(len(line), greetingMax-len(g.text))]...)
		g.done = ended || len(g.text) == greetingMax
	}
	return len(p), nil
}

func (g *greeting) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return string(bytes.TrimSpace(g.text))
}
