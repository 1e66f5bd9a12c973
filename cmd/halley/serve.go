package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"

	"github.com/halley-stream/halley/internal/heap"
	"github.com/halley-stream/halley/internal/metrics"
	"github.com/halley-stream/halley/internal/settings"
)

// server is the engine with its transport, running.
type server struct {
	// address is where clients connect, with the port that was really opened.
	address string
	// checks say what is missing for being ready.
	checks []check
	// collect says what the server counts.
	collect metrics.Collector
	// failed gets an error if the server ends by itself.
	failed <-chan error
	// stop drains the server, and returns when everything that it started has
	// ended. It is called once.
	stop func()
}

// startFunc starts the server, see startServer.
type startFunc func(conf *config, sets []adapterSet, logs *logs) (*server, error)

// runServe runs the server until ctx is done.
func runServe(ctx context.Context, env *environment) int {
	tuning, stop := context.WithCancel(ctx)
	var tuned sync.WaitGroup
	tuned.Go(func() { heap.Tune(tuning) })
	defer tuned.Wait()
	defer stop()
	return serve(ctx, env, startServer)
}

func serve(ctx context.Context, env *environment, start startFunc) int {
	var flags configFlags
	set := newFlags(env, "[flags]", "halley serve -c halley.yaml")
	flags.register(set)
	flags.registerDev(set)
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	if len(operands) > 0 {
		return env.misuse("unexpected argument %q", operands[0])
	}
	conf, s, err := flags.load(env)
	if err != nil {
		return env.misconfigured(err)
	}
	logs := newLogs(conf.Log, env)
	defer logs.close()

	adminListener := checkListeners(ctx, conf, s)
	sets := buildAdapters(conf, s, logs.noisy)
	if err := s.Err(); err != nil {
		closeListener(adminListener)
		return env.misconfigured(err)
	}
	warnOfDescriptors(conf, logs.main)
	plugins := startPlugins(sets, logs.main)
	srv, err := start(conf, sets, logs)
	if err != nil {
		plugins.stop()
		closeListener(adminListener)
		s.Fault("listen", "%v", err)
		return env.misconfigured(s.Err())
	}
	pages := newAdmin(conf.Admin.Listen, srv.checks,
		[]metrics.Collector{readBuild().collect, srv.collect, collectAdapters(sets), metrics.Runtime, metrics.Process}, logs.noisy)
	pages.handle("POST /plugins/{name}/replace", http.NewCrossOriginProtection().Handler(plugins))
	var serving sync.WaitGroup
	tuning, tuned := context.WithCancel(context.Background())
	if conf.Engine.HugePages {
		serving.Go(func() { heap.KeepHuge(tuning, logs.main) })
	}
	if adminListener != nil {
		serving.Go(func() { pages.serve(adminListener) })
		logs.main.Debug("the admin pages are up", "address", linkTo(adminListener.Addr().String()))
	}
	announce(env, conf, logs.main, srv.address)

	code = exitOK
	select {
	case <-ctx.Done():
		logs.main.Info("stopping", "drain", conf.Engine.Drain.String())
	case err := <-srv.failed:
		logs.main.Error("the server ended", "error", err)
		code = exitFailure
	}
	pages.drain()
	srv.stop()
	plugins.stop()
	pages.close()
	tuned()
	serving.Wait()
	logs.main.Info("stopped")
	return code
}

// checkListeners opens the admin listener, if there is to be one, and finds out
// whether the transport will be able to open its own. That one may share its port
// with other processes, so it would not notice that the port is taken. Faults are
// reported to s.
func checkListeners(ctx context.Context, conf *config, s *settings.Settings) net.Listener {
	if l, err := listen(ctx, conf.Listen); err != nil {
		s.Fault("listen", "%v", err)
	} else {
		closeListener(l)
	}
	if conf.Admin.Listen == "" {
		return nil
	}
	l, err := listen(ctx, conf.Admin.Listen)
	if err != nil {
		s.Fault("admin.listen", "%v", err)
		return nil
	}
	return l
}

func closeListener(l net.Listener) {
	if l != nil {
		_ = l.Close() // it was only opened to be ours
	}
}

// announce tells where the pages are: as a line on a terminal, else in the log, so
// that a log of JSON stays one.
func announce(env *environment, conf *config, logger *slog.Logger, address string) {
	up := "Halley is up: " + linkTo(address)
	if conf.Log.Format == "text" || conf.Log.Format == "auto" && env.terminal {
		env.talk("%s", up)
		return
	}
	b := readBuild()
	logger.Info(up, "listen", address, "admin", conf.Admin.Listen, "version", b.Version)
}

// spareDescriptors is how many file descriptors are needed for other things than
// connections.
const spareDescriptors = 200

// warnOfDescriptors warns when the system allows fewer connections than are
// configured.
func warnOfDescriptors(conf *config, logger *slog.Logger) {
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) != nil {
		return
	}
	if wanted := uint64(conf.Limits.Connections + spareDescriptors); files.Cur < wanted {
		logger.Warn(fmt.Sprintf("the system allows %d open files; raise that to %d (ulimit -n) or lower limits.connections", files.Cur, wanted),
			"connections", conf.Limits.Connections)
	}
}
