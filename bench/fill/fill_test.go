package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestRecordsHaveTheirSize(t *testing.T) {
	all := newTicks(10, 150, 1)
	last := make(map[string]map[string]any)
	for range 10_000 {
		key, value := all.next(nil)
		var fields map[string]any
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.UseNumber()
		if err := decoder.Decode(&fields); err != nil || len(value) != 150 || len(fields) != len(fieldNames) {
			t.Fatalf("%d bytes, %v: %s", len(value), err, value)
		}
		last[string(key)] = fields
	}
	for item, values := range all.last() {
		for i, value := range values {
			if got := fmt.Sprint(last[item][fieldNames[i]]); got != value {
				t.Errorf("%s of %s is %q in the last record, %q is told", fieldNames[i], item, got, value)
			}
		}
	}
	if len(last) != 10 {
		t.Errorf("%d of 10 items were drawn", len(last))
	}
	longest := tick{seq: 1e9, price: 1e5, volume: 1e11}
	if n := len(longest.appendHead(nil)) + len(tail); n > sizeMin {
		t.Errorf("a record without a note has %d bytes, more than %d", n, sizeMin)
	}
}

func TestATopicIsFilled(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	var out, said bytes.Buffer
	args := []string{"--broker", cluster.ListenAddrs()[0], "--records", "5000", "--items", "100", "--partitions", "3"}
	if code := command(t.Context(), args, &out, &said); code != 0 {
		t.Fatalf("fill ends with %d: %s", code, &said)
	}
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		t.Fatal(err)
	}
	if o.Records != 5000 || o.Offsets != 5000 || o.Bytes != 5000*150 || len(o.Last) != 100 || len(o.Last["item0"]) != len(o.Fields) {
		t.Errorf("%d records, %d offsets, %d bytes, %d items", o.Records, o.Offsets, o.Bytes, len(o.Last))
	}
	if code := command(t.Context(), args, &out, &said); code != 1 || !strings.Contains(said.String(), "EXISTS") {
		t.Errorf("filling it again ends with %d: %s", code, &said)
	}
	if code := command(t.Context(), []string{"--bytes", "10"}, &out, &said); code != 2 {
		t.Errorf("10 bytes: %d", code)
	}
}
