package static

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// usersFile is a file that a test changes.
type usersFile struct {
	path    string
	changes int
}

// write changes the file, and its time, however coarse the file system is.
func (f *usersFile) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(f.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.changes++
	at := time.Unix(int64(f.changes), 0)
	if err := os.Chtimes(f.path, at, at); err != nil {
		t.Fatal(err)
	}
}

func usersText(names ...string) string {
	text := "users:\n"
	for _, name := range names {
		text += fmt.Sprintf("  %s:\n    hash: %s\n    roles: [news]\n", name, cheap(name))
	}
	return text
}

func TestTheUsersFileIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f := &usersFile{path: filepath.Join(t.TempDir(), "users.yaml")}
		f.write(t, usersText("ann"))
		a, err := New(Config{
			Users: map[string]User{"own": {Hash: cheap("own"), Roles: []string{"quotes"}}}, UsersFile: f.path, Roles: someRoles,
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		known := func() string {
			var names []string
			for _, name := range []string{"ann", "bob", "own"} {
				if _, err := a.Authenticate(t.Context(), adapters.Login{User: name, Password: name}); err == nil {
					names = append(names, name)
				}
			}
			return strings.Join(names, " ")
		}
		for _, step := range []struct {
			text   string // "" leaves the file, "-" removes it
			wait   time.Duration
			want   string
			errors int // logged so far
			says   string
		}{
			{"", 0, "ann own", 0, ""},
			{usersText("bob"), 0, "ann own", 0, ""}, // looked at a moment ago
			{"", time.Second, "bob own", 0, ""},
			{usersText("bob", "ann") + "  bad:\n    hash: x\n", time.Second, "bob own", 1, "users.yaml:9:11: users.bad.hash: is no hash"},
			{"", time.Second, "bob own", 1, ""}, // told once
			{usersText("own"), time.Second, "bob own", 2, "users.own: the configuration has this user as well"},
			{"users:\n  x: {hash: '" + cheap("x") + "', roles: [nobody]}\n", time.Second, "bob own", 3, "users.yaml:2:"},
			{"-", time.Second, "bob own", 4, "no such file"},
			{usersText("ann"), time.Second, "ann own", 4, ""},
		} {
			switch step.text {
			case "":
			case "-":
				if err := os.Remove(f.path); err != nil {
					t.Fatal(err)
				}
			default:
				f.write(t, step.text)
			}
			time.Sleep(step.wait)
			if got := known(); got != step.want {
				t.Errorf("after %q: the users are %s, want %s", step.text, got, step.want)
			}
			if n := strings.Count(log.String(), "level=ERROR"); n != step.errors || !strings.Contains(log.String(), step.says) {
				t.Errorf("after %q: %d errors, want %d, with %q in\n%s", step.text, n, step.errors, step.says, log.String())
			}
			if strings.Contains(log.String(), "argon2id$v") {
				t.Errorf("a hash is in the log:\n%s", log.String())
			}
		}
	})
}

func TestABadUsersFileIsNotBegunWith(t *testing.T) {
	f := &usersFile{path: filepath.Join(t.TempDir(), "users.yaml")}
	f.write(t, "users:\n  ann:\n    has: x\n")
	config := Config{UsersFile: f.path, Roles: someRoles}
	if _, err := New(config); err == nil || !strings.Contains(err.Error(), `users.yaml:3:5: users.ann: unknown key "has"; did you mean "hash"?`) {
		t.Errorf("got %v", err)
	}
	config.UsersFile += "x"
	if _, err := New(config); err == nil || !os.IsNotExist(unwrapped(err)) {
		t.Errorf("got %v", err)
	}
}

// unwrapped returns the error inside of the one that names the setting.
func unwrapped(err error) error { return err.(interface{ Unwrap() error }).Unwrap() }
