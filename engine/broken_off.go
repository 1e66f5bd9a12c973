//go:build !broken

package engine

// broken is the rule that is broken on purpose: none. Tests built with the tag
// "broken" break one at a time, to show that the simulation would notice.
const broken = brokenNothing
