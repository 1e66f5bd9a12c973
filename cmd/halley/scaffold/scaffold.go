// Package scaffold writes the beginning of an adapter: a small program that works, with
// a test and a configuration that serves it. It knows nothing of the server.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// Project is what is to be written.
type Project struct {
	// Name is that of the program, of its folder, and of its adapter set.
	Name string
	// Language is one of Languages.
	Language string
	// Source is the folder of a clone of Halley's repository, from which its packages
	// are taken. Empty means as they are published.
	Source string
}

// Errors of Write that say what is wrong with a Project.
var (
	ErrName     = errors.New("use small letters, digits, - and _, as in my-feed")
	ErrLanguage = errors.New("there are " + strings.Join(Languages(), " and "))
	ErrSource   = errors.New("name a clone of Halley's repository")
	ErrExists   = errors.New("it exists already; choose another name, or remove it")
)

// Languages returns the languages that there are templates for.
func Languages() []string { return []string{"go", "python"} }

// packages are the files of Source by which each language finds Halley's packages.
var packages = map[string]string{"go": "adapters/plugin/serve.go", "python": "sdk/python/pyproject.toml"}

var goodName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// Write writes the project into a new folder of its name below dir. Nothing that is
// there is overwritten, and of what fails in the middle nothing stays.
func Write(dir string, p Project) (err error) {
	if err := p.check(); err != nil {
		return err
	}
	files, err := p.files()
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, p.Name)
	if err := os.Mkdir(folder, 0o755); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", folder, ErrExists)
	} else if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return errors.Join(err, os.RemoveAll(folder))
		}
	}
	return nil
}

// SourceURL returns the URL of a folder of Source, for templates.
func (p *Project) SourceURL(folder string) string {
	return (&url.URL{Scheme: "file", Path: path.Join(p.Source, folder)}).String()
}

func (p *Project) check() error {
	if !goodName.MatchString(p.Name) {
		return fmt.Errorf("%q cannot be the name of a program: %w", p.Name, ErrName)
	}
	if !slices.Contains(Languages(), p.Language) {
		return fmt.Errorf("no language %q: %w", p.Language, ErrLanguage)
	}
	if p.Source == "" {
		return nil
	}
	source, err := filepath.Abs(p.Source)
	if err != nil {
		return err
	}
	p.Source = filepath.ToSlash(source)
	needed := packages[p.Language]
	if _, err := os.Stat(filepath.Join(source, filepath.FromSlash(needed))); err != nil {
		return fmt.Errorf("there is no %s in %s: %w", needed, source, ErrSource)
	}
	return nil
}

// files returns what the templates make of the project, by name.
func (p *Project) files() (map[string][]byte, error) {
	folder := path.Join("templates", p.Language)
	all, err := template.ParseFS(templates, folder+"/*.tmpl")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, t := range all.Templates() {
		var b bytes.Buffer
		if err := t.Execute(&b, p); err != nil {
			return nil, err
		}
		files[strings.TrimSuffix(t.Name(), ".tmpl")] = b.Bytes()
	}
	return files, nil
}
