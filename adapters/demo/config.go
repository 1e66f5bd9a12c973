package demo

import "fmt"

// maxRate bounds Config.Rate, at some 100,000 ticks a second.
const maxRate = 1000

// Config describes a simulated market. The zero value is good.
type Config struct {
	// Seed decides all that happens: the same seed gives the same ticks. 0 takes
	// another seed each time.
	Seed uint64 `yaml:"seed" doc:"The market follows from it: the same seed gives the same market."`
	// Rate scales how often instruments tick. At 1, which 0 stands for too, each
	// ticks 2 to 5 times a second on average, some 100 ticks a second in all. The
	// news are not scaled.
	Rate float64 `yaml:"rate" doc:"How fast it ticks: 1 is some 100 ticks a second over all instruments."`
}

// Validate returns the faults of c, each with the name of its setting.
func (c Config) Validate() error {
	if !(c.Rate >= 0 && c.Rate <= maxRate) {
		return fmt.Errorf("rate: %v is not between 0 and %d", c.Rate, maxRate)
	}
	return nil
}
