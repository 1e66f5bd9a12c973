package e2e

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cutsStep is the distance between the places where sessions are cut and split.
var cutsStep = flag.Int("cuts.step", 23, "bytes between two places at which sessions are cut and split; 1 is every byte")

// abreast is how many of them run at a time: most of what they do is to wait.
const abreast = 32

// A short session is cut, and split, at one byte after the other, in both directions.
// In the end its client has the right picture each time.
func TestSessionsSurviveCutsAnywhere(t *testing.T) {
	t.Parallel()
	w, err := newWorld(setting{SessionTimeout: 3000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	for _, transport := range []string{"ws", "http", "poll"} {
		t.Run(transport, func(t *testing.T) {
			whole, err := w.shortSession(transport, transport, incision{kind: nothing})
			if err != nil {
				t.Fatal(err)
			}
			var cuts []incision
			for _, kind := range []incisionKind{cutting, parting} {
				for _, way := range []direction{upward, downward} {
					for at := 0; at < whole.length(way); at += *cutsStep {
						cuts = append(cuts, incision{kind, way, at})
					}
				}
			}
			t.Logf("%d bytes up, %d down: %d sessions", whole.length(upward), whole.length(downward), len(cuts))
			next := make(chan incision)
			var running sync.WaitGroup
			for range abreast {
				running.Go(func() {
					for cut := range next {
						if _, err := w.shortSession(fmt.Sprintf("%s-%s-%s-%d", transport, cut.kind, cut.way, cut.at), transport, cut); err != nil {
							t.Errorf("%s at byte %d %s: %v", cut.kind, cut.at, cut.way, err)
						}
					}
				})
			}
			for _, cut := range cuts {
				if t.Failed() {
					break // the others would say the same
				}
				next <- cut
			}
			close(next)
			running.Wait()
		})
	}
}

// shortSession plays a session with items of its own under the knife, and returns
// what passed.
func (w *world) shortSession(name, transport string, cut incision) (*surgery, error) {
	_, server, _ := w.now()
	network, err := operate(server.Address().String(), cut)
	if err != nil {
		return nil, err
	}
	defer network.close()
	s := newSurvivor(network.address, transport)
	defer s.leave()
	feed := w.feeds["DEFAULT"]
	played, update := 0, "UPDATE"
	play := func() error {
		var events []tick
		for range 3 {
			played++
			v := fmt.Sprint(played)
			key := fmt.Sprintf("k%d", played%2)
			events = append(events,
				tick{Item: "m" + name, Values: map[string]*string{"v": &v}},
				tick{Item: "d" + name, Values: map[string]*string{"v": &v}},
				tick{Item: "c" + name, Values: map[string]*string{"key": &key, "command": &update, "v": &v}})
		}
		return feed.play(events)
	}
	s.add(1, 1, "LS_mode=MERGE&LS_schema=v&LS_snapshot=true&LS_group=m"+name)
	s.add(2, 1, "LS_mode=RAW&LS_schema=v&LS_group=m"+name)
	s.add(3, 1, "LS_mode=DISTINCT&LS_schema=v&LS_snapshot=true&LS_group=d"+name)
	s.add(4, 3, "LS_mode=COMMAND&LS_schema=key%20command%20v&LS_requested_max_frequency=unfiltered&LS_snapshot=true&LS_group=c"+name)
	all := func(sub int) func() bool { return func() bool { return len(s.lines[sub]) == played } }
	newest := func() bool { return len(s.lines[1]) > 0 && s.lines[1][len(s.lines[1])-1] == fmt.Sprint(played) }
	if err := errors.Join(s.until(func() bool { return s.ended[3] && s.ended[4] }), play()); err != nil {
		return nil, err
	}
	if err := s.until(func() bool { return newest() && all(2)() && all(3)() && all(4)() }); err != nil {
		return nil, err
	}
	s.want("msg", "LS_message=hello&LS_sequence=S&LS_msg_prog=1", func() bool { return len(s.answers) > 0 })
	s.want("control", "LS_op=reconf&LS_subId=1&LS_requested_max_frequency=50", func() bool { return s.confirmed[1] > 1 })
	s.want("control", "LS_op=delete&LS_subId=2", func() bool { return s.removed[2] })
	if err := errors.Join(s.until(func() bool { return true }), play()); err != nil {
		return nil, err
	}
	if err := s.until(func() bool { return newest() && all(3)() && all(4)() }); err != nil {
		return nil, err
	}
	return network, s.check(played)
}

// check compares what has come with what should have.
func (s *survivor) check(played int) error {
	var numbers, rows []string
	for i := range played {
		numbers = append(numbers, fmt.Sprint(i+1))
		command := "UPDATE"
		if i < 2 {
			command = "ADD"
		}
		rows = append(rows, fmt.Sprintf("k%d %s %d", (i+1)%2, command, i+1))
	}
	var faults []error
	compare := func(what string, got, want []string) {
		if !slices.Equal(got, want) {
			faults = append(faults, fmt.Errorf("%s has %q, want %q", what, got, want))
		}
	}
	compare("RAW", s.lines[2], numbers[:played/2])
	compare("DISTINCT", s.lines[3], numbers)
	compare("COMMAND", s.lines[4], rows)
	compare("the message", s.answers, []string{"heard hello"})
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(s.history, "\n"))
	}
	return nil
}
