package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/halley-stream/halley/adapters/plugin/internal/frame"
	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// Serve serves a until the server that started this process asks it to end. It is
// all that a plugin's main does. It makes slog's default logger, and that of package
// log, write to the server's log.
//
// Started by anybody but the server, it says so and exits.
func Serve(a Adapters) {
	if a.Name == "" {
		a.Name = filepath.Base(os.Args[0])
	}
	stderr := os.Stderr // go-plugin puts another one in its place
	slog.SetDefault(newLogger(stderr))
	s := newServer(a)
	if address := os.Getenv(wire.AttachEnv); address != "" {
		if err := s.serveAttached(address); err != nil {
			fmt.Fprintln(stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(wire.CookieName) != wire.CookieValue {
		fmt.Fprintf(stderr, byHand, wire.AttachEnv)
		os.Exit(1)
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  wire.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{wire.Version: {wire.Name: &service{server: s}}},
		GRPCServer:       newGRPCServer,
		Logger:           hclog.New(&hclog.LoggerOptions{Name: "go-plugin", Level: hclog.Warn, Output: stderr, JSONFormat: true}),
	})
	s.wait()
}

// byHand is for who has started the program instead of the server. The library has a
// text of its own, which does not say what to do.
const byHand = `This program is a plugin of Halley, which starts it by itself:
name it in halley.yaml and run 'halley serve -c halley.yaml'.
To run it on its own, in a debugger, set %s=unix:/tmp/my.sock.
`

// serveAttached listens where a server can attach to it, until it is interrupted.
func (s *server) serveAttached(address string) error {
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok || path == "" {
		return fmt.Errorf("%s=%s is not unix:PATH", wire.AttachEnv, address)
	}
	l, err := listen(path)
	if err != nil {
		return err
	}
	g := newGRPCServer(nil)
	s.register(g)
	healthy := health.NewServer()
	healthy.SetServingStatus(goplugin.GRPCServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(g, healthy)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, g.Stop)()
	slog.Info("waiting for a server to attach", "attach", address)
	err = g.Serve(l)
	s.wait()
	return err
}

// newGRPCServer returns the server with the options of go-plugin and our own.
func newGRPCServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.ForceServerCodecV2(wire.NewCodec()),
		grpc.MaxRecvMsgSize(frame.FrameMax),
		grpc.InitialWindowSize(wire.Window),
		grpc.InitialConnWindowSize(wire.Window),
	)...)
}

// service is the server as go-plugin knows it.
type service struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server
}

// GRPCServer registers the services.
func (s *service) GRPCServer(_ *goplugin.GRPCBroker, g *grpc.Server) error {
	s.server.register(g)
	return nil
}

// GRPCClient is not called on this side.
func (s *service) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (s *server) register(g *grpc.Server) {
	adapterv1.RegisterPluginServer(g, s)
	if s.adapters.Data != nil {
		adapterv1.RegisterDataAdapterServer(g, s)
	}
	if s.adapters.Metadata != nil {
		adapterv1.RegisterMetadataAdapterServer(g, s)
	}
}
