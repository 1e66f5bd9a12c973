// Package kafka is a Data Adapter that is fed from Kafka topics.
//
// Each server reads every partition of its topics itself, without a consumer
// group: market data is for everybody, so there is nothing to share out. When it
// starts, it rebuilds the last values from a compacted topic, or from a chosen
// point in time; then it follows. Brokers that go away are waited for, and the
// values are kept meanwhile. It never creates a topic and writes nothing.
//
// A record becomes an update of an item by a mapping: a template makes the item's
// name, by default of the record's key, and expressions make the fields, by
// default all scalars of the record's value, which is JSON. Package
// internal/extract has the language. Records that cannot be mapped are counted,
// logged now and then, and passed over.
//
// What fits an item's order: records of one key are in one partition and keep
// their order. When partitions are added to a topic, keys move, and for a moment
// the order between the old partition and the new one is not certain.
//
// The parts: cluster has the connections; internal/wire the requests;
// internal/records the batches; internal/jsonscan and internal/extract the
// mapping. Here, a run is one life of the adapter; it has a goroutine that keeps
// an eye on the cluster (run.go) and one per broker that fetches (follower.go).
package kafka
