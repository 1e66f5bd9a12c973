package transport

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/halley-stream/halley/engine"
	"github.com/halley-stream/halley/engine/transport/http1"
)

// Config is how a server is set up. The zero value of a field stands for its
// default, unless it says otherwise.
type Config struct {
	Listen         string        // address, ":8080"
	Limits         http1.Limits  // of a request; a WebSocket message may have Limits.Body bytes
	RequestTimeout time.Duration // from a request's first byte to its last; default 10 s
	IdleTimeout    time.Duration // of a connection that says nothing and streams nothing; default 60 s
	Connections    int           // at a time; default 19,000
	Origins        http1.Origins // pages that may use the server; default all
	Cookie         string        // "name=value" that TLCP's answers set, so that a load balancer knows the server again; empty: none
	Pages          fs.FS         // served on GET, "index.html" for "/"; nil: none
	// Logger takes what gnet has to say; nil discards it. gnet warns of each
	// connection that was reset: give it one that limits the rate.
	Logger Logger
}

// Logger is what gnet logs to.
type Logger interface {
	Debugf(format string, args ...any)
	Infof(format string, args ...any)
	Warnf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func (c *Config) complete() {
	if c.Limits.Head == 0 {
		c.Limits.Head = 16 << 10
	}
	if c.Limits.Body == 0 {
		c.Limits.Body = 64 << 10
	}
	if c.RequestTimeout == 0 {
		c.RequestTimeout = 10 * time.Second
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = time.Minute
	}
	if c.Connections == 0 {
		c.Connections = 19_000
	}
	if c.Origins == nil {
		c.Origins = http1.Origins{"*"}
	}
	if c.Logger == nil {
		c.Logger = silent{}
	}
}

type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

// Server accepts connections and runs the engine's loops.
type Server struct {
	gnet.BuiltinEventEngine
	cfg    Config
	engine *engine.Engine
	stats  Stats
	pages  pages
	cors   http1.CORS // of responses to requests whose origin is not known

	gnet     gnet.Engine
	booted   chan struct{} // closed when it listens
	address  net.Addr
	draining atomic.Bool

	mu    sync.Mutex // guards loops
	loops map[gnet.EventLoop]*loop
}

// Stats are the figures of a server. Anyone reads.
type Stats struct {
	Connections atomic.Int64
	Accepted    atomic.Uint64
	Refused     atomic.Uint64 // connections past the limit, or while draining
	WebSockets  atomic.Int64
	Requests    atomic.Uint64 // HTTP requests and WebSocket messages
	BytesIn     atomic.Uint64
	// Faults are requests refused for their form, by what the client was told: an
	// HTTP status or a WebSocket close code.
	Faults Faults
}

// New returns a server for an engine.
func New(cfg Config, e *engine.Engine) (*Server, error) {
	cfg.complete()
	s := &Server{cfg: cfg, engine: e, booted: make(chan struct{}), loops: make(map[gnet.EventLoop]*loop)}
	if err := cfg.Origins.Validate(); err != nil {
		return nil, fmt.Errorf("origins: %w", err)
	}
	var err error
	if s.pages, err = readPages(cfg.Pages); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	_, s.cors = cfg.Origins.Check("")
	return s, nil
}

// Run serves until ctx is done. Connections are then closed at once; Drain first
// lets them go in peace.
func (s *Server) Run(ctx context.Context) error {
	running, ended := context.WithCancel(context.Background())
	var stop sync.WaitGroup
	stop.Go(func() {
		select {
		case <-running.Done():
			return
		case <-ctx.Done():
		}
		select {
		case <-running.Done():
		case <-s.booted:
			// It looks every half second whether gnet has ended; we know better.
			_ = s.gnet.Stop(running)
		}
	})
	err := gnet.Run(s, "tcp://"+s.cfg.Listen,
		gnet.WithNumEventLoop(s.engine.Loops()),
		gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithTCPKeepAlive(time.Minute),
		gnet.WithReuseAddr(true),
		gnet.WithReadBufferCap(64<<10),
		gnet.WithLogger(s.cfg.Logger),
	)
	ended()
	stop.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loops {
		l.timer.Stop()
	}
	return err
}

// Booted is closed when the server listens.
func (s *Server) Booted() <-chan struct{} { return s.booted }

// Address is where it listens. Only after Booted.
func (s *Server) Address() net.Addr { return s.address }

// Stats returns the server's figures.
func (s *Server) Stats() *Stats { return &s.stats }

// Refuse turns new connections away from now on, with a reset. gnet cannot close a
// listener alone, and the event loops are still needed.
func (s *Server) Refuse() { s.draining.Store(true) }

// OnBoot is called by gnet when it listens.
func (s *Server) OnBoot(e gnet.Engine) gnet.Action {
	s.gnet = e
	fd, err := e.Dup()
	if err != nil {
		s.cfg.Logger.Errorf("listener: %v", err)
		return gnet.Shutdown
	}
	defer unix.Close(fd)
	if s.address, err = addressOf(fd); err != nil {
		s.cfg.Logger.Errorf("listener: %v", err)
		return gnet.Shutdown
	}
	close(s.booted)
	return gnet.None
}

func addressOf(fd int) (net.Addr, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}, nil
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}, nil
	}
	return nil, fmt.Errorf("unexpected socket address %T", sa)
}

// OnOpen is called by gnet for a new connection, on its loop.
func (s *Server) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	s.stats.Accepted.Add(1)
	if n := s.stats.Connections.Add(1); s.draining.Load() || n > int64(s.cfg.Connections) {
		s.stats.Connections.Add(-1)
		s.stats.Refused.Add(1)
		_ = c.SetLinger(0)
		return nil, gnet.Close
	}
	c.SetContext(newConn(s, s.loopOf(c.EventLoop()), c))
	return nil, gnet.None
}

// OnTraffic is called by gnet when a connection has sent something, on its loop.
func (s *Server) OnTraffic(c gnet.Conn) gnet.Action {
	if conn, ok := c.Context().(*conn); ok {
		conn.received()
	}
	return gnet.None
}

// OnClose is called by gnet when a connection is gone, on its loop; also from
// within a write.
func (s *Server) OnClose(c gnet.Conn, _ error) gnet.Action {
	if conn, ok := c.Context().(*conn); ok {
		s.stats.Connections.Add(-1)
		conn.gone()
	}
	return gnet.None
}
