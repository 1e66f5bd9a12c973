package main

import (
	"time"

	"github.com/halley-stream/halley/adapters/kafka"
	"github.com/halley-stream/halley/internal/metrics"
)

// collectAdapters returns a Collector for the adapters that have figures of their
// own.
func collectAdapters(sets []adapterSet) metrics.Collector {
	return func(w *metrics.Writer) {
		for _, set := range sets {
			for _, d := range set.data {
				if k, ok := d.adapter.(*kafka.Adapter); ok {
					collectKafka(w, set.name+"/"+d.name, k.Stats())
				}
			}
		}
	}
}

func collectKafka(w *metrics.Writer, adapter string, s kafka.Stats) {
	w.Counter("halley_kafka_records_total", "Records read from Kafka.").Add(float64(s.Records), "adapter", adapter)
	w.Counter("halley_kafka_bytes_total", "Bytes of the responses that they came in.").Add(float64(s.Bytes), "adapter", adapter)
	bad := w.Counter("halley_kafka_bad_records_total", "Records, or batches of them, that were passed over.")
	for reason, n := range s.Bad {
		bad.Add(float64(n), "adapter", adapter, "reason", reason)
	}
	w.Counter("halley_kafka_lost_total", "Offsets that were gone before they could be read.").Add(float64(s.Lost), "adapter", adapter)
	w.Counter("halley_kafka_reconnects_total", "Requests to brokers that failed and were sent again.").Add(float64(s.Reconnects), "adapter", adapter)
	w.Gauge("halley_kafka_rebuilt", "Whether the last values are complete.").AddBool(s.Rebuilt, "adapter", adapter)
	for _, t := range s.Topics {
		labels := []string{"adapter", adapter, "topic", t.Name}
		w.Gauge("halley_kafka_lag", "Offsets of a topic that are still to be read.").AddInt(t.Lag, labels...)
		w.Gauge("halley_kafka_partitions", "Partitions of a topic.").AddInt(int64(t.Partitions), labels...)
		if !t.LastRecord.IsZero() {
			w.Gauge("halley_kafka_last_record_seconds", "Time of the newest record of a topic, in seconds since 1970.").
				Add(float64(t.LastRecord.UnixNano())/float64(time.Second), labels...)
		}
	}
}
