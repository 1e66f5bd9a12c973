package static

import (
	"hash/maphash"
	"maps"
	"slices"

	"github.com/halley-stream/halley/adapters/roles"
)

// table is the users that there are. It is immutable.
type table struct {
	users map[string]user
	// decoys are all hashes, in the order of their users' names.
	decoys []hash
	seed   maphash.Seed
}

// user is a User that is ready for use.
type user struct {
	hash   hash
	rights roles.Rights
}

// newTable returns the table of valid users.
func newTable(book roles.Book, seed maphash.Seed, groups ...map[string]User) *table {
	t := &table{users: make(map[string]user), seed: seed}
	for _, users := range groups {
		for name, u := range users {
			h, _ := parseHash(u.Hash)
			t.users[name] = user{hash: h, rights: book.Rights(u.Roles)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.users)) {
		t.decoys = append(t.decoys, t.users[name].hash)
	}
	if len(t.decoys) == 0 {
		h, _ := parseHash(HashPassword(""))
		t.decoys = []hash{h}
	}
	return t
}

// decoy returns a hash to compute for a user that there is not, so that nobody can
// tell by the time who is known. Hashes may differ in what they cost, so each name
// has its own, always the same.
func (t *table) decoy(name string) hash {
	return t.decoys[maphash.String(t.seed, name)%uint64(len(t.decoys))]
}
