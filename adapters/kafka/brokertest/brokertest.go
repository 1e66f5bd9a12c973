// Package brokertest runs a real Apache Kafka broker for tests, by way of the
// script devbroker/broker.sh.
//
//	broker := brokertest.Start(t)
//	kafka.New(kafka.Config{Cluster: broker.Config(), …})
//
// It skips the test where Java or Maven is missing; that is the only case.
package brokertest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

// Broker is a broker that belongs to a test. It ends with the test, and its data
// go with it.
type Broker struct {
	// Address is where it listens, as host:port. It stays the same over restarts.
	Address string

	t    testing.TB
	data string
	args []string
}

// Start starts a broker and returns when it answers. The settings are broker
// properties, such as "auto.create.topics.enable=false"; {port} and {controller}
// in them stand for the broker's ports.
func Start(t testing.TB, settings ...string) *Broker {
	t.Helper()
	if testing.Short() {
		t.Skip("starting a Kafka broker takes some seconds, which -short does not allow")
	}
	for _, program := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("a Kafka broker needs Java and Maven: %v", err)
		}
	}
	b := &Broker{t: t, data: t.TempDir()}
	t.Cleanup(b.Stop)
	for attempt := 1; ; attempt++ {
		ports := freePorts(t, 2)
		b.Address = "127.0.0.1:" + ports[0]
		b.args = []string{"--port", ports[0], "--controller-port", ports[1], "--data", b.data}
		fill := strings.NewReplacer("{port}", ports[0], "{controller}", ports[1])
		for _, s := range settings {
			b.args = append(b.args, "--set", fill.Replace(s))
		}
		err := b.script("start", b.args...)
		if err == nil {
			return b
		}
		// Between the choice of a port and its use, another test may have taken it.
		if attempt == 3 || !strings.Contains(err.Error(), "in use") && !strings.Contains(err.Error(), "listens on port") {
			t.Fatal(err)
		}
	}
}

// Config returns the settings for reaching the broker.
func (b *Broker) Config() cluster.Config { return cluster.Config{Brokers: []string{b.Address}} }

// Restart starts the broker again after Stop or Kill, with its data.
func (b *Broker) Restart() {
	b.t.Helper()
	b.must(b.script("start", b.args...))
}

// Stop lets the broker shut down in order. One that does not run is left so.
func (b *Broker) Stop() {
	b.t.Helper()
	b.must(b.script("stop", "--data", b.data))
}

// Kill ends the broker at once, as a power cut would.
func (b *Broker) Kill() {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.data, "broker.pid"))
	if err != nil {
		b.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		b.t.Fatalf("kill the broker: %v", err)
	}
	b.must(b.script("stop", "--data", b.data)) // returns when it is gone
}

func (b *Broker) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// script runs broker.sh. The error has what it said.
func (b *Broker) script(verb string, args ...string) error {
	path, err := script()
	if err != nil {
		return err
	}
	command := exec.Command("bash", append([]string{path, verb}, args...)...)
	// A file and not a pipe: the broker inherits it, and Wait would wait for a
	// pipe to be closed.
	out, err := os.CreateTemp(b.t.TempDir(), verb)
	if err != nil {
		return err
	}
	defer out.Close()
	command.Stdout, command.Stderr = out, out
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("broker.sh %s: %w\n%s", verb, err, bytes.TrimSpace(said))
	}
	return nil
}

// script returns the path of broker.sh, which is found from any folder of the
// module.
func script() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, "adapters", "kafka", "devbroker", "broker.sh")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("adapters/kafka/devbroker/broker.sh is not above the working directory")
		}
		dir = parent
	}
}

// freePorts returns ports that nobody listens on now.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}
