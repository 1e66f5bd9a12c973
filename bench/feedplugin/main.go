// Command feedplugin is the load adapter as a plugin, to measure what the way from
// another process costs. Its parameters are settings of the load adapter.
package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/halley-stream/halley/adapters/load"
	"github.com/halley-stream/halley/adapters/plugin"
)

func main() {
	f := new(feed)
	plugin.Serve(plugin.Adapters{Name: "feedplugin", Data: f, Configure: f.configure})
}

// feed is the adapter, once it is configured.
type feed struct{ *load.Adapter }

func (f *feed) configure(parameters map[string]string) (err error) {
	number := func(name string) int {
		n, bad := strconv.Atoi(parameters[name])
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, bad))
		}
		return n
	}
	c := load.Config{
		Items: number("items"), Fields: number("fields"), Bytes: number("bytes"),
		Rate: float64(number("rate")), Seed: uint64(number("seed")), Resident: true,
	}
	if err != nil {
		return err
	}
	f.Adapter, err = load.New(c)
	return err
}
