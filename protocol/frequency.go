package protocol

import "strconv"

// FrequencyKind says whether, and how, the frequency of a subscription is bound.
type FrequencyKind uint8

const (
	// Unlimited: as soon as possible, but newer values may replace older ones.
	Unlimited FrequencyKind = iota
	// Unfiltered: every update; a loss is announced.
	Unfiltered
	// Limited: so many updates a second, for each item, or key of a COMMAND item.
	Limited
)

// Frequency is the maximum frequency of a subscription.
type Frequency struct {
	Kind      FrequencyKind
	PerSecond float64 // of Limited only
}

// AppendFrequency appends f as CONF has it: the number and the filtering
// ("2.5,filtered").
func AppendFrequency(dst []byte, f Frequency) []byte {
	switch f.Kind {
	case Unfiltered:
		return append(dst, "unlimited,unfiltered"...)
	case Limited:
		dst = appendDecimal(dst, f.PerSecond)
	default:
		dst = append(dst, "unlimited"...)
	}
	return append(dst, ",filtered"...)
}

// frequency reads LS_requested_max_frequency.
func (r *paramReader) frequency() (f Frequency, ok bool) {
	const name = "LS_requested_max_frequency"
	switch value, ok := r.params.Get(name); value {
	case "unlimited":
		return Frequency{Kind: Unlimited}, true
	case "unfiltered":
		return Frequency{Kind: Unfiltered}, true
	default:
		if !ok {
			return Frequency{}, false
		}
		return Frequency{Kind: Limited, PerSecond: r.decimal(name, value)}, true
	}
}

func appendDecimal(dst []byte, n float64) []byte {
	return strconv.AppendFloat(dst, n, 'f', -1, 64)
}
