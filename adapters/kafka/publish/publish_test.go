package publish

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/halley-stream/halley/adapters/kafka/cluster"
)

func TestValidateListsAllFaults(t *testing.T) {
	c := Config{Compression: "zip", Linger: -time.Second}
	_, err := New(c)
	for _, want := range []string{"brokers: at least one", "topic: is missing", `compression: "zip" is not one of none, gzip`, "linger: -1s is negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, codec := range append(codecs, "") {
		p, err := New(Config{Cluster: cluster.Config{Brokers: []string{"localhost:9092"}}, Topic: "t", Compression: codec})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.writer.Compression.String(); codec != "" && codec != "none" && got != codec {
			t.Errorf("compression %q is %q", codec, got)
		}
		if p.writer.RequiredAcks != kafka.RequireAll || p.writer.AllowAutoTopicCreation {
			t.Error("records may be lost, or topics made by themselves")
		}
		p.Close()
	}
}

func TestOfManyErrorsTheFirstIsTold(t *testing.T) {
	err := firstOf(kafka.WriteErrors{nil, kafka.RequestTimedOut, nil, kafka.NotLeaderForPartition})
	if !errors.Is(err, kafka.RequestTimedOut) || !strings.HasPrefix(err.Error(), "2 of 4 records not written: ") {
		t.Errorf("got %v", err)
	}
	if err := firstOf(kafka.WriteErrors{nil, nil}); err != nil {
		t.Errorf("no errors are %v", err)
	}
}
