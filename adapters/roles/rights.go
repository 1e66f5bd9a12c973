package roles

import (
	"fmt"
	"slices"

	"github.com/halley-stream/halley/adapters"
)

// Rights are what a user may do: what at least one of its roles allows, within the
// greatest of their limits. They are immutable. Without a role they allow nothing.
type Rights struct{ roles []*role }

// Of returns the rights of who has the roles given, which are valid.
func Of(given ...Role) Rights {
	var r Rights
	for _, g := range given {
		r.roles = append(r.roles, newRole(g))
	}
	return r
}

// None reports whether there is no role.
func (r Rights) None() bool { return len(r.roles) == 0 }

// Permit returns the permit of a user with these rights.
func (r Rights) Permit(user string) adapters.Permit {
	return adapters.Permit{
		User:             user,
		MaxBandwidth:     greatest(r.roles, func(r *role) float64 { return r.MaxBandwidth }),
		MaxSessions:      greatest(r.roles, func(r *role) int { return r.MaxSessions }),
		MaxSubscriptions: greatest(r.roles, func(r *role) int { return r.MaxSubscriptions }),
	}
}

// Resolve splits the group and the schema at their blanks; no other character
// separates names. It refuses with ErrBadGroup or ErrBadSchema what is empty or
// names something twice, and with ErrUnknownItem, ErrBadSchema, ErrModeNotAllowed
// or ErrBadSelector what the rights do not allow.
//
// An item, a field of it and the mode must be allowed by one and the same role. The
// limits are those of the item that has the smallest.
func (r Rights) Resolve(interest adapters.Interest) (adapters.Resolution, error) {
	var out adapters.Resolution
	var err error
	if out.Items, err = split("item", interest.Group, adapters.ErrBadGroup); err != nil {
		return adapters.Resolution{}, err
	}
	if out.Fields, err = split("field", interest.Schema, adapters.ErrBadSchema); err != nil {
		return adapters.Resolution{}, err
	}
	out.Selector = true
	for _, item := range out.Items {
		allowing, err := r.allowing(item, interest.Mode, out.Fields)
		if err != nil {
			return adapters.Resolution{}, err
		}
		out.MaxFrequency = smallest(out.MaxFrequency, greatest(allowing, func(r *role) float64 { return r.MaxFrequency }))
		out.MaxBuffer = smallest(out.MaxBuffer, greatest(allowing, func(r *role) int { return r.MaxBuffer }))
		out.Selector = out.Selector && slices.ContainsFunc(allowing, func(r *role) bool { return r.Selectors })
	}
	if interest.Selector != "" && !out.Selector {
		return adapters.Resolution{}, fmt.Errorf("selector %s, but none are allowed: %w", quote(interest.Selector), adapters.ErrBadSelector)
	}
	return out, nil
}

// allowing returns the roles that allow an item in a mode, which together allow the
// fields.
func (r Rights) allowing(item string, mode adapters.Mode, fields []string) ([]*role, error) {
	allowing := slices.DeleteFunc(slices.Clone(r.roles), func(r *role) bool { return !r.allowsItem(item) })
	if len(allowing) == 0 {
		return nil, fmt.Errorf("item %s: %w", quote(item), adapters.ErrUnknownItem)
	}
	allowing = slices.DeleteFunc(allowing, func(r *role) bool { return !r.modes.Has(mode) })
	if len(allowing) == 0 {
		return nil, fmt.Errorf("%v of item %s: %w", mode, quote(item), adapters.ErrModeNotAllowed)
	}
	for _, field := range fields {
		if !slices.ContainsFunc(allowing, func(r *role) bool { return r.allowsField(field) }) {
			return nil, fmt.Errorf("field %s is not allowed: %w", quote(field), adapters.ErrBadSchema)
		}
	}
	return allowing, nil
}

// greatest returns the greatest limit of the roles; 0, no limit, is greater than all
// others.
func greatest[N int | float64](roles []*role, limit func(*role) N) N {
	var most N
	for _, r := range roles {
		n := limit(r)
		if n == 0 {
			return 0
		}
		most = max(most, n)
	}
	return most
}

// smallest returns the smaller of two limits, of which 0 is none.
func smallest[N int | float64](a, b N) N {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
