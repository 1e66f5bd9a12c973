//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// broker is an Apache Kafka broker that runs for a measurement.
type broker struct {
	address string
	script  string
	data    string
}

// startBroker starts a broker with data in a folder. The script says what it
// misses, such as Java.
func startBroker(ctx context.Context, folder string) (*broker, error) {
	root, err := sourceFolder(ctx)
	if err != nil {
		return nil, err
	}
	k := &broker{script: filepath.Join(root, "adapters/kafka/devbroker/broker.sh"), data: filepath.Join(folder, "kafka")}
	var controller string
	var err1, err2 error
	k.address, err1 = freeAddress()
	controller, err2 = freeAddress()
	_, port, err3 := net.SplitHostPort(k.address)
	_, controllerPort, err4 := net.SplitHostPort(controller)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	if err := k.call(ctx, "start", "--port", port, "--controller-port", controllerPort); err != nil {
		k.stop()
		return nil, err
	}
	return k, nil
}

// stop ends the broker, if it runs.
func (k *broker) stop() {
	_ = k.call(context.Background(), "stop") // there is nobody to tell
}

// call calls the script. The error has what it said.
func (k *broker) call(ctx context.Context, verb string, args ...string) error {
	// A file and not a pipe: the broker inherits it, and Run would wait until it
	// is closed.
	out, err := os.CreateTemp(filepath.Dir(k.data), "broker-")
	if err != nil {
		return err
	}
	defer out.Close()
	command := exec.CommandContext(ctx, "bash", append([]string{k.script, verb, "--data", k.data}, args...)...)
	command.Stdout, command.Stderr = out, out
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("broker.sh %s: %w: %s", verb, err, bytes.TrimSpace(said))
	}
	return nil
}

// sourceFolder returns the folder of the project's source.
func sourceFolder(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/halley-stream/halley").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
