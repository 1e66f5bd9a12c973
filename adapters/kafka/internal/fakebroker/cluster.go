// Package fakebroker is a Kafka cluster in miniature for tests: it serves batches
// of records that tests make by hand, byte for byte, as compaction, transactions
// and mishaps leave them. It speaks what wire asks, and what kafka-go's transport
// needs; it cannot be written to.
package fakebroker

import (
	"net"
	"strconv"
	"sync"
	"testing"
)

// Cluster is a cluster. Its methods may be called from any goroutine.
type Cluster struct {
	t  testing.TB
	wg sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	closed  bool
	brokers []*broker
	topics  map[string]*topic
	nextID  byte
	// highest are the highest versions offered, by key.
	highest map[int16]int16
	// asked counts the requests, by key.
	asked map[int16]int
	// oneByOne says that a response has one batch of a partition at most.
	oneByOne bool
	// faults are the errors that partitions answer with, in turn.
	faults map[place][]int16
}

// The requests, by the numbers that the protocol has for them.
const (
	Fetch       int16 = 1
	ListOffsets int16 = 2
	Metadata    int16 = 3
	apiVersions int16 = 18
)

type place struct {
	topic     string
	partition int
}

type topic struct {
	id         byte
	partitions []*partition
}

type partition struct {
	leader, epoch int
	batches       []batch
	first, end    int64
	stable        int64 // or negative: as end
	aborted       []Aborted
}

// batch is a batch as it is sent, with its offsets.
type batch struct {
	base, last int64
	data       []byte
}

// Aborted is an aborted transaction in a partition.
type Aborted struct{ Producer, First int64 }

// broker is a node. Its connections are closed when it is stopped.
type broker struct {
	id       int
	address  string
	listener net.Listener // or nil when it is stopped
	conns    map[net.Conn]struct{}
}

// New returns a cluster with the given number of brokers, whose ids are 1, 2, ….
func New(t testing.TB, brokers int) *Cluster {
	t.Helper()
	c := &Cluster{
		t:       t,
		changed: make(chan struct{}),
		topics:  make(map[string]*topic),
		highest: map[int16]int16{Fetch: 17, ListOffsets: 10, Metadata: 13, apiVersions: 4},
		asked:   make(map[int16]int),
		faults:  make(map[place][]int16),
	}
	for id := 1; id <= brokers; id++ {
		c.brokers = append(c.brokers, &broker{id: id, address: "127.0.0.1:0", conns: make(map[net.Conn]struct{})})
		c.Start(id)
	}
	t.Cleanup(c.close)
	return c
}

// Addresses returns the brokers' addresses.
func (c *Cluster) Addresses() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var addresses []string
	for _, b := range c.brokers {
		addresses = append(addresses, b.address)
	}
	return addresses
}

// Start starts a broker that was stopped, at the same address.
func (c *Cluster) Start(id int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.brokers[id-1]
	l, err := net.Listen("tcp", b.address)
	if err != nil {
		c.t.Fatal(err)
	}
	b.listener, b.address = l, l.Addr().String()
	c.wg.Go(func() { c.accept(b, l) })
}

// Stop stops a broker and cuts its connections.
func (c *Cluster) Stop(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop(c.brokers[id-1])
}

func (c *Cluster) stop(b *broker) {
	if b.listener != nil {
		b.listener.Close()
		b.listener = nil
	}
	for conn := range b.conns {
		conn.Close()
	}
}

// Cut cuts all connections, once.
func (c *Cluster) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.brokers {
		for conn := range b.conns {
			conn.Close()
		}
	}
}

func (c *Cluster) close() {
	c.mu.Lock()
	c.closed = true
	for _, b := range c.brokers {
		c.stop(b)
	}
	c.change()
	c.mu.Unlock()
	c.wg.Wait()
}

func (c *Cluster) accept(b *broker, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		closed := c.closed || b.listener != l
		if !closed {
			b.conns[conn] = struct{}{}
			c.wg.Go(func() {
				newSession(c, b, conn).serve()
				conn.Close()
				c.mu.Lock()
				delete(b.conns, conn)
				c.mu.Unlock()
			})
		}
		c.mu.Unlock()
		if closed {
			conn.Close()
		}
	}
}

// change wakes those who wait. c.mu is held.
func (c *Cluster) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Offer limits the versions of a request that the brokers know.
func (c *Cluster) Offer(request, highest int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.highest[request] = highest
}

// OneByOne lets a response have one batch of a partition at most.
func (c *Cluster) OneByOne() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.oneByOne = true
}

// Asked returns how many requests of a kind there were.
func (c *Cluster) Asked(request int16) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[request]
}

// Create makes a topic, or makes it again, with another id. Broker 1 leads all
// partitions.
func (c *Cluster) Create(name string, partitions int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextID++
	c.topics[name] = &topic{id: c.nextID}
	c.grow(name, partitions)
}

// Grow adds partitions to a topic.
func (c *Cluster) Grow(name string, partitions int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.grow(name, partitions)
}

func (c *Cluster) grow(name string, partitions int) {
	t := c.topics[name]
	for range partitions {
		t.partitions = append(t.partitions, &partition{leader: 1, stable: -1})
	}
	c.change()
}

// Delete deletes a topic.
func (c *Cluster) Delete(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.topics, name)
	c.change()
}

// Append appends bytes that are a batch with the offsets given, at the end of a
// partition.
func (c *Cluster) Append(name string, partition int, base, last int64, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.topics[name].partitions[partition]
	p.batches = append(p.batches, batch{base, last, data})
	p.end = last + 1
	c.change()
}

// Trim deletes the records before an offset, as retention does.
func (c *Cluster) Trim(name string, partition int, first int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.topics[name].partitions[partition]
	p.first = first
	for len(p.batches) > 0 && p.batches[0].last < first {
		p.batches = p.batches[1:]
	}
	c.change()
}

// Truncate deletes the records from an offset on, as an unclean election does.
func (c *Cluster) Truncate(name string, partition int, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.topics[name].partitions[partition]
	p.end = end
	for len(p.batches) > 0 && p.batches[len(p.batches)-1].last >= end {
		p.batches = p.batches[:len(p.batches)-1]
	}
	c.change()
}

// Hold keeps the records from an offset on from those who read what is committed;
// a negative offset lets them go.
func (c *Cluster) Hold(name string, partition int, stable int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.topics[name].partitions[partition].stable = stable
	c.change()
}

// Abort lists aborted transactions of a partition.
func (c *Cluster) Abort(name string, partition int, aborted ...Aborted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.topics[name].partitions[partition].aborted = aborted
}

// Lead makes a broker the leader of a partition. 0 is none.
func (c *Cluster) Lead(name string, partition, broker int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.topics[name].partitions[partition]
	p.leader = broker
	p.epoch++
	c.change()
}

// Fail lets the next requests for a partition end with errors.
func (c *Cluster) Fail(name string, partition int, codes ...int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[place{name, partition}] = codes
	c.change()
}

func (b *broker) hostPort() (string, int) {
	host, port, _ := net.SplitHostPort(b.address)
	n, _ := strconv.Atoi(port)
	return host, n
}
