package protocol

import "strconv"

// Add is a subscription, as a client asks for it ("Subscription Request"). Two of
// them are equal if they ask for the same: clients repeat a request whose answer
// they missed, with the same SubID and another ReqID.
type Add struct {
	// SubID is the client's number for the subscription, from 1 up.
	SubID int
	// Mode is one of "RAW", "MERGE", "DISTINCT" and "COMMAND".
	Mode string
	// Group and Schema stand for items and fields; what they mean is up to the
	// metadata adapter.
	Group  string
	Schema string
	// DataAdapter is DefaultAdapter if the client names none.
	DataAdapter string
	Selector    string
	Snapshot    SnapshotWish
	// Frequency does not count in RAW mode.
	Frequency Frequency
	// BufferSize is how many updates may wait for their turn: 0 is the mode's
	// default, -1 is no limit. It counts in MERGE and DISTINCT, if filtered.
	BufferSize int
}

// SnapshotWish is what a client wants to know of the past.
type SnapshotWish struct {
	Wanted bool
	// Length bounds the updates of the snapshot; 0 leaves it to the server. Of
	// DISTINCT only.
	Length int
}

// add reads the parameters of OpAdd.
func (r *paramReader) add(subID int) Add {
	a := Add{
		SubID:       subID,
		Mode:        r.mode(),
		Group:       r.need("LS_group"),
		Schema:      r.need("LS_schema"),
		DataAdapter: r.get("LS_data_adapter", DefaultAdapter),
		Selector:    r.get("LS_selector", ""),
		BufferSize:  r.bufferSize(),
	}
	a.Snapshot = r.snapshot(a.Mode)
	a.Frequency, _ = r.frequency()
	return a
}

func (r *paramReader) mode() string {
	const name = "LS_mode"
	switch value := r.need(name); value {
	case "RAW", "MERGE", "DISTINCT", "COMMAND":
		return value
	default:
		r.fail(invalid(name, value))
		return ""
	}
}

func (r *paramReader) snapshot(mode string) SnapshotWish {
	const name = "LS_snapshot"
	switch value := r.get(name, "false"); value {
	case "false":
		return SnapshotWish{}
	case "true":
		return SnapshotWish{Wanted: true}
	default:
		if mode != "DISTINCT" {
			r.fail(invalid(name, value))
			return SnapshotWish{}
		}
		return SnapshotWish{Wanted: true, Length: r.count(name)}
	}
}

func (r *paramReader) bufferSize() int {
	const name = "LS_requested_buffer_size"
	switch r.get(name, "") {
	case "unlimited":
		return -1
	default:
		return r.count(name)
	}
}

// count returns a number from 1 up, or 0 if it is missing. What does not fit an
// int is as good as the greatest one.
func (r *paramReader) count(name string) int {
	return int(min(r.number(name, 1, 0), int64(maxInt)))
}

const maxInt = 1<<(strconv.IntSize-1) - 1
