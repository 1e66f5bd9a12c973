//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/halley-stream/halley/protocol"
)

// kafkaFeed fills a topic of a real broker and lets a server that starts then read
// it from the beginning. The CPU time is that of the server's process, from its
// start on; the broker's is not counted.
var kafkaFeed = feedIn{name: "Kafka", measure: measureKafkaFeed, perCPU: 1_000_000}

const (
	kafkaTopic   = "ticks"
	kafkaAdapter = "TICKS"
	// recordsPerSecond makes a duration a number of records: 3 million of 30 s.
	recordsPerSecond = 100_000
	// readingPatience is how long no further record may be read.
	readingPatience = 20 * time.Second
)

// filled is what the program that fills a topic says.
type filled struct {
	Records uint64 `json:"records"`
	Bytes   uint64 `json:"bytes"`   // of the records' values
	Offsets uint64 `json:"offsets"` // the ends of all partitions together, as the broker tells them
	// Last are the fields of each item's last record, in the order of Fields.
	Fields []string            `json:"fields"`
	Last   map[string][]string `json:"last"`
}

func measureKafkaFeed(ctx context.Context, b *bench, c *feedCount) error {
	k, err := startBroker(ctx, b.folder)
	if err != nil {
		return err
	}
	defer k.stop()
	t, err := b.fillTopic(ctx, k)
	if err != nil {
		return fmt.Errorf("filling the topic: %w", err)
	}
	if t.Records != t.Offsets {
		return fmt.Errorf("%d records were written, but the topic has %d", t.Records, t.Offsets)
	}
	b.talk("the topic has %d records; now the server reads them", t.Records)
	srv, err := launchServer(b.program, b.folder, kafkaSettings(k), b.stderr)
	if err != nil {
		return err
	}
	defer srv.stop()
	before := gauge{at: time.Now()} // it has done nothing yet
	after, err := waitRead(ctx, srv, t.Records)
	if err != nil {
		return err
	}
	c.cpu(before, after)
	c.Updates, c.Sent, c.Bytes = uint64(after.metrics[recordsRead]), t.Records, t.Bytes
	if in := uint64(after.metrics[updatesIn]); in != c.Updates {
		return fmt.Errorf("of %d records, %d updates came into the cache", c.Updates, in)
	}
	if err := srv.waitReady(ctx); err != nil {
		return err
	}
	return t.compareWith(ctx, srv, kafkaAdapter, c)
}

// Names of metrics.
const (
	recordsRead  = "halley_kafka_records_total"
	batchesAhead = "halley_shard_batches" // not yet in the cache
)

func kafkaSettings(k *broker) string {
	return fmt.Sprintf("%s: {type: kafka, brokers: [%q], topics: [{topic: %s}]}", kafkaAdapter, k.address, kafkaTopic)
}

// fillTopic builds the program that fills a topic, which is a module of its own,
// and runs it.
func (b *bench) fillTopic(ctx context.Context, k *broker) (t filled, err error) {
	root, err := sourceFolder(ctx)
	if err != nil {
		return t, err
	}
	program := filepath.Join(b.folder, "fill")
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(root, "bench/fill"), "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return t, fmt.Errorf("%w\n%s", err, out)
	}
	records := int(b.duration.Seconds() * recordsPerSecond)
	b.talk("filling a topic with %d records", records)
	var out bytes.Buffer
	fill := exec.CommandContext(ctx, program, "--broker", k.address, "--topic", kafkaTopic,
		"--records", strconv.Itoa(records), "--items", strconv.Itoa(feedItems), "--seed", strconv.Itoa(seed))
	fill.Stdout, fill.Stderr = &out, b.stderr
	fill.Cancel = func() error { return fill.Process.Signal(os.Interrupt) }
	if err := fill.Run(); err != nil {
		return t, err
	}
	return t, json.Unmarshal(out.Bytes(), &t)
}

// waitRead waits until a server has read so many records and has them in its
// cache. It looks rarely, because looking costs the server CPU time.
func waitRead(ctx context.Context, srv *server, records uint64) (gauge, error) {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	last, since := 0.0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return gauge{}, ctx.Err()
		case <-srv.exited:
			return gauge{}, errors.New("the server has ended")
		case <-look.C:
		}
		g, err := readGauge(ctx, srv)
		read := g.metrics[recordsRead]
		switch {
		case err == nil && read >= float64(records) && g.metrics[batchesAhead] == 0:
			return g, nil
		case err == nil && read > last:
			last, since = read, time.Now()
		case time.Since(since) > readingPatience:
			return gauge{}, errors.Join(fmt.Errorf("the server has read %.0f of %d records and reads no further", last, records), err)
		}
	}
}

// compareWith compares the last values of all items with those of a server.
func (t *filled) compareWith(ctx context.Context, srv *server, adapter string, c *feedCount) error {
	items := make([]string, 0, len(t.Last))
	for item := range t.Last {
		items = append(items, item)
	}
	slices.Sort(items)
	c.Compared = len(items)
	return lastValues(ctx, srv, adapter, items, t.Fields, func(item int, s *protocol.ItemState) {
		for i, want := range t.Last[items[item]] {
			if got, ok := s.Value(i); !ok || string(got) != want {
				c.Wrong++
				return
			}
		}
	})
}
