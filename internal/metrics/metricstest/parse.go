// Package metricstest reads scrapes in tests, as strictly as the strictest of
// their readers: names, types, escapes, the order of the lines.
package metricstest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Parse returns the number of samples of each family in a scrape, or what is
// wrong with it.
func Parse(text string) (map[string]int, error) {
	p := parser{families: make(map[string]int), kinds: make(map[string]string), series: make(map[string]bool)}
	if !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("the last line has no end")
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	return p.families, nil
}

type parser struct {
	families map[string]int
	kinds    map[string]string
	series   map[string]bool
	last     string // the family whose samples may come
}

var sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$`)

func (p *parser) line(line string) error {
	if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
		name, _, _ := strings.Cut(rest, " ")
		if _, twice := p.families[name]; twice {
			return fmt.Errorf("the family comes twice")
		}
		p.families[name], p.last = 0, name
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
		name, kind, _ := strings.Cut(rest, " ")
		if name != p.last {
			return fmt.Errorf("the type does not follow the help")
		}
		if (kind == "counter") != strings.HasSuffix(name, "_total") {
			return fmt.Errorf("counters end in _total, and nothing else does")
		}
		p.kinds[name] = kind
		return nil
	}
	return p.sample(line)
}

func (p *parser) sample(line string) error {
	match := sampleLine.FindStringSubmatch(line)
	if match == nil {
		return fmt.Errorf("this is no sample")
	}
	family := match[1]
	if p.kinds[p.last] == "histogram" {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			family = strings.TrimSuffix(family, suffix)
		}
	}
	if family != p.last {
		return fmt.Errorf("the sample is among those of %s", p.last)
	}
	if p.series[match[1]+match[2]] {
		return fmt.Errorf("the series comes twice")
	}
	p.series[match[1]+match[2]] = true
	if _, err := strconv.ParseFloat(match[3], 64); err != nil {
		return err
	}
	p.families[family]++
	return nil
}
