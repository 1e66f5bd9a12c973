// Command fill fills a Kafka topic with ticks, for the benchmark that reads them. It
// says on standard output, as JSON, how many records it wrote, how many the broker
// has, and what the last values of all items are.
//
// It is a module of its own with a Kafka library that the server does not use: so
// what is written does not depend on what is measured.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// outcome is what the bench reads.
type outcome struct {
	Records uint64              `json:"records"`
	Bytes   uint64              `json:"bytes"`   // of the records' values
	Offsets uint64              `json:"offsets"` // the ends of all partitions together
	Fields  []string            `json:"fields"`
	Last    map[string][]string `json:"last"` // values by item, in the order of Fields
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fill", flag.ContinueOnError)
	flags.SetOutput(stderr)
	broker := flags.String("broker", "127.0.0.1:9092", "the broker's `address`")
	name := flags.String("topic", "ticks", "the `name` of the topic, which is made")
	partitions := flags.Int("partitions", 2, "its `number` of partitions")
	records := flags.Int("records", 1_000_000, "the `number` of records")
	items := flags.Int("items", 10_000, "the `number` of items, which are drawn at random")
	size := flags.Int("bytes", 150, "the `size` of a record's value")
	seed := flags.Uint64("seed", 1, "decides what is drawn")
	if flags.Parse(args) != nil {
		return 2
	}
	if min(*partitions, *records, *items) < 1 || *size < sizeMin {
		fmt.Fprintf(stderr, "fill: a number that makes no sense; a record has %d bytes at least\n", sizeMin)
		return 2
	}
	o, err := fill(ctx, *broker, *name, *partitions, *records, newTicks(*items, *size, *seed))
	if err == nil {
		err = json.NewEncoder(stdout).Encode(o)
	}
	if err != nil {
		fmt.Fprintf(stderr, "fill: %v\n", err)
		return 1
	}
	return 0
}

// fill makes the topic and writes the records.
func fill(ctx context.Context, broker, name string, partitions, records int, all *ticks) (o outcome, err error) {
	t, err := makeTopic(ctx, broker, name, partitions)
	if err != nil {
		return o, err
	}
	defer t.close()
	if err := t.write(ctx, records, all); err != nil {
		return o, err
	}
	o = outcome{Records: uint64(records), Bytes: uint64(records * all.size), Fields: fieldNames, Last: all.last()}
	o.Offsets, err = t.end(ctx)
	return o, err
}
