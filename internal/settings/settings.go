package settings

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
)

// Settings is a configuration on its way from its defaults to what is in force.
// It belongs to one goroutine.
//
// Call File, Env and Set in the order of their precedence, the weakest first,
// then Validate, then Err.
type Settings struct {
	target   reflect.Value // the struct
	environ  map[string]string
	readFile func(name string) ([]byte, error)
	origins  map[string]place // by path; what is missing has its default
	faults   Faults
	sources  int
}

// New returns the settings whose values are kept in target, a pointer to a
// struct that holds the defaults. The environment, as "NAME=value", is used for
// Env and for secrets.
func New(target any, environ []string) *Settings {
	s := &Settings{
		target:   reflect.ValueOf(target).Elem(),
		environ:  make(map[string]string, len(environ)),
		readFile: os.ReadFile,
		origins:  make(map[string]place),
	}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		s.environ[name] = value
	}
	return s
}

// Err returns all faults found so far as Faults, or nil.
func (s *Settings) Err() error {
	if len(s.faults) == 0 {
		return nil
	}
	return s.faults.sorted()
}

// Origin says where the value at path comes from: "default",
// "halley.yaml:3", "HALLEY_LISTEN (environment)" or "-listen (flag)".
func (s *Settings) Origin(path string) string { return s.origins[path].String() }

// placeOf returns the place of the setting, or of the nearest setting around it
// that has one.
func (s *Settings) placeOf(path string) place {
	for {
		if at, ok := s.origins[path]; ok {
			return at
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return place{}
		}
		path = path[:cut]
	}
}

// Fault reports that the value at path is wrong.
func (s *Settings) Fault(path, format string, args ...any) {
	s.fault(s.placeOf(path), path, fmt.Sprintf(format, args...))
}

func (s *Settings) fault(at place, path, text string) {
	s.faults = append(s.faults, &Fault{Path: path, Text: text, at: at})
}

// faulty reports whether something is wrong at path already.
func (s *Settings) faulty(path string) bool {
	return slices.ContainsFunc(s.faults, func(f *Fault) bool { return f.Path == path })
}

// note remembers where the value at path comes from, in place of what was known
// of it and of the values below it.
func (s *Settings) note(path string, at place) {
	maps.DeleteFunc(s.origins, func(known string, _ place) bool {
		below, ok := strings.CutPrefix(known, path)
		return ok && below != "" && (below[0] == '.' || below[0] == '[')
	})
	s.origins[path] = at
}

// Env takes the values of all environment variables that start with prefix: the
// setting engine.shards is PREFIXENGINE_SHARDS. Values of lists are separated by
// commas; those of maps are YAML. Variables that stand for no setting are faults,
// except the ignored ones and those that container platforms set for a service.
func (s *Settings) Env(prefix string, ignored ...string) {
	paths := make(map[string]string)
	for _, path := range s.Paths() {
		paths[EnvName(prefix, path)] = path
	}
	known := slices.Sorted(maps.Keys(paths))
	for _, name := range slices.Sorted(maps.Keys(s.environ)) {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || slices.Contains(ignored, name) {
			continue
		}
		value := s.environ[name]
		src := s.newSource("environment", name, value)
		if path, ok := paths[name]; ok {
			s.assign(src, path, value)
			continue
		}
		if isServiceVariable(rest) {
			continue
		}
		text := "there is no such setting"
		if outer := s.mapAround(name, func(path string) string { return EnvName(prefix, path) + "_" }); outer != "" {
			text = EnvName(prefix, outer) + wholeOnly
		} else if guess := Nearest(strings.ToLower(name), lowered(known)); guess != "" {
			text += "; did you mean " + strings.ToUpper(guess) + "?"
		}
		s.fault(place{source: src, line: 1, column: 1}, "", text)
	}
}

// EnvName returns the name of the environment variable for the setting at path.
func EnvName(prefix, path string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// isServiceVariable reports whether a container platform sets such a variable
// for each of its services, after the name of the service: HALLEY_PORT,
// HALLEY_SERVICE_HOST, HALLEY_PORT_8080_TCP_ADDR.
func isServiceVariable(rest string) bool {
	return rest == "PORT" || strings.HasPrefix(rest, "SERVICE_") || strings.HasPrefix(rest, "PORT_")
}

func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// Set gives the setting at path the value that text stands for, as in Env. The
// name says to the user where that came from, for example "-listen".
func (s *Settings) Set(name, path, text string) {
	src := s.newSource("flag", name, text)
	if !slices.Contains(s.Paths(), path) {
		text := "there is no setting " + quoted(path)
		if outer := s.mapAround(path, func(path string) string { return path + "." }); outer != "" {
			text = outer + wholeOnly
		} else if guess := Nearest(path, s.Paths()); guess != "" {
			text += "; did you mean " + quoted(guess) + "?"
		}
		s.fault(place{source: src, line: 1, column: 1}, "", text)
		return
	}
	s.assign(src, path, text)
}

// wholeOnly is what to say to who would set something inside a map by itself.
const wholeOnly = " is one value, to be given as a whole, as YAML; only a file can have it line by line"

// mapAround returns the setting that the one called name would be inside of, if that is a
// map, or "". The names of what is inside begin with what inside returns.
func (s *Settings) mapAround(name string, inside func(path string) string) string {
	for _, path := range s.Paths() {
		if v, _ := s.find(path); shapeOf(v.Type()) == mapShape && strings.HasPrefix(name, inside(path)) {
			return path
		}
	}
	return ""
}

// Paths returns the paths of all settings, in the order of the struct. What is
// inside lists and maps has none.
func (s *Settings) Paths() []string { return pathsOf(s.target.Type(), "") }

func pathsOf(t reflect.Type, path string) []string {
	var paths []string
	for _, f := range fieldsOf(t) {
		ft := t.FieldByIndex(f.index).Type
		if shapeOf(ft) == structShape && ft.Kind() != reflect.Pointer {
			paths = append(paths, pathsOf(ft, join(path, f.name))...)
		} else {
			paths = append(paths, join(path, f.name))
		}
	}
	return paths
}

// assign sets the value at path, which exists, from a text outside a file.
func (s *Settings) assign(src *source, path, text string) {
	v, f := s.find(path)
	at := place{source: src, line: 1, column: 1}
	d := &decoder{s: s, src: src}
	switch shapeOf(v.Type()) {
	case scalarShape:
		s.note(path, at)
		d.scalar(path, at, v, f, text)
	case listShape:
		if shapeOf(v.Type().Elem()) != scalarShape {
			d.text(path, text, v, f)
			return
		}
		s.note(path, at)
		list := reflect.MakeSlice(v.Type(), 0, 0)
		for _, part := range strings.Split(text, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			element := reflect.New(v.Type().Elem()).Elem()
			d.scalar(path, at, element, f, part)
			list = reflect.Append(list, element)
		}
		v.Set(list)
	default:
		d.text(path, text, v, f)
	}
}

// find returns the value at a path of Paths.
func (s *Settings) find(path string) (reflect.Value, *field) {
	v := s.target
	for {
		name, rest, more := strings.Cut(path, ".")
		f := fieldOf(v.Type(), name)
		v = v.FieldByIndex(f.index)
		if !more {
			return v, f
		}
		path = rest
	}
}

func (s *Settings) newSource(kind, name, text string) *source {
	s.sources++
	return newSource(s.sources, kind, name, text)
}
