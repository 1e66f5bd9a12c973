package main

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/halley-stream/halley/internal/metrics"
)

// check is a condition for being ready. ask returns nil when it is met, and else
// what is missing; it may be called from any goroutine and does not wait.
type check struct {
	name string
	ask  func() error
}

// admin serves the pages for monitoring: /metrics, /livez and /readyz, and
// profiles.
type admin struct {
	server   http.Server
	mux      *http.ServeMux
	checks   []check
	draining atomic.Bool
}

// newAdmin returns the pages for a listener with the address given.
func newAdmin(address string, checks []check, collectors []metrics.Collector, logger *slog.Logger) *admin {
	mux := http.NewServeMux()
	a := &admin{checks: checks, mux: mux}
	mux.Handle("GET /metrics", metrics.Handler(collectors...))
	mux.HandleFunc("GET /livez", a.live)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and the heap's and other profiles by name
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", a.index)
	host, _, _ := net.SplitHostPort(address)
	a.server = http.Server{
		Handler:           checkHost(host, mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(slogWriter{logger}, "", 0),
	}
	return a
}

// handle adds a page; serve has not been called yet.
func (a *admin) handle(pattern string, page http.Handler) { a.mux.Handle(pattern, page) }

// serve serves until close.
func (a *admin) serve(l net.Listener) { _ = a.server.Serve(l) } // returns http.ErrServerClosed

// drain makes the server not ready: load balancers then send no more clients.
func (a *admin) drain() { a.draining.Store(true) }

// close ends serve, giving requests a second.
func (a *admin) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close()
	}
}

func (a *admin) index(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, "/metrics\n/livez\n/readyz?verbose\n/debug/pprof/\nPOST /plugins/SET.NAME/replace\n")
}

// live answers that the process is alive. It depends on nothing.
func (a *admin) live(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }

// readiness is the answer of /readyz?verbose.
type readiness struct {
	Ready  bool          `json:"ready"`
	Checks []checkResult `json:"checks"`
}

type checkResult struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// ready answers whether clients should be sent here.
func (a *admin) ready(w http.ResponseWriter, r *http.Request) {
	answer := readiness{Ready: true}
	add := func(name string, fault string) {
		answer.Checks = append(answer.Checks, checkResult{Name: name, OK: fault == "", Error: fault})
		answer.Ready = answer.Ready && fault == ""
	}
	if a.draining.Load() {
		add("serving", "the server is stopping")
	} else {
		add("serving", "")
	}
	for _, c := range a.checks {
		fault := ""
		if err := c.ask(); err != nil {
			fault = err.Error()
		}
		add(c.name, fault)
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	if r.URL.Query().Has("verbose") {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(answer) // whoever asked may be gone
		return
	}
	var b strings.Builder
	for _, c := range answer.Checks {
		if !c.OK {
			b.WriteString(c.Name + ": " + c.Error + "\n")
		}
	}
	if answer.Ready {
		b.WriteString("ok\n")
	}
	writeText(w, status, b.String())
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked may be gone
}

// checkHost refuses requests over loopback that name another host: a web page
// could otherwise read them by letting its own name point to 127.0.0.1 (DNS
// rebinding). Addresses are no names, and so is the host that was configured.
func checkHost(configured string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if viaLoopback(r) && !isLocalName(r.Host, configured) {
			writeText(w, http.StatusMisdirectedRequest, "This is the admin listener; ask for it by its address or as localhost.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func viaLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

func isLocalName(hostport, configured string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") || configured != "" && strings.EqualFold(host, configured)
}

// slogWriter writes the lines of a log.Logger to a slog.Logger.
type slogWriter struct{ logger *slog.Logger }

// Write logs a line.
func (w slogWriter) Write(p []byte) (int, error) {
	w.logger.Warn(strings.TrimSpace(string(p)))
	return len(p), nil
}
