package fakebroker

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"time"
)

// session serves a connection.
type session struct {
	cluster *Cluster
	broker  *broker
	conn    net.Conn
	in      *bufio.Reader
}

func newSession(c *Cluster, b *broker, conn net.Conn) *session {
	return &session{cluster: c, broker: b, conn: conn, in: bufio.NewReader(conn)}
}

// serve answers requests until the connection ends.
func (s *session) serve() {
	for {
		var size [4]byte
		if _, err := io.ReadFull(s.in, size[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(s.in, body); err != nil {
			return
		}
		r := &request{buf: body}
		key, version, correlation := r.int16(), r.int16(), r.int32()
		r.string() // client
		out := &response{}
		out.int32(0) // the length
		out.int32(correlation)
		if !s.answer(key, version, r, out) {
			return
		}
		binary.BigEndian.PutUint32(out.buf, uint32(len(out.buf)-4))
		if _, err := s.conn.Write(out.buf); err != nil {
			return
		}
	}
}

// answer writes the response to a request, and reports whether it knows it.
func (s *session) answer(key, version int16, r *request, out *response) bool {
	c := s.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[key]++
	switch {
	case key == apiVersions && version <= 2:
		out.int16(0)
		out.int32(int32(len(c.highest)))
		for key, highest := range c.highest {
			out.int16(key)
			out.int16(0)
			out.int16(highest)
		}
		if version > 0 {
			out.int32(0)
		}
	case key == Metadata && version == 12:
		s.metadata12(r, out)
	case key == Metadata && version == 8:
		s.metadata8(r, out)
	case key == ListOffsets && version == 5:
		s.listOffsets(r, out)
	case key == Fetch && version == 11:
		s.fetch(r, out)
	default:
		c.t.Errorf("fakebroker: request %d version %d is unknown", key, version)
		return false
	}
	if r.failed {
		c.t.Errorf("fakebroker: request %d version %d is malformed", key, version)
	}
	return true
}

func (s *session) metadata12(r *request, out *response) {
	c := s.cluster
	r.uvarint() // tags of the head
	var names []string
	for range r.uvarint() - 1 {
		r.take(16)
		names = append(names, string(r.take(r.uvarint()-1)))
		r.uvarint()
	}
	if r.int8() != 0 {
		c.t.Error("fakebroker: a request that creates topics")
	}
	out.uvarint(0) // tags of the head
	out.int32(0)
	out.uvarint(len(c.brokers) + 1)
	for _, b := range c.brokers {
		host, port := b.hostPort()
		out.int32(int32(b.id))
		out.compact(host)
		out.int32(int32(port))
		out.uvarint(0) // rack
		out.uvarint(0)
	}
	out.compact("cluster")
	out.int32(1)
	out.uvarint(len(names) + 1)
	for _, name := range names {
		t := c.topics[name]
		if t == nil {
			t = &topic{}
			out.int16(unknownTopic)
		} else {
			out.int16(0)
		}
		out.compact(name)
		out.buf = append(out.buf, make([]byte, 15)...)
		out.buf = append(out.buf, t.id, 0)
		out.uvarint(len(t.partitions) + 1)
		for i, p := range t.partitions {
			out.int16(0)
			out.int32(int32(i))
			out.int32(int32(p.leader - p.isLeaderless()))
			out.int32(int32(p.epoch))
			for range 3 {
				out.uvarint(2)
				out.int32(1)
			}
			out.uvarint(0)
		}
		out.int32(0)
		out.uvarint(1) // a tag, which nobody needs to know
		out.uvarint(77)
		out.uvarint(2)
		out.buf = append(out.buf, 1, 2)
	}
	out.uvarint(0)
}

// isLeaderless returns 1 when there is no leader, so that its number becomes -1.
func (p *partition) isLeaderless() int {
	if p.leader == 0 {
		return 1
	}
	return 0
}

func (s *session) metadata8(r *request, out *response) {
	c := s.cluster
	var names []string
	for range max(0, r.int32()) {
		names = append(names, r.string())
	}
	if r.int8() != 0 {
		c.t.Error("fakebroker: a request that creates topics")
	}
	out.int32(0)
	out.int32(int32(len(c.brokers)))
	for _, b := range c.brokers {
		host, port := b.hostPort()
		out.int32(int32(b.id))
		out.string(host)
		out.int32(int32(port))
		out.int16(-1)
	}
	out.string("cluster")
	out.int32(1)
	out.int32(int32(len(names)))
	for _, name := range names {
		t := c.topics[name]
		if t == nil {
			t = &topic{}
			out.int16(unknownTopic)
		} else {
			out.int16(0)
		}
		out.string(name)
		out.buf = append(out.buf, 0)
		out.int32(int32(len(t.partitions)))
		for i, p := range t.partitions {
			out.int16(0)
			out.int32(int32(i))
			out.int32(int32(p.leader - p.isLeaderless()))
			out.int32(int32(p.epoch))
			for range 3 {
				out.int32(1)
				out.int32(1)
			}
		}
		out.int32(0)
	}
	out.int32(0)
}

// Codes of errors.
const (
	outOfRange    = 1
	unknownTopic  = 3
	notLeader     = 6
	fencedEpoch   = 74
	unknownEpoch  = 76
	readCommitted = 1
)

// find returns a partition and the code of what is wrong with a request for it.
func (s *session) find(name string, index, epoch int32) (*partition, int16) {
	c := s.cluster
	t := c.topics[name]
	if t == nil || int(index) >= len(t.partitions) {
		return nil, unknownTopic
	}
	at := place{name, int(index)}
	if codes := c.faults[at]; len(codes) > 0 {
		c.faults[at] = codes[1:]
		if codes[0] != 0 {
			return nil, codes[0]
		}
	}
	p := t.partitions[index]
	switch {
	case p.leader != s.broker.id:
		return nil, notLeader
	case epoch >= 0 && int(epoch) < p.epoch:
		return nil, fencedEpoch
	case int(epoch) > p.epoch:
		return nil, unknownEpoch
	}
	return p, 0
}

func (p *partition) stableEnd() int64 {
	if p.stable >= 0 {
		return p.stable
	}
	return p.end
}

// listOffsets knows the time of a record as its offset in seconds.
func (s *session) listOffsets(r *request, out *response) {
	r.int32()
	committed := r.int8() == readCommitted
	out.int32(0)
	topics := r.int32()
	out.int32(topics)
	for range topics {
		name := r.string()
		out.string(name)
		partitions := r.int32()
		out.int32(partitions)
		for range partitions {
			index, epoch, at := r.int32(), r.int32(), r.int64()
			p, code := s.find(name, index, epoch)
			offset := int64(-1)
			if p != nil {
				switch {
				case at == -2:
					offset = p.first
				case at == -1 && committed:
					offset = p.stableEnd()
				case at == -1:
					offset = p.end
				case (at+999)/1000 < p.end:
					offset = max(p.first, (at+999)/1000)
				}
			}
			out.int32(index)
			out.int16(code)
			out.int64(-1)
			out.int64(offset)
			out.int32(-1)
		}
	}
}

// want is a partition in a fetch.
type want struct {
	topic        string
	index, epoch int32
	offset       int64
}

func (s *session) fetch(r *request, out *response) {
	c := s.cluster
	r.int32()
	deadline := time.Now().Add(time.Duration(r.int32()) * time.Millisecond)
	r.int32()
	r.int32()
	committed := r.int8() == readCommitted
	r.int32()
	r.int32()
	var wants []want
	for range r.int32() {
		name := r.string()
		for range r.int32() {
			w := want{topic: name, index: r.int32(), epoch: r.int32(), offset: r.int64()}
			r.int64()
			r.int32()
			wants = append(wants, w)
		}
	}
	r.int32()
	r.string()
	for {
		body := &response{}
		if s.fetchNow(wants, committed, body) || !time.Now().Before(deadline) || c.closed {
			out.int32(0)
			out.int16(0)
			out.int32(0)
			out.buf = append(out.buf, body.buf...)
			return
		}
		changed := c.changed
		c.mu.Unlock()
		timer := time.NewTimer(time.Until(deadline))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
		c.mu.Lock()
	}
}

// fetchNow writes what there is, and reports whether that is worth an answer.
func (s *session) fetchNow(wants []want, committed bool, out *response) bool {
	something := false
	out.int32(int32(len(wants)))
	for _, w := range wants {
		out.string(w.topic)
		out.int32(1)
		out.int32(w.index)
		p, code := s.find(w.topic, w.index, w.epoch)
		if p != nil && (w.offset < p.first || w.offset > p.end) {
			p, code = nil, outOfRange
		}
		out.int16(code)
		if p == nil {
			something = true
			out.int64(-1)
			out.int64(-1)
			out.int64(-1)
			out.int32(-1)
			out.int32(-1)
			out.int32(0)
			continue
		}
		out.int64(p.end)
		out.int64(p.stableEnd())
		out.int64(p.first)
		if committed {
			out.int32(int32(len(p.aborted)))
			for _, a := range p.aborted {
				out.int64(a.Producer)
				out.int64(a.First)
			}
		} else {
			out.int32(-1)
		}
		out.int32(-1)
		var data []byte
		for _, b := range p.batches {
			if b.last >= w.offset && (!committed || b.base < p.stableEnd()) {
				data = append(data, b.data...)
				if s.cluster.oneByOne {
					break
				}
			}
		}
		something = something || len(data) > 0
		out.int32(int32(len(data)))
		out.buf = append(out.buf, data...)
	}
	return something
}

// request reads a request.
type request struct {
	buf    []byte
	failed bool
}

func (r *request) take(n int) []byte {
	if n < 0 || n > len(r.buf) {
		r.failed = true
		return make([]byte, max(0, min(n, 1<<10)))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *request) int8() int8   { return int8(r.take(1)[0]) }
func (r *request) int16() int16 { return int16(binary.BigEndian.Uint16(r.take(2))) }
func (r *request) int32() int32 { return int32(binary.BigEndian.Uint32(r.take(4))) }
func (r *request) int64() int64 { return int64(binary.BigEndian.Uint64(r.take(8))) }
func (r *request) string() string {
	n := r.int16()
	if n < 0 {
		return ""
	}
	return string(r.take(int(n)))
}

func (r *request) uvarint() int {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.failed = true
		return 0
	}
	r.buf = r.buf[n:]
	return int(v)
}

// response writes a response.
type response struct{ buf []byte }

func (r *response) int16(v int16)    { r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v)) }
func (r *response) int32(v int32)    { r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(v)) }
func (r *response) int64(v int64)    { r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v)) }
func (r *response) uvarint(v int)    { r.buf = binary.AppendUvarint(r.buf, uint64(v)) }
func (r *response) string(s string)  { r.int16(int16(len(s))); r.buf = append(r.buf, s...) }
func (r *response) compact(s string) { r.uvarint(len(s) + 1); r.buf = append(r.buf, s...) }
