package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topic is a topic that is being filled.
type topic struct {
	name       string
	partitions int
	client     *kgo.Client
}

// makeTopic makes a topic. One that is there already is an error: it may have
// records.
func makeTopic(ctx context.Context, broker, name string, partitions int) (*topic, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker),
		kgo.DefaultProduceTopic(name),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.MaxBufferedRecords(50_000),
		kgo.UnknownTopicRetries(100), // a broker may take a while to know a topic
	)
	if err != nil {
		return nil, err
	}
	t := &topic{name: name, partitions: partitions, client: client}
	wanted := kmsg.NewCreateTopicsRequestTopic()
	wanted.Topic, wanted.NumPartitions, wanted.ReplicationFactor = name, int32(partitions), 1
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics = append(request.Topics, wanted)
	response, err := request.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(response.Topics[0].ErrorCode)
	}
	if err != nil {
		t.close()
		return nil, fmt.Errorf("making the topic %s: %w", name, err)
	}
	return t, nil
}

func (t *topic) close() { t.client.Close() }

// write writes records and waits until the broker has them.
func (t *topic) write(ctx context.Context, records int, all *ticks) error {
	var first error
	var once sync.Once
	done := func(_ *kgo.Record, err error) {
		if err != nil {
			once.Do(func() { first = err })
		}
	}
	var chunk []byte // values lie behind each other in it
	for range records {
		if len(chunk)+all.size > cap(chunk) {
			chunk = make([]byte, 0, 1<<20)
		}
		start := len(chunk)
		var key []byte
		key, chunk = all.next(chunk)
		t.client.Produce(ctx, &kgo.Record{Key: key, Value: chunk[start:len(chunk):len(chunk)]}, done)
	}
	if err := t.client.Flush(ctx); err != nil {
		return err
	}
	return first
}

// end returns the ends of all partitions together.
func (t *topic) end(ctx context.Context) (sum uint64, err error) {
	of := kmsg.NewListOffsetsRequestTopic()
	of.Topic = t.name
	for i := range t.partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = int32(i), -1 // the end
		of.Partitions = append(of.Partitions, p)
	}
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	request.Topics = append(request.Topics, of)
	response, err := request.RequestWith(ctx, t.client)
	if err != nil {
		return 0, err
	}
	for _, answer := range response.Topics {
		for _, p := range answer.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return 0, err
			}
			sum += uint64(p.Offset)
		}
	}
	if len(response.Topics) == 0 {
		return 0, errors.New("the broker tells no offsets")
	}
	return sum, nil
}
