package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/halley-stream/halley/adapters/kafka/publish"
	"github.com/halley-stream/halley/adapters/replay"
)

// replayPasswordEnv is the environment variable with the password for the brokers,
// so that it need not stand in the command line, where other users can see it.
const replayPasswordEnv = "HALLEY_KAFKA_PASSWORD"

// replayOptions are what halley replay is asked to do.
type replayOptions struct {
	kafka  publish.Config
	create bool
	layout publish.Layout
	speed  float64 // 0 is as fast as possible
	from   time.Duration
	loop   bool
	files  []string
}

// runReplay plays recorded ticks into a Kafka topic.
func runReplay(ctx context.Context, env *environment) int {
	set := newFlags(env, "--kafka ADDRESS [flags] FILE...", "halley replay --kafka localhost:9092 --topic ticks --create --speed 10 aig_20131008_quote.zip")
	o, code, done := parseReplay(env, set)
	if done {
		return code
	}
	recording, err := replay.Open(o.files...)
	if err != nil {
		return env.misuse("%v", err)
	}
	defer recording.Close()
	topic, err := publish.New(o.kafka)
	if err != nil {
		return env.misuse("%v", err)
	}
	defer topic.Close()
	if err := prepareTopic(ctx, topic, o); err != nil {
		if ctx.Err() != nil {
			return exitOK
		}
		return env.fail(err)
	}
	p := &player{env: env, options: o, recording: recording, topic: topic, began: time.Now()}
	err = p.play(ctx)
	p.finish()
	var bad *replay.FormatError
	switch {
	case err == nil, ctx.Err() != nil:
		return exitOK
	case errors.As(err, &bad):
		return env.misuse("%v", err)
	}
	return env.fail(err)
}

// parseReplay reads the command line.
func parseReplay(env *environment, set *flag.FlagSet) (o *replayOptions, code int, done bool) {
	o = &replayOptions{}
	brokers := set.String("kafka", "", "`addresses` of brokers as host:port, separated by commas")
	set.StringVar(&o.kafka.Topic, "topic", "ticks", "the topic, by `name`")
	speed := set.String("speed", "1", "1 is the `speed` of the recording, 10 ten times that, 0 or max as fast as possible")
	from := set.String("from", "", "`time` of day at which the clock begins, such as 09:30; ticks before it are sent at once")
	set.BoolVar(&o.loop, "loop", false, "start over at the end")
	set.BoolVar(&o.create, "create", false, "make the topic if there is none")
	set.IntVar(&o.layout.Partitions, "partitions", 1, "with --create: the `number` of partitions")
	set.BoolVar(&o.layout.Compact, "compact", false, "with --create: keep the last record of each symbol only, for ever; records are then whole rows")
	set.StringVar(&o.kafka.Compression, "compression", "none", "`codec` of the records: none, gzip, snappy, lz4, zstd")
	tls := &o.kafka.Cluster.TLS
	set.BoolVar(&tls.Enabled, "tls", false, "encrypt the connections to the brokers")
	ca := set.String("tls-ca", "", "`file` with the certificates of the authorities trusted, in PEM, instead of the system's")
	sasl := &o.kafka.Cluster.SASL
	set.StringVar(&sasl.Mechanism, "sasl", "", "log in: `mechanism` plain, scram-sha-256 or scram-sha-512")
	set.StringVar(&sasl.Username, "user", "", "`name` to log in with; the password is in the environment: "+replayPasswordEnv)
	files, code, done := parseFlags(env, set)
	if done {
		return nil, code, true
	}
	o.files = files
	o.kafka.Cluster.Brokers = strings.FieldsFunc(*brokers, func(r rune) bool { return r == ',' || r == ' ' })
	sasl.Password = env.getenv(replayPasswordEnv)
	if sasl.Mechanism == "" && sasl.Username == "" {
		sasl.Password = "" // of another command
	}
	if err := o.complete(*speed, *from, *ca); err != nil {
		return nil, env.misuse("%v", err), true
	}
	return o, exitOK, false
}

// complete reads what flags give as text, and returns what is wrong with o.
func (o *replayOptions) complete(speed, from, ca string) (err error) {
	switch {
	case len(o.kafka.Cluster.Brokers) == 0:
		return errors.New("where to? Name a broker, as in '--kafka localhost:9092'")
	case len(o.files) == 0:
		return errors.New("which recordings? Name the files, as in 'aig_20131008_quote.zip'")
	case o.layout.Partitions < 1:
		return fmt.Errorf("%d partitions: at least one is needed", o.layout.Partitions)
	}
	if speed != "max" {
		if o.speed, err = strconv.ParseFloat(speed, 64); err != nil {
			return fmt.Errorf("%q is no speed; write for example 10, or max", speed)
		}
	}
	if o.from, err = timeOfDay(from); err != nil {
		return err
	}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		o.kafka.Cluster.TLS.CA = string(text)
	}
	if err := (replay.Config{Files: o.files, Speed: o.speed}).Validate(); err != nil {
		return err
	}
	return o.kafka.Validate()
}

