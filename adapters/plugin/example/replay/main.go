// Command replay is a plugin that plays recorded ticks: the adapter that the server
// has in process, served from a process of its own.
//
// Its parameters are files, recordings with commas between them, and speed: 1 is that
// of the recording, max as fast as the server takes them.
package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/halley-stream/halley/adapters/plugin"
	"github.com/halley-stream/halley/adapters/replay"
)

func main() {
	r := new(recording)
	plugin.Serve(plugin.Adapters{Data: r, Configure: r.configure})
}

// recording becomes an adapter when it is told which files to play.
type recording struct{ *replay.Adapter }

func (r *recording) configure(parameters map[string]string) (err error) {
	c := replay.Config{Speed: 1}
	for name, value := range parameters {
		switch name {
		case "files":
			c.Files = strings.Split(value, ",")
		case "speed":
			if c.Speed, err = parseSpeed(value); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is no parameter; there are files and speed", name)
		}
	}
	r.Adapter, err = replay.New(c)
	return err
}

// parseSpeed returns a speed as the adapter has it, for which 0 is as fast as possible.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("speed: %q is no speed; write for example 10, or max", text)
	}
	return speed, nil
}
