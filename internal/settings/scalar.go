package settings

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setScalar gives v the value that text stands for. The error says what is wrong
// and what would be right, for the user.
func setScalar(v reflect.Value, f *field, text string) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return setScalar(v.Elem(), f, text)
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == durationType {
		d, err := parseDuration(text)
		v.SetInt(int64(d))
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%s is neither true nor false", quoted(text))
		}
		v.SetBool(text == "true")
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := parseInteger(text, f.bytes)
		if err == nil && v.OverflowInt(n) {
			err = fmt.Errorf("%s is out of range", text)
		}
		if err == nil {
			v.SetInt(n)
		}
		return err
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := parseInteger(text, f.bytes)
		if err == nil && (n < 0 || v.OverflowUint(uint64(n))) {
			err = fmt.Errorf("%s is out of range", text)
		}
		if err == nil {
			v.SetUint(uint64(n))
		}
		return err
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("%s is not a number; write for example 0.5", quoted(text))
		}
		v.SetFloat(n)
		return nil
	}
	panic("settings: no scalar: " + v.Type().String())
}

// scalarText is the opposite of setScalar; text says that it has to be quoted
// when it could be taken for something else.
func scalarText(v reflect.Value, f *field) (s string, text bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "null", false
		}
		return scalarText(v.Elem(), f)
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			return string(b), true
		}
	}
	if m, ok := v.Interface().(fmt.Stringer); ok && v.Type() != durationType {
		return m.String(), true
	}
	if v.Type() == durationType {
		return formatDuration(time.Duration(v.Int())), false
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if f.bytes {
			return formatBytes(v.Int()), false
		}
	}
	return fmt.Sprint(v.Interface()), false
}

func parseDuration(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return 0, fmt.Errorf("%s has no unit; write for example %ss or %sms", text, text, text)
	}
	return 0, fmt.Errorf("%s is not a duration; write for example 400ms, 10s or 1m30s", quoted(text))
}

// formatDuration writes d without the zeros that Duration.String ends with.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// byteUnits are the units of sizes; the binary ones come first, the largest
// before the smaller.
var byteUnits = []struct {
	name   string
	factor int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3},
	{"B", 1},
}

var errSize = errors.New("is not a size; write for example 64KiB or 1MiB")

func parseInteger(text string, bytes bool) (int64, error) {
	number, factor := text, int64(1)
	if bytes {
		for _, u := range byteUnits {
			if n, ok := strings.CutSuffix(text, u.name); ok {
				number, factor = strings.TrimSpace(n), u.factor
				break
			}
		}
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(number, "_", ""), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && n > math.MaxInt64/factor, err == nil && n < math.MinInt64/factor:
		return 0, fmt.Errorf("%s is out of range", text)
	case err == nil:
		return n * factor, nil
	case bytes:
		return 0, fmt.Errorf("%s %w", quoted(text), errSize)
	}
	return 0, fmt.Errorf("%s is not a whole number", quoted(text))
}

// formatBytes writes n in the largest binary unit that leaves no fraction.
func formatBytes(n int64) string {
	for _, u := range byteUnits[:4] {
		if n != 0 && n%u.factor == 0 {
			return strconv.FormatInt(n/u.factor, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// checkBounds compares v with the bounds of its field. It returns nil when the
// field has none.
func checkBounds(v reflect.Value, f *field) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return checkBounds(v.Elem(), f)
	}
	if len(f.oneof) > 0 {
		text, _ := scalarText(v, f)
		for _, word := range f.oneof {
			if word == text {
				return nil
			}
		}
		hint := ""
		if guess := Nearest(text, f.oneof); guess != "" {
			hint = "; did you mean " + quoted(guess) + "?"
		}
		return fmt.Errorf("%s is not one of %s%s", quoted(text), strings.Join(f.oneof, ", "), hint)
	}
	low, high := compareBound(v, f, f.min) < 0, compareBound(v, f, f.max) > 0
	if !low && !high {
		return nil
	}
	text, _ := scalarText(v, f)
	switch {
	case f.max == "":
		return fmt.Errorf("%s is too small; it must be at least %s", text, f.min)
	case f.min == "":
		return fmt.Errorf("%s is too large; it must be at most %s", text, f.max)
	}
	return fmt.Errorf("%s is out of range; it must be from %s to %s", text, f.min, f.max)
}

// compareBound compares v with a bound, both of v's type; no bound equals all.
func compareBound(v reflect.Value, f *field, bound string) int {
	if bound == "" {
		return 0
	}
	limit := reflect.New(v.Type()).Elem()
	if err := setScalar(limit, f, bound); err != nil {
		panic("settings: bound of " + f.name + ": " + err.Error())
	}
	a, b := asFloat(v), asFloat(limit)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func asFloat(v reflect.Value) float64 {
	switch {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	}
	return v.Float()
}
