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

// ValidateNames returns what is wrong with the names of roles, or nil. A name has no
// blanks in it.
func ValidateNames(given map[string]Role) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if name == "" || strings.ContainsAny(name, " \t\r\n") {
			return fmt.Errorf("%q is no name of a role: it is empty or has a blank in it", name)
		}
	}
	return nil
}

// Unknown says of a name that given has no such role, and which it has.
func Unknown(name string, given map[string]Role) error {
	if len(given) == 0 {
		return fmt.Errorf("there is no role %q, because roles has none", name)
	}
	return fmt.Errorf("there is no role %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(given)), ", "))
}
