package replay

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Config says what an Adapter replays, and how.
type Config struct {
	// Files are the recordings; see the package's text for their names.
	Files []string `yaml:"files" doc:"Recordings, as SYMBOL_YYYYMMDD_quote.zip or _trade.zip (or .csv). They are played together, by time of day."`
	// Speed is 1 for the speed of the recording, 2 for twice that, and 0 for as
	// fast as possible.
	Speed float64 `yaml:"speed" doc:"1 is as fast as it was, 10 ten times as fast, 0 as fast as possible."`
	// Loop starts over at the end, after a pause of one second.
	Loop bool `yaml:"loop" doc:"Begins again at the end."`
	// From is the time of day, "09:30" or "09:30:00", at which the clock begins.
	// Ticks before it are sent at once, so that their values are there. Empty is
	// the first tick's.
	From string `yaml:"from" doc:"Time of day at which the clock begins, as 09:30; what came before is told at once."`
}

// Validate returns all faults of c, each with the name of its setting. It does
// not look whether the files are there.
func (c Config) Validate() error {
	var faults []error
	if err := checkNames(c.Files); err != nil {
		faults = append(faults, fmt.Errorf("files: %w", err))
	}
	if c.Speed < 0 || math.IsNaN(c.Speed) || math.IsInf(c.Speed, 0) {
		faults = append(faults, fmt.Errorf("speed: %v is no speed; 1 is that of the recording, 0 as fast as possible", c.Speed))
	}
	if _, err := c.from(); err != nil {
		faults = append(faults, fmt.Errorf("from: %q is no time of day such as 09:30", c.From))
	}
	return errors.Join(faults...)
}

// from returns From as the time since midnight.
func (c Config) from() (time.Duration, error) {
	if c.From == "" {
		return 0, nil
	}
	at, err := time.Parse("15:04:05", c.From)
	if err != nil {
		at, err = time.Parse("15:04", c.From)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second, err
}
