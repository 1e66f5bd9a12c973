//go:build linux

package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"time"
)

// node starts the server of folder node, which needs Node 18 or newer and, the first
// time, npm. module is the one whose version counts.
func node(mode, module string, delay time.Duration) starter {
	return func(ctx context.Context, w *workshop, _ int) (*process, error) {
		if err := need("node"); err != nil {
			return nil, err
		}
		folder, err := w.fetched("node", func(folder string) error {
			if err := need("npm"); err != nil {
				return err
			}
			// The native parts come built; their scripts would only check that.
			return execute(ctx, folder, "npm", "ci", "--ignore-scripts")
		})
		if err != nil {
			return nil, err
		}
		version, err := nodeVersion(ctx, module)
		if err != nil {
			return nil, err
		}
		return startProcess(ctx, version, w.stderr, "node",
			filepath.Join(folder, "server.js"), mode, strconv.FormatInt(delay.Milliseconds(), 10))
	}
}

func nodeVersion(ctx context.Context, module string) (string, error) {
	text, err := sources.ReadFile("node/package-lock.json")
	if err != nil {
		return "", err
	}
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return "", err
	}
	version, err := output(ctx, "node", "--version")
	return module + " " + lock.Packages["node_modules/"+module].Version + ", Node " + version, err
}