// timeOfDay returns the time since midnight of a text like 09:30.
func timeOfDay(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Sub(at.Truncate(24 * time.Hour)), nil
		}
	}
	return 0, fmt.Errorf("%q is no time of day such as 09:30", text)
}

// prepareTopic makes sure that the brokers answer and the topic is there.
func prepareTopic(ctx context.Context, topic *publish.Publisher, o *replayOptions) error {
	if o.create {
		return topic.Create(ctx, o.layout)
	}
	err := topic.Check(ctx)
	if errors.Is(err, publish.ErrNoTopic) {
		return fmt.Errorf("%w; let --create make it", err)
	}
	return err
}

// player plays a recording into a topic.
type player struct {
	env       *environment
	options   *replayOptions
	recording *replay.Reader
	topic     *publish.Publisher

	// records are those to be written next; their keys and values are in text.
	records []publish.Record
	keys    map[string][]byte
	rows    rows // of a topic that is compacted, else nil
	text    []byte

	began, shown time.Time
	at           time.Duration // the recording's time of day
	count        int           // of ticks written
}

// Bounds of what is written at once.
const (
	replayBatch = 5000
	replayBytes = 1 << 20
)

// play plays until the end, or until ctx is done.
func (p *player) play(ctx context.Context) error {
	p.keys = make(map[string][]byte)
	if p.options.layout.Compact {
		p.rows = make(rows)
	}
	for {
		before := p.count
		if err := p.playOnce(ctx); err != nil || !p.options.loop || p.count == before {
			return err
		}
		if err := p.recording.Rewind(); err != nil {
			return err
		}
	}
}

func (p *player) playOnce(ctx context.Context) error {
	pace := replay.NewPace(p.options.speed).From(p.options.from)
	for {
		tick, err := p.recording.Next()
		if errors.Is(err, io.EOF) {
			return p.write(ctx)
		}
		if err != nil {
			return errors.Join(err, p.write(ctx))
		}
		// What is due is collected, and written when the next tick is not: while the
		// brokers take their time, more becomes due, so the batches fit the load.
		if pace.Ahead(tick) > 0 || len(p.records) >= replayBatch || len(p.text) >= replayBytes {
			if err := p.write(ctx); err != nil {
				return err
			}
			if err := pace.Wait(ctx, tick); err != nil {
				return err
			}
		}
		p.add(tick)
	}
}

func (p *player) add(tick *replay.Tick) {
	key := p.keys[tick.Symbol]
	if key == nil {
		key = []byte(tick.Symbol)
		p.keys[tick.Symbol] = key
	}
	p.at = tick.Time
	if p.rows != nil {
		tick = p.rows.whole(tick)
	}
	start := len(p.text)
	p.text = replay.AppendJSON(p.text, tick)
	p.records = append(p.records, publish.Record{Key: key, Value: p.text[start:len(p.text):len(p.text)]})
}

// write writes what has been collected.
func (p *player) write(ctx context.Context) error {
	if len(p.records) > 0 {
		if err := p.topic.Write(ctx, p.records...); err != nil {
			return err
		}
		p.count += len(p.records)
		p.records, p.text = p.records[:0], p.text[:0]
	}
	p.show()
	return nil
}

// show tells on a terminal how far it is, five times a second.
func (p *player) show() {
	now := time.Now()
	if !p.env.terminal || now.Sub(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = now
	clock := time.Unix(0, 0).UTC().Add(p.at).Format(time.TimeOnly)
	fmt.Fprintf(p.env.stderr, "\r\033[K%s  %d ticks  %.0f/s", clock, p.count, p.rate(now))
}

// rate returns the ticks per second until now.
func (p *player) rate(now time.Time) float64 {
	return float64(p.count) / max(now.Sub(p.began).Seconds(), 1e-3)
}

// finish says what was done.
func (p *player) finish() {
	if p.env.terminal {
		fmt.Fprint(p.env.stderr, "\r\033[K")
	}
	now := time.Now()
	p.env.talk("%d ticks written to %s in %v (%.0f/s); %d suspicious ones left out",
		p.count, p.options.kafka.Topic, now.Sub(p.began).Round(time.Millisecond), p.rate(now), p.recording.Dropped())
}
