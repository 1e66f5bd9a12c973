package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// runHealth asks the admin listener of a running server how it is. Its exit code
// suits a container's health check.
func runHealth(ctx context.Context, env *environment) int {
	var flags configFlags
	set := newFlags(env, "[flags]", "halley health --ready")
	flags.register(set)
	ready := set.Bool("ready", false, "ask whether clients should be sent there, not only whether it lives")
	timeout := set.Duration("timeout", 3*time.Second, "how long to wait for the answer")
	operands, code, done := parseFlags(env, set)
	if done {
		return code
	}
	if len(operands) > 0 {
		return env.misuse("unexpected argument %q", operands[0])
	}
	conf, _, err := flags.load(env)
	if err != nil {
		return env.misconfigured(err)
	}
	if conf.Admin.Listen == "" {
		return env.misuse("the admin listener is turned off (admin.listen is empty), so there is nobody to ask")
	}
	url := linkTo(conf.Admin.Listen) + "livez"
	if *ready {
		url = linkTo(conf.Admin.Listen) + "readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	answer, err := ask(ctx, url)
	if err != nil {
		return env.fail(err)
	}
	return env.print("%s\n", answer)
}

// ask returns the answer of a page, or an error for the user.
func ask(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "", fmt.Errorf("nobody listens at %s; is the server running, and is this its admin.listen?", url)
	case errors.Is(err, context.DeadlineExceeded):
		return "", fmt.Errorf("no answer from %s in time", url)
	case err != nil:
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(body))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, strings.ReplaceAll(text, "\n", "; "))
	}
	return text, nil
}
