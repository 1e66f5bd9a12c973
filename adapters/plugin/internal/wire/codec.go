package wire

import (
	"encoding/binary"
	"fmt"
	"sync"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec for all but frames
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// Codec is the codec of protobuf, with a shortcut for frames of updates: those are
// messages of one field, so that they need not become objects. What is on the wire
// is protobuf all the same.
type Codec struct {
	rest   encoding.CodecV2
	frames *framePool
}

// NewCodec returns the codec.
func NewCodec() Codec { return Codec{encoding.GetCodecV2("proto"), new(framePool)} }

// updatesTag is the tag of PluginFrame.updates.
const updatesTag = 1<<3 | 2

// Updates is a PluginFrame with updates, to be sent.
type Updates struct{ Frame []byte }

// Inbound is a PluginFrame that was received: the updates in it, or any other
// message. Both are valid until it is used again.
type Inbound struct {
	// Updates are nil when Message has something else.
	Updates []byte
	Message adapterv1.PluginFrame

	buffer []byte
}

// keepMax is how large a buffer may be that is used again, so that one large value
// does not stay for ever.
const keepMax = 256 << 10

// Name says that it is protobuf.
func (Codec) Name() string { return "proto" }

// Marshal encodes Updates and protobuf messages. It copies Updates, so they may be
// used again at once.
func (c Codec) Marshal(v any) (mem.BufferSlice, error) {
	u, ok := v.(*Updates)
	if !ok {
		return c.rest.Marshal(v)
	}
	b := c.frames.Get(1 + binary.MaxVarintLen64 + len(u.Frame))
	text := binary.AppendUvarint(append((*b)[:0], updatesTag), uint64(len(u.Frame)))
	*b = append(text, u.Frame...)
	return mem.BufferSlice{mem.NewBuffer(b, c.frames)}, nil
}

// Unmarshal decodes into an Inbound or a protobuf message.
func (c Codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*Inbound)
	if !ok {
		return c.rest.Unmarshal(data, v)
	}
	return in.read(data)
}

func (in *Inbound) read(data mem.BufferSlice) error {
	size := data.Len()
	if cap(in.buffer) < size || cap(in.buffer) > keepMax {
		in.buffer = make([]byte, max(size, 64<<10))
	}
	b := in.buffer[:size]
	data.CopyTo(b)
	if size > 0 && b[0] == updatesTag {
		if n, head := binary.Uvarint(b[1:]); head > 0 && n == uint64(size-1-head) {
			in.Updates = b[1+head:]
			return nil
		}
	}
	in.Updates = nil
	if err := proto.Unmarshal(b, &in.Message); err != nil {
		return fmt.Errorf("a message that is none: %w", err)
	}
	if u, ok := in.Message.Frame.(*adapterv1.PluginFrame_Updates); ok {
		in.Updates = u.Updates
	}
	return nil
}

// framePool keeps the buffers of frames that were sent. gRPC's own pool clears what
// it gives out, by steps of a MiB.
type framePool struct{ pool sync.Pool }

// Get returns a buffer of a length.
func (p *framePool) Get(length int) *[]byte {
	b, _ := p.pool.Get().(*[]byte)
	if b == nil || cap(*b) < length {
		b = new([]byte)
		*b = make([]byte, max(length, 96<<10))
	}
	*b = (*b)[:length]
	return b
}

// Put takes a buffer back.
func (p *framePool) Put(b *[]byte) {
	if cap(*b) <= keepMax {
		p.pool.Put(b)
	}
}
