package wire

import (
	"errors"
	"strings"

	"github.com/halley-stream/halley/adapters"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// reasons are the errors of the contract that cross the wire as themselves.
var reasons = map[adapterv1.Reason]error{
	adapterv1.Reason_REASON_UNKNOWN_ITEM:     adapters.ErrUnknownItem,
	adapterv1.Reason_REASON_UNAVAILABLE:      adapters.ErrUnavailable,
	adapterv1.Reason_REASON_CREDENTIALS:      adapters.ErrCredentials,
	adapterv1.Reason_REASON_BAD_GROUP:        adapters.ErrBadGroup,
	adapterv1.Reason_REASON_BAD_SCHEMA:       adapters.ErrBadSchema,
	adapterv1.Reason_REASON_MODE_NOT_ALLOWED: adapters.ErrModeNotAllowed,
	adapterv1.Reason_REASON_BAD_SELECTOR:     adapters.ErrBadSelector,
}

// RefusalOf returns what stands for err; nil for nil.
func RefusalOf(err error) *adapterv1.Refusal {
	if err == nil {
		return nil
	}
	var own *adapters.Refusal
	if errors.As(err, &own) {
		return &adapterv1.Refusal{Reason: adapterv1.Reason_REASON_APPLICATION, Code: int32(own.Code), Text: Text(own.Text)}
	}
	for reason, known := range reasons {
		if errors.Is(err, known) {
			return &adapterv1.Refusal{Reason: reason, Text: Text(err.Error())}
		}
	}
	return &adapterv1.Refusal{Reason: adapterv1.Reason_REASON_FAILED, Text: Text(err.Error())}
}

// ErrorOf returns the error that a refusal stands for; nil for nil.
func ErrorOf(r *adapterv1.Refusal) error {
	if r == nil {
		return nil
	}
	if r.Reason == adapterv1.Reason_REASON_APPLICATION {
		return &adapters.Refusal{Code: int(r.Code), Text: r.Text}
	}
	text := r.Text
	known := reasons[r.Reason]
	switch {
	case text == "" && known != nil:
		return known
	case text == "":
		text = "refused without a reason"
	}
	return &refused{text, known}
}

// refused is an error of the other side, with the text that it had there.
type refused struct {
	text  string
	known error // or nil
}

func (r *refused) Error() string { return r.text }
func (r *refused) Unwrap() error { return r.known }

// Text returns s as a text of protobuf, which is UTF-8.
func Text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Texts does the same for several.
func Texts(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = Text(s)
	}
	return out
}
