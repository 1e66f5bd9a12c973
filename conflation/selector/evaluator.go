package selector

import "github.com/expr-lang/expr/vm"

// Evaluator evaluates Selectors. It belongs to one goroutine. The zero Evaluator is
// ready.
type Evaluator struct {
	machine vm.VM
	values  map[string]any
}

// memoryBudget bounds what one evaluation may make, in elements of lists and texts.
const memoryBudget = 10_000

// Begin forgets the values that were set.
func (e *Evaluator) Begin() {
	if e.values == nil {
		e.values = make(map[string]any)
	}
	clear(e.values)
}

// Set gives a field its value. Fields that are not set are null.
func (e *Evaluator) Set(field, value string) { e.values[field] = value }

// Match reports whether s holds for the values that were set. What cannot be
// evaluated does not hold; err says why.
func (e *Evaluator) Match(s *Selector) (ok bool, err error) {
	e.machine.MemoryBudget = memoryBudget
	out, err := e.machine.Run(s.program, e.values)
	if err != nil {
		return false, err
	}
	ok, _ = out.(bool)
	return ok, nil
}
