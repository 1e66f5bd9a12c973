//go:build broken

package engine

// broken is set by the test that breaks one rule at a time.
var broken = brokenNothing
