package metricstest

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const head = "# HELP a_total A.\n# TYPE a_total counter\n"
	cases := map[string]struct{ text, fault string }{
		"a counter":               {head + "a_total{x=\"1\"} 3\na_total{x=\"\\\"\\\\\\n\"} 1e9\n", ""},
		"a histogram":             {"# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\n", ""},
		"a family twice":          {head + "a_total 1\n" + head, "line 4"},
		"a series twice":          {head + "a_total 1\na_total 2\n", "the series comes twice"},
		"a stray sample":          {head + "b 1\n", "among those of a_total"},
		"a type of another":       {"# HELP a A.\n# TYPE b gauge\n", "does not follow"},
		"a counter without total": {"# HELP a A.\n# TYPE a counter\n", "_total"},
		"a gauge with it":         {"# HELP a_total A.\n# TYPE a_total gauge\n", "_total"},
		"no number":               {head + "a_total x\n", "invalid syntax"},
		"a label not escaped":     {head + "a_total{x=\"\"\"} 1\n", "no sample"},
		"an unfinished line":      {head + "a_total 1", "no end"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			families, err := Parse(c.text)
			switch {
			case c.fault == "" && err != nil:
				t.Errorf("%q: %v", c.text, err)
			case c.fault == "" && len(families) != 1:
				t.Errorf("%q has the families %v", c.text, families)
			case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("%q: %v, want %q", c.text, err, c.fault)
			}
		})
	}
}
