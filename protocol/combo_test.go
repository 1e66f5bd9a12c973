package protocol

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

type comboCase struct {
	Name, Message string
	Create        json.RawMessage
	Combos        []ComboRequest
	Error         int
}

func TestCombos(t *testing.T) {
	for _, c := range load[comboCase](t, "combos.json") {
		t.Run(c.Name, func(t *testing.T) {
			name, rest := SplitMessage([]byte(c.Message))
			if string(name) != CreateSession.String() {
				t.Fatalf("%q is a %s", c.Message, name)
			}
			create, combos, err := parseCombos(rest)
			want := Create{ConnectionParams: ConnectionParams{SendSync: true}, AdapterSet: DefaultAdapter}
			if err := json.Unmarshal(c.Create, &want); err != nil {
				t.Fatal(err)
			}
			if create != want {
				t.Errorf("create_session: got %+v, want %+v", create, want)
			}
			if c.Error != 0 {
				var refusal *Error
				if !errors.As(err, &refusal) || refusal.Code != c.Error || refusal.Text == "" {
					t.Errorf("got %v, want code %d", err, c.Error)
				}
				return
			}
			if err != nil || !slices.Equal(combos, c.Combos) {
				t.Errorf("got %+v, %v\nwant %+v", combos, err, c.Combos)
			}
		})
	}
}

// parseCombos does what a server does with the lines of a create_session.
func parseCombos(lines []byte) (create Create, combos []ComboRequest, err error) {
	var p Params
	n := 0
	for line := range Lines(lines) {
		if err := p.Parse(line); err != nil {
			return create, nil, err
		}
		if n++; n == 1 {
			if create, err = ParseCreate(&p); err != nil {
				return create, nil, err
			}
			if !create.Combo {
				continue
			}
		}
		combo, err := ParseCombo(&p)
		if err != nil {
			return create, nil, err
		}
		combos = append(combos, combo)
	}
	return create, combos, nil
}
