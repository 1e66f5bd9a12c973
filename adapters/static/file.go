package static

import (
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters/roles"
	"github.com/halley-stream/halley/internal/settings"
)

// checkEvery is how often the users file is looked at, at most.
const checkEvery = time.Second

// file is a users file. Any goroutine.
type file struct {
	path  string
	known map[string]roles.Role
	taken map[string]User // users that the file may not have again

	mu     sync.Mutex
	looked time.Time
	stamp  stamp
}

// stamp tells whether a file has changed.
type stamp struct {
	changed time.Time
	size    int64
}

// changed reports whether the file is another than when it was read last, and so has
// to be read. It looks at most once in checkEvery, so that of many who ask one is told.
func (f *file) changed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.looked.IsZero() && time.Since(f.looked) < checkEvery {
		return false
	}
	f.looked = time.Now()
	info, err := os.Stat(f.path)
	if err != nil {
		return f.become(stamp{}) // reading it says what is wrong
	}
	return f.become(stamp{info.ModTime(), info.Size()})
}

// become notes what the file is now, and reports whether that is something else.
func (f *file) become(now stamp) bool {
	if f.stamp.size == now.size && f.stamp.changed.Equal(now.changed) {
		return false
	}
	f.stamp = now
	return true
}

// read returns the users in the file, or all its faults, each with file and line.
func (f *file) read() (map[string]User, error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	var content struct {
		Users map[string]User `yaml:"users"`
	}
	s := settings.New(&content, nil)
	s.File(f.path, text)
	s.Validate()
	for _, err := range usersFaults(content.Users, f.known) {
		// The faults of hashes have been found already, with their places.
		if path, text, ok := strings.Cut(err.Error(), ": "); ok && !strings.HasSuffix(path, ".hash") {
			s.Fault("users."+path, "%s", text)
		}
	}
	for name := range content.Users {
		if _, ok := f.taken[name]; ok {
			s.Fault("users."+name, "the configuration has this user as well")
		}
	}
	return content.Users, inOneLine(s.Err())
}

// inOneLine returns faults without the lines that they are in, which hold hashes.
func inOneLine(err error) error {
	var faults settings.Faults
	if !errors.As(err, &faults) {
		return err
	}
	texts := make([]string, len(faults))
	for i, f := range faults {
		texts[i] = f.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}
