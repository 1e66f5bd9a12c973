package literal

import (
	"errors"
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/halley-stream/halley/adapters"
)

// Config says what may be subscribed. The zero value allows everything but
// selectors.
type Config struct {
	// Items are patterns of the item names allowed, as in path.Match: * stands
	// for any text without a slash, ? for one character, [a-z] for one of a range.
	// None allows all names.
	Items []string `yaml:"items" doc:"Patterns of the items that may be subscribed, such as quote-*. Empty is all."`
	// Fields are the field names allowed. None allows all names.
	Fields []string `yaml:"fields" doc:"Names of the fields that may be asked for. Empty is all."`
	// Modes are the modes allowed: MERGE, DISTINCT, COMMAND, RAW. None allows all.
	Modes []string `yaml:"modes" doc:"Modes that may be asked for: merge, distinct, command, raw. Empty is all."`
	// MaxFrequency is the highest frequency, in updates per second and item.
	// 0 is no limit.
	MaxFrequency float64 `yaml:"max_frequency" doc:"Updates per second and item at most. 0 is no limit."`
	// Selectors allows clients to give selectors, which cost CPU time for each update.
	Selectors bool `yaml:"selectors" doc:"Whether clients may give selectors: expressions that say which updates they want, such as price > 100. Each costs CPU time for every update of its items."`
}

// Validate returns all faults of c, each with the name of its setting.
func (c Config) Validate() error {
	var faults []error
	for i, p := range c.Items {
		if p == "" {
			faults = append(faults, fmt.Errorf("items[%d]: empty pattern", i))
		} else if _, err := path.Match(p, ""); err != nil {
			faults = append(faults, fmt.Errorf("items[%d]: %q is no pattern: %w", i, p, err))
		}
	}
	for i, f := range c.Fields {
		if f == "" || strings.Contains(f, " ") {
			faults = append(faults, fmt.Errorf("fields[%d]: %q is no field name: it is empty or has a blank in it", i, f))
		}
	}
	for i, m := range c.Modes {
		if _, ok := parseMode(m); !ok {
			faults = append(faults, fmt.Errorf("modes[%d]: %q is not MERGE, DISTINCT, COMMAND or RAW", i, m))
		}
	}
	if f := c.MaxFrequency; f < 0 || math.IsNaN(f) || math.IsInf(f, 0) {
		faults = append(faults, fmt.Errorf("max_frequency: %v is no frequency; 0 is no limit", f))
	}
	return errors.Join(faults...)
}

// parseMode returns the mode with the name given, in any case.
func parseMode(name string) (adapters.Mode, bool) {
	for m := adapters.Merge; m <= adapters.Raw; m++ {
		if strings.EqualFold(name, m.String()) {
			return m, true
		}
	}
	return 0, false
}
