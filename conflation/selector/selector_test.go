package selector

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	values := map[string]string{
		"price": "101.5", "symbol": "AAPL", "lot": "007", "day high": "110", "name": "Ünïcödé, 100%", "empty": "", "odd": "n/a",
	}
	for _, x := range []struct {
		text string
		want bool
	}{
		{`price > 100`, true},
		{`price > 101.5`, false},
		{`price >= 101.5 and symbol == "AAPL"`, true},
		{`100 < price && !(symbol startsWith "B")`, true},
		{`symbol in ["AAPL", "MSFT"]`, true},
		{`symbol not in ["AAPL", "MSFT"]`, false},
		{`symbol contains "AP" or price < 0`, true},
		{`symbol endsWith "PL"`, true},
		{`symbol < "B"`, true},
		{`lot == "007"`, true},
		{`lot == 7`, true},
		{`lot == "7"`, false},
		{`$env["day high"] - price > 8`, true},
		{`price * 2 > $env["day high"]`, true},
		{`name == "Ünïcödé, 100%"`, true},
		{`empty == ""`, true},
		{`missing == nil`, true},
		{`missing != nil`, false},
		{`missing > 5`, false},
		{`missing < 5`, false},
		{`missing contains "x"`, false},
		{`odd > 5 or odd <= 5`, false},
		{`(missing ?? symbol) == "AAPL"`, true},
		{`price > 100 ? symbol == "AAPL" : false`, true},
		{`number(lot) / 2 == 3.5`, true},
		{`-price < -100`, true},
		{`true`, true},
		{`false`, false},
	} {
		s, err := Compile(x.text)
		if err != nil {
			t.Errorf("%s: %v", x.text, err)
			continue
		}
		var e Evaluator
		for range 2 { // an Evaluator is used again
			e.Begin()
			for name, v := range values {
				e.Set(name, v)
			}
			if got, err := e.Match(s); got != x.want {
				t.Errorf("%s: %v (%v)", x.text, got, err)
			}
		}
	}
}

func TestFields(t *testing.T) {
	s, err := Compile(`price > 1 and (price < 5 or $env["day high"] == "x") and number(lot) > 1`)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Fields(), "|"); got != "price|day high|lot" {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{
		``, `price >`, `price`, `price + 1`, `"text"`, `all([1], # > 0)`, `any(1..1000000, true)`, `1..3 == nil`, `symbol matches "(a+)+$"`,
		`map([1,2], # * 2) == nil`, `let x = 1; x == 1`, `symbol[0] == "A"`, `symbol.length > 1`, `len(symbol) > 1`, `upper(symbol) == "A"`,
		`{"a": 1} == nil`, `symbol[0:1] == "A"`, `number(1)(2) > 1`, `other(1) > 1`, `price ** 2 > 1`, `price | number > 1`, `$env == nil`,
		strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), `price > 1 ` + strings.Repeat("and price > 1 ", 40),
	} {
		if _, err := Compile(text); err == nil {
			t.Errorf("%.60q compiles", text)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%.60q: an error of %d bytes", text, len(err.Error()))
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	s, err := Compile(`price > 100 and symbol == "AAPL"`)
	if err != nil {
		b.Fatal(err)
	}
	var e Evaluator
	b.ReportAllocs()
	for b.Loop() {
		e.Begin()
		e.Set("price", "101.5")
		e.Set("symbol", "AAPL")
		if ok, _ := e.Match(s); !ok {
			b.Fatal("not selected")
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`price > 100 and symbol == "AAPL"`)
	f.Add(`$env["a b"] in ["x", 1, nil] ? -a < +b : a ?? "" contains b`)
	f.Fuzz(func(_ *testing.T, text string) {
		s, err := Compile(text)
		if err != nil {
			return
		}
		var e Evaluator
		e.Begin()
		for i, name := range s.Fields() {
			e.Set(name, []string{"", "1", "x", "1e308"}[i%4])
		}
		_, _ = e.Match(s)
	})
}
