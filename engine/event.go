package engine

// event is one tick of an item as it came: the fields it named, by slot. A shard
// has one and fills it again for each tick.
type event struct {
	epoch uint64
	cells []eventCell // by slot
	slots []int32     // the slots named, in order
}

type eventCell struct {
	epoch uint64
	token []byte // refers to the batch
}

func (e *event) begin() {
	e.epoch++
	e.slots = e.slots[:0]
}

func (e *event) set(slot int, token []byte) {
	if slot >= len(e.cells) {
		e.cells = append(e.cells, make([]eventCell, slot+1-len(e.cells))...)
	}
	c := &e.cells[slot]
	if c.epoch != e.epoch {
		e.slots = append(e.slots, int32(slot))
	}
	c.epoch, c.token = e.epoch, token
}

// at returns the token of a slot, or nil where the tick did not name it. A slot
// below zero is none.
func (e *event) at(slot int32) []byte {
	if slot < 0 || int(slot) >= len(e.cells) || e.cells[slot].epoch != e.epoch {
		return nil
	}
	return e.cells[slot].token
}
