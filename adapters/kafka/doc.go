// Package kafka is a Data Adapter that is fed from Kafka topics.
//
// Each server reads every partition of its topics itself, without a consumer
// group: market data is for everybody, so there is nothing to share out. When it
// starts, it rebuilds the last values from a compacted topic, or from a chosen
// point in time; then it follows. Brokers that go away are waited for, and the
// values are kept meanwhile. It never creates a topic and writes nothing.
//
// A record becomes an update of an item by a mapping: a template makes the item's
// name, by default of the record's key, and templates make the fields, by default
// all scalars of the record's value, which is JSON:
//
//	brokers: [localhost:9092]
//	topics:
//	  - topic: ticks                     # items IBM, AIG …, all fields
//	  - topic: orders
//	    item: book-#{VALUE.symbol}
//	    mode: command
//	    fields:
//	      key: "#{VALUE.id}"
//	      size: "#{VALUE.amounts[0].size}"
//
// These are the expressions in a template; many who come from Lightstreamer's
// Kafka Connector have them in their configuration:
//
//	#{KEY} #{VALUE}                        the record's key and value, as they are
//	#{VALUE.a.b} #{VALUE.a[2]['c d']}      a value inside, where they are JSON
//	#{VALUE.*}                             all scalars in an object; of the field * only
//	#{TOPIC} #{PARTITION} #{OFFSET}        the record's place
//	#{TIMESTAMP}                           its time, in ms since 1970
//	#{HEADERS.name} #{HEADERS['name'][1]}  the first header of a name, the second
//	#{HEADERS[0]}                          a header by position
//	#{symbol=KEY,venue=VALUE.v}            several with names: [symbol=IBM,venue=N]
//
// A value that is null in the record is null in the field; one that is absent
// leaves the field as it was. A record without a value empties the item, or
// deletes the row, that its key stands for. Records that cannot be mapped are
// counted, logged now and then, and passed over.
//
// Records of one key are in one partition and keep their order. When partitions
// are added to a topic, keys move, and for a moment the order between a key's old
// partition and its new one is not certain. A broker that lost records and took on
// new ones in their place (an unclean election) is noticed only if its log became
// shorter than what was read.
//
// The parts: cluster has the connections, internal/wire the requests,
// internal/records the batches of records, internal/jsonscan and internal/extract
// the mapping. A run is one life of the adapter; it has a goroutine that watches
// the cluster (run.go, table.go, state.go) and one per broker that fetches
// (follower.go, place.go, record.go).
package kafka
