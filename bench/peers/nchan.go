//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// nchanConfiguration takes: the module, the folder, the port.
//
// One worker, because what two have to tell each other costs more than it gives where
// the clients share two cores. The buffer is larger than what a channel gets while a
// client waits for its turn, or nchan would leave messages out.
const nchanConfiguration = `load_module %[1]s;
daemon off;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log warn;
worker_processes 1;
worker_rlimit_nofile 16384;
events { worker_connections 16384; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 1k;
  client_body_temp_path %[2]s/body;
  proxy_temp_path %[2]s/proxy;
  fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi;
  scgi_temp_path %[2]s/scgi;
  nchan_shared_memory_size 512m;
  server {
    listen 127.0.0.1:%[3]d backlog=4096;
    location ~ ^/pub/([\d,]+)$ {
      nchan_publisher http;
      nchan_channel_id $1;
      nchan_channel_id_split_delimiter ",";
      nchan_message_buffer_length 200;
      nchan_message_timeout 10s;
    }
    location ~ ^/sub/([\d,]+)$ {
      nchan_subscriber websocket eventsource;
      nchan_channel_id $1;
      nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
    }
  }
}
`

// nchan is in one of two settings. A client may subscribe to a channel for each of its
// items over one connection, but nchan then looks at all of them for each message.
// Routed, it has one channel of its own, and the publisher, who then has to know who
// wants what, publishes each update to the channels of those clients in one request.
func nchan(transport string, routed bool) peer {
	p := peer{
		name: "nchan-sse", transport: transport, warmup: warmup,
		setting: "a channel per item, those of a client multiplexed (nchan_channel_id_split_delimiter)",
		start:   nchanStarter(routed),
	}
	channels := func(_ int, items []int) string { return "/sub/" + numbers(items, "", ",") }
	if routed {
		p.setting = "a channel per client, to which the publisher routes: each update is published to all channels that want it, in one request"
		channels = func(client int, _ []int) string { return "/sub/" + strconv.Itoa(client) }
	}
	p.setting += "; one worker, 200 messages buffered per channel; published by pipelined POST requests on 4 connections"
	p.dialogue.Open = func(client int, items []int) string { return get(channels(client, items)) }
	if transport == overWebSocket {
		p.name = "nchan-ws"
		p.dialogue.WebSocket = true
		p.dialogue.Open = func(client int, items []int) string { return upgrade(channels(client, items), "") }
	}
	if routed {
		p.name += "-routed"
	}
	return p
}

// route returns the channels that an update of each item is published to, with
// commas between: one of the item's own, or those of the clients.
func route(routed bool, count int) []string {
	channels := make([]string, items)
	if !routed {
		for i := range channels {
			channels[i] = strconv.Itoa(i)
		}
		return channels
	}
	draw := drawn()
	for client := range count {
		for _, item := range draw(client) {
			if channels[item] != "" {
				channels[item] += ","
			}
			channels[item] += strconv.Itoa(client)
		}
	}
	return channels
}

// nginx is a program with the module, and what it is.
type nginx struct{ program, module, version string }

// installedNginx is where Debian puts it.
var installedNginx = nginx{program: "/usr/sbin/nginx", module: "/usr/lib/nginx/modules/ngx_nchan_module.so"}

// findNginx returns the one that is installed, or fetches Debian's packages and unpacks
// them, which needs no rights.
func findNginx(ctx context.Context, w *workshop) (n nginx, err error) {
	n = installedNginx
	_, err1 := os.Stat(n.program)
	_, err2 := os.Stat(n.module)
	if err1 == nil && err2 == nil {
		n.version, err = output(ctx, "dpkg-query", "-W", "-f", "${Package} ${Version} ", "nginx", "libnginx-mod-nchan")
		return n, err
	}
	folder, err := w.fetched("nginx", func(folder string) error {
		if err := need("apt-get", "dpkg"); err != nil {
			return err
		}
		if err := execute(ctx, folder, "apt-get", "download", "nginx", "libnginx-mod-nchan"); err != nil {
			return fmt.Errorf("%w\nperhaps 'apt-get update' helps, or installing nginx and libnginx-mod-nchan", err)
		}
		packages, err := filepath.Glob(filepath.Join(folder, "*.deb"))
		for _, file := range packages {
			err = errors.Join(err, execute(ctx, folder, "dpkg", "-x", file, "root"))
		}
		return errors.Join(err, moveMessages(filepath.Join(folder, "root", installedNginx.module)))
	})
	if err != nil {
		return n, err
	}
	packages, err := filepath.Glob(filepath.Join(folder, "*.deb"))
	for _, file := range packages {
		parts := strings.Split(filepath.Base(file), "_")
		n.version += parts[0] + " " + strings.ReplaceAll(parts[1], "%3a", ":") + " "
	}
	n.program, n.module = filepath.Join(folder, "root", n.program), filepath.Join(folder, "root", n.module)
	return n, err
}

// moveMessages changes where nchan would put large messages, of which there are none
// here, from a folder that only an installation makes to one in nginx's own: nchan
// insists on that folder, and has no setting for it that works. The two names have to
// be of the same length.
func moveMessages(module string) error {
	text, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	return os.WriteFile(module, bytes.ReplaceAll(text, []byte("/var/lib/nginx/body"), []byte("nchan-message-files")), 0o644)
}

// nchanStarter starts nginx and the connections that publish to it.
func nchanStarter(routed bool) starter {
	return func(ctx context.Context, w *workshop, count int) (*process, error) {
		p, err := startNginx(ctx, w)
		if err != nil {
			return nil, err
		}
		poster, err := dialPoster(p.address, route(routed, count))
		if err != nil {
			p.stop()
			return nil, err
		}
		p.publisher = poster
		terminate := p.input
		p.input = closer(func() error { return errors.Join(poster.close(), terminate.Close()) })
		return p, nil
	}
}

// startNginx starts nginx and waits until it listens.
func startNginx(ctx context.Context, w *workshop) (*process, error) {
	n, err := findNginx(ctx, w)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(w.folder, "nginx-")
	if err != nil {
		return nil, err
	}
	// The workers may run as somebody else.
	if err := errors.Join(os.Chmod(w.folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nchanConfiguration, n.module, folder, port), 0o644); err != nil {
		return nil, err
	}
	p := &process{
		address: "127.0.0.1:" + strconv.Itoa(port), version: strings.TrimSpace(n.version), exited: make(chan struct{}),
		command: newCommand(w.stderr, n.program, "-p", folder, "-e", filepath.Join(folder, "error.log"), "-c", file),
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.pid = p.command.Process.Pid
	go func() {
		_ = p.command.Wait() // how it ends does not matter
		close(p.exited)
	}()
	p.input = closer(func() error { return p.command.Process.Signal(syscall.SIGTERM) })
	if err := p.listening(ctx); err != nil {
		p.stop()
		log, _ := os.ReadFile(filepath.Join(folder, "error.log"))
		return nil, fmt.Errorf("nginx: %w\n%s", err, log)
	}
	return p, nil
}

// closer is a function that closes something.
type closer func() error

func (c closer) Close() error { return c() }

// listening waits until a process listens at its address.
func (p *process) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", p.address)
		if err == nil {
			return c.Close()
		}
		select {
		case <-p.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}
