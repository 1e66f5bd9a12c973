package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// life is one process of a plugin that is ready, or one that was attached to: from
// its start to its end.
type life struct {
	conn  *grpc.ClientConn
	can   *adapterv1.ConfigureReply
	began time.Time

	client  *goplugin.Client // these are nil when it was attached to
	process *process
	output  *output // what the process writes to standard error
	dir     string

	stdout, stderr *output // what a plugin in Go has go-plugin send in place of those

	cancel   context.CancelFunc // of the watches
	watching sync.WaitGroup

	done chan struct{} // closed when it is of no more use

	mu      sync.Mutex
	reason  error // why it is of no more use
	closing bool  // nobody may begin to use it
	users   sync.WaitGroup
}

// stopPatience is how long a process may take to end when it is asked to, and how long
// those who use it may take to let go of it.
const stopPatience = 3 * time.Second

// watch begins to look after l.
func (l *life) watch(interval time.Duration, misses int) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.watching.Go(func() { l.checkHealth(ctx, interval, misses) })
	if l.process == nil {
		return
	}
	l.watching.Go(func() {
		select {
		case <-l.process.exited:
			l.fail(fmt.Errorf("the process ended: %v", l.process.state))
		case <-ctx.Done():
		}
	})
}

// checkHealth asks the plugin again and again whether it lives. What it answers does
// not matter, as long as it answers.
func (l *life) checkHealth(ctx context.Context, interval time.Duration, misses int) {
	client := grpc_health_v1.NewHealthClient(l.conn)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	missed := 0
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		asked, cancel := context.WithTimeout(ctx, interval)
		_, err := client.Check(asked, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
		cancel()
		if err == nil {
			missed = 0
			continue
		}
		if missed++; missed >= misses && ctx.Err() == nil {
			l.fail(fmt.Errorf("it did not answer when asked %d times in a row whether it lives: %s", misses, status.Convert(err).Message()))
			return
		}
	}
}

// fail says that l is of no more use. The first reason counts.
func (l *life) fail(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason == nil {
		l.reason = reason
		close(l.done)
	}
}

// failed reports whether l is of no more use.
func (l *life) failed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// settle says that l is of no use because of err, and returns why: when the connection
// was lost, it gives the process a moment to be seen to have ended.
func (l *life) settle(ctx context.Context, err error) error {
	if status.Code(err) == codes.Unavailable && l.process != nil {
		timer := time.NewTimer(settleTime)
		defer timer.Stop()
		select {
		case <-l.process.exited:
			err = fmt.Errorf("the process ended: %v", l.process.state)
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if s, ok := status.FromError(err); ok {
		err = errors.New(s.Message())
	}
	l.fail(err)
	return l.reason
}

const settleTime = 200 * time.Millisecond

// lasted returns how long l has lived.
func (l *life) lasted() time.Duration { return time.Since(l.began) }

// acquire keeps l from being stopped until release; false means that it is too late.
func (l *life) acquire() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return false
	}
	l.users.Add(1)
	return true
}

func (l *life) release() { l.users.Done() }

// stop ends the process and returns when nothing of it is left: no process, no file,
// no goroutine. A process that still works is first asked to end.
func (l *life) stop() {
	l.mu.Lock()
	l.closing = true
	healthy := l.reason == nil
	l.mu.Unlock()
	l.cancel()
	l.watching.Wait()
	if healthy {
		l.unused(stopPatience)
	}
	if l.process == nil {
		_ = l.conn.Close() // it is not used any more
		l.users.Wait()
		return
	}
	if !healthy {
		l.process.kill()
	}
	late := time.AfterFunc(stopPatience, l.process.kill)
	l.client.Kill()
	late.Stop()
	l.users.Wait() // their calls fail now
	l.discard()
}

// unused waits until nobody uses l, or for some time.
func (l *life) unused(patience time.Duration) {
	done := make(chan struct{})
	go func() {
		l.users.Wait()
		close(done)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// discard puts away what the process has left.
func (l *life) discard() {
	l.process.close()
	for _, o := range []*output{l.output, l.stdout, l.stderr} {
		o.close()
	}
	_ = os.RemoveAll(l.dir) // it is in the system's folder for such
}

// whyEnded returns why l ended, once it has been stopped: if its process has ended
// by itself, that is the reason, whatever was noticed first.
func (l *life) whyEnded() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.process != nil && l.process.endedItself() {
		return withLines(fmt.Errorf("the process ended: %v", l.process.state), l.output)
	}
	if l.reason == nil {
		return errors.New("it was stopped")
	}
	return l.reason
}

// withLines adds what a plugin wrote last to an error.
func withLines(err error, o *output) error {
	if lines := o.lines(); lines != "" {
		return fmt.Errorf("%w; it wrote: %s", err, lines)
	}
	return err
}
