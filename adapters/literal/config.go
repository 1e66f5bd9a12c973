package literal

import "github.com/halley-stream/halley/adapters/roles"

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
func (c Config) Validate() error { return c.role().Validate() }

// role is the one role that everybody has.
func (c Config) role() roles.Role {
	r := roles.Role{Items: c.Items, Fields: c.Fields, Modes: c.Modes, MaxFrequency: c.MaxFrequency, Selectors: c.Selectors}
	if len(r.Items) == 0 {
		r.Items = []string{roles.Everything}
	}
	return r
}
