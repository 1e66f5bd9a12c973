package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/halley-stream/halley/adapters/plugin/internal/wire"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// start starts a process and makes it ready, or attaches to one. Nothing is left of
// one that does not get ready; the error says why, in terms of the plugin.
func (p *Plugin) start(ctx context.Context) (*life, error) {
	l := &life{began: time.Now(), done: make(chan struct{}), cancel: func() {}}
	begin := p.launch
	if p.cfg.Attach != "" {
		begin = p.attach
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.StartTimeout)
	defer cancel()
	if err := begin(ctx, l); err != nil {
		return nil, err
	}
	if err := p.configure(ctx, l); err != nil {
		_ = l.settle(ctx, err) // told below
		l.stop()
		return nil, l.whyEnded()
	}
	l.watch(p.cfg.HealthInterval, p.cfg.HealthMisses)
	return l, nil
}

// attach connects to a plugin that somebody else started.
func (p *Plugin) attach(_ context.Context, l *life) (err error) {
	l.conn, err = grpc.NewClient(p.cfg.Attach, append(dialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	return err
}

// launch starts a process, and connects to it.
func (p *Plugin) launch(ctx context.Context, l *life) (err error) {
	path, err := exec.LookPath(p.cfg.Command)
	if err == nil {
		path, err = filepath.Abs(path) // it would start from Dir
	}
	if err == nil {
		err = checkSum(path, p.cfg.SHA256)
	}
	if err == nil {
		cmd := exec.Command(path, p.cfg.Args...)
		cmd.Dir = p.cfg.Dir
		l.process, err = newProcess(cmd, p.cfg.MemoryLimit)
	}
	if err == nil {
		if l.dir, err = os.MkdirTemp("", "halley-plugin-"); err != nil { // only this user may look into it
			l.process.close()
		}
	}
	if err != nil {
		return fmt.Errorf("command %s: %w", p.cfg.Command, err)
	}
	l.output = &output{log: p.log}
	l.stdout, l.stderr = &output{log: p.log}, &output{log: p.log}
	l.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{wire.Version: {wire.Name: service{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     p.cfg.StartTimeout,
		AutoMTLS:         p.cfg.TLS,
		SkipHostEnv:      true,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: l.dir},
		GRPCDialOptions:  dialOptions(),
		Stderr:           l.output,
		SyncStdout:       l.stdout,
		SyncStderr:       l.stderr,
		Logger:           hclog.NewNullLogger(), // what it says is said better here
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			l.process.cmd.Env = append(p.cfg.environment(), spec.Env...)
			return l.process, nil
		},
	})
	if err := p.connect(ctx, l); err != nil {
		err = l.whyNotStarted(ctx, err)
		l.client.Kill()
		l.discard()
		return fmt.Errorf("command %s: %w", p.cfg.Command, withLines(err, l.output))
	}
	return nil
}

// connect starts the process, waits for its greeting, and connects. The process is
// killed when ctx is done, because go-plugin would wait.
func (p *Plugin) connect(ctx context.Context, l *life) error {
	defer context.AfterFunc(ctx, l.process.kill)()
	address, err := l.client.Start()
	if err != nil {
		return err
	}
	if address.Network() == "tcp" && !p.cfg.TLS {
		l.process.kill()
		return errors.New("it is reached over TCP, so tls must be on")
	}
	client, err := l.client.Client()
	if err != nil {
		return err
	}
	conn, err := client.Dispense(wire.Name)
	if err != nil {
		return err
	}
	l.conn = conn.(*grpc.ClientConn)
	return nil
}

// whyNotStarted returns a better error than err for a process that did not get as far
// as to be connected to. It ends the process.
func (l *life) whyNotStarted(ctx context.Context, err error) error {
	if !l.process.wasStarted() {
		return err
	}
	greeting := l.process.greeting.String()
	parts := strings.Split(greeting, "|")
	var version int
	var notNumber error
	if len(parts) > 1 {
		version, notNumber = strconv.Atoi(parts[1])
	}
	silent := errors.Is(ctx.Err(), context.DeadlineExceeded)
	switch {
	case greeting != "" && (len(parts) < 4 || parts[0] != "1" || notNumber != nil):
		err = fmt.Errorf("it wrote %.200q to standard output in place of the greeting of a plugin; log to standard error", greeting)
	case greeting != "" && version != wire.Version:
		err = fmt.Errorf("it speaks version %d of the protocol of adapters, and this server version %d; build it for that", version, wire.Version)
	case greeting != "" && (len(parts) < 5 || parts[4] != "grpc"):
		err = fmt.Errorf("it does not speak gRPC, its greeting is %.200q", greeting)
	case silent && !l.process.endedItself():
		err = errors.New("it was not ready in time (start_timeout)")
	case greeting == "":
		l.process.kill()
		<-l.process.exited
		err = fmt.Errorf("it ended before it was ready: %v", l.process.state)
	}
	l.process.kill()
	return err
}

// configure makes the first call, and finds out whether the plugin can do what is
// wanted of it.
func (p *Plugin) configure(ctx context.Context, l *life) error {
	var err error
	l.can, err = adapterv1.NewPluginClient(l.conn).Configure(ctx, &adapterv1.ConfigureRequest{
		Name: wire.Text(p.cfg.name()), Parameters: texts(p.cfg.Parameters), HostVersion: p.cfg.Version,
	}, grpc.WaitForReady(p.cfg.Attach != ""))
	switch {
	case status.Code(err) == codes.Unavailable:
		return err
	case err != nil:
		return fmt.Errorf("configure: %s", status.Convert(err).Message())
	case p.wantsData.Load() && !l.can.Data:
		return errors.New("it has no Data Adapter")
	case p.wantsMetadata.Load() && !l.can.Metadata:
		return errors.New("it has no Metadata Adapter")
	}
	return nil
}

func texts(parameters map[string]string) map[string]string {
	out := make(map[string]string, len(parameters))
	for name, value := range parameters {
		out[wire.Text(name)] = wire.Text(value)
	}
	return out
}

// dialOptions are the options of all connections. With windows of a fixed size, gRPC
// does not measure the connection.
func dialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithInitialWindowSize(wire.Window), grpc.WithInitialConnWindowSize(wire.Window)}
}

// checkSum compares a file with a SHA-256 sum, if there is one.
func checkSum(path, sum string) error {
	if sum == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, sum) {
		return fmt.Errorf("its SHA-256 sum is %s, not the one configured", got)
	}
	return nil
}

// service is a plugin as go-plugin knows it: its connection is all that is needed.
type service struct {
	goplugin.NetRPCUnsupportedPlugin
}

// GRPCServer is not called on this side.
func (service) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return nil }

// GRPCClient returns the connection.
func (service) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
