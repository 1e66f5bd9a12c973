package roles

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Book is the roles that there are, by name. It is immutable.
type Book map[string]*role

// NewBook returns the book of the roles given, which are valid.
func NewBook(given map[string]Role) Book {
	b := make(Book, len(given))
	for name, r := range given {
		b[name] = newRole(r)
	}
	return b
}

// Rights returns the rights of who has the roles with the names given. Names that
// the book does not have count for nothing.
func (b Book) Rights(names []string) Rights {
	var r Rights
	for _, name := range names {
		if known := b[name]; known != nil && !slices.Contains(r.roles, known) {
			r.roles = append(r.roles, known)
		}
	}
	return r
}

// Faults returns what is wrong with the roles given, which a setting of the name "roles"
// has, each fault with the name of its setting. The name of a role has no blanks in it.
func Faults(given map[string]Role) []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == "" || strings.ContainsAny(name, " \t\r\n") {
			faults = append(faults, fmt.Errorf("roles: %q is no name of a role: it is empty or has a blank in it", name))
		}
		for _, err := range given[name].faults() {
			faults = append(faults, fmt.Errorf("roles.%s.%w", name, err))
		}
	}
	return faults
}

// UnknownIn returns a fault for each of the names in a setting that given has no role of:
// which it has.
func UnknownIn(setting string, names []string, given map[string]Role) []error {
	var faults []error
	for i, name := range names {
		if _, ok := given[name]; ok {
			continue
		}
		known := "there are " + strings.Join(slices.Sorted(maps.Keys(given)), ", ")
		if len(given) == 0 {
			known = "roles has none"
		}
		faults = append(faults, fmt.Errorf("%s[%d]: there is no role %q; %s", setting, i, name, known))
	}
	return faults
}
