package protocol

import (
	"math"
	"strconv"
	"strings"
)

// maxMillis is what times are cut to, some thirty years, so that they can be
// turned into nanoseconds and added up without a thought.
const maxMillis = 1_000_000_000_000

// paramReader takes typed values out of Params and remembers the first error, so
// that a request can be read as one literal.
type paramReader struct {
	params *Params
	err    *Error
}

func (r *paramReader) done() error {
	if r.err == nil {
		return nil // a nil *Error would not be a nil error
	}
	return r.err
}

func (r *paramReader) fail(err *Error) {
	if r.err == nil {
		r.err = err
	}
}

// get returns a value that has a default when it is missing.
func (r *paramReader) get(name, missing string) string {
	if value, ok := r.params.Get(name); ok {
		return value
	}
	return missing
}

// need returns a value that must be there.
func (r *paramReader) need(name string) string {
	value, ok := r.params.Get(name)
	if !ok {
		r.fail(malformed("%s is missing", name))
	}
	return value
}

func (r *paramReader) flag(name string, missing bool) bool {
	switch value, ok := r.params.Get(name); {
	case !ok:
		return missing
	case value == "true":
		return true
	case value != "false":
		r.fail(invalid(name, value))
	}
	return false
}

// number returns a whole number from min up.
func (r *paramReader) number(name string, min, missing int64) int64 {
	value, ok := r.params.Get(name)
	if !ok {
		return missing
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < min || !isDigits(value) {
		r.fail(invalid(name, value))
		return missing
	}
	return n
}

func (r *paramReader) millis(name string) int64 {
	return min(r.number(name, 0, 0), maxMillis)
}

// decimal reads a number greater than zero. Java clients write small and large
// ones with an exponent.
func (r *paramReader) decimal(name, value string) float64 {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n > 0) || math.IsInf(n, 0) || strings.Trim(value, "0123456789.eE+-") != "" {
		r.fail(invalid(name, value))
		return 0
	}
	return n
}

// bandwidth returns kilobits per second, 0 if there is no limit.
func (r *paramReader) bandwidth() (kbps float64, ok bool) {
	const name = "LS_requested_max_bandwidth"
	value, ok := r.params.Get(name)
	if !ok || value == "unlimited" {
		return 0, ok
	}
	return r.decimal(name, value), true
}
