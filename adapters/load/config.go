package load

import (
	"errors"
	"fmt"
	"math"
)

// Ways in which the updates of the items lie in time.
const (
	// PhaseOwn lets each item tick at a phase of its own, drawn from the seed.
	PhaseOwn = "own"
	// PhaseEven spreads the items evenly over the period.
	PhaseEven = "even"
	// PhaseBurst lets all items tick at the same instant.
	PhaseBurst = "burst"
)

// Bounds of a Config. They keep the memory and the rate within what one feed can
// do.
const (
	itemsMax  = 1_000_000
	fieldsMax = 100
	bytesMax  = 1000
	rateMax   = 10_000
)

// Config describes a load. A zero means the default.
type Config struct {
	// Items is how many items there are: item0, item1, … Default 2,000.
	Items int `yaml:"items" doc:"How many items there are: item0, item1 and so on."`
	// Fields is how many fields an item has, seq and sent included. Default 5.
	Fields int `yaml:"fields" doc:"How many fields each has, seq and sent among them."`
	// Bytes is the length of a filler field's value. Default 4.
	Bytes int `yaml:"bytes" doc:"The length of the other fields."`
	// Rate is how often each item ticks, per second; 0 never: there are snapshots
	// only.
	Rate float64 `yaml:"rate" doc:"Ticks per second and item."`
	// Phases says how the ticks of the items lie in time: own, even or burst.
	// Default own.
	Phases string `yaml:"phases" doc:"own: each item at a phase of its own; even: spread evenly; burst: all at once."`
	// Seed decides the phases.
	Seed uint64 `yaml:"seed" doc:"The phases follow from it."`
	// Resident publishes all items unasked; else an item ticks while somebody
	// wants it.
	Resident bool `yaml:"resident" doc:"Ticks all items, also those that nobody has subscribed."`
}

// Defaults returns the standard load: five times a second each.
func Defaults() Config { return Config{Rate: 5}.withDefaults() }

func (c Config) withDefaults() Config {
	if c.Items == 0 {
		c.Items = 2000
	}
	if c.Fields == 0 {
		c.Fields = 5
	}
	if c.Bytes == 0 {
		c.Bytes = 4
	}
	if c.Phases == "" {
		c.Phases = PhaseOwn
	}
	return c
}

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	c = c.withDefaults()
	var faults []error
	within := func(name string, n, low, high int) {
		if n < low || n > high {
			faults = append(faults, fmt.Errorf("%s: %d is not between %d and %d", name, n, low, high))
		}
	}
	within("items", c.Items, 1, itemsMax)
	within("fields", c.Fields, 2, fieldsMax)
	within("bytes", c.Bytes, 1, bytesMax)
	if !(c.Rate >= 0 && c.Rate <= rateMax) || math.IsNaN(c.Rate) {
		faults = append(faults, fmt.Errorf("rate: %v is not between 0 and %d", c.Rate, rateMax))
	}
	switch c.Phases {
	case PhaseOwn, PhaseEven, PhaseBurst:
	default:
		faults = append(faults, fmt.Errorf("phases: %q is not %s, %s or %s", c.Phases, PhaseOwn, PhaseEven, PhaseBurst))
	}
	return errors.Join(faults...)
}
