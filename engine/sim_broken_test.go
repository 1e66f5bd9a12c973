//go:build broken

package engine

import "testing"

// TestSimulationCatchesBrokenRules breaks one rule of the engine at a time and
// expects the simulation to notice within 1,000 seeds.
func TestSimulationCatchesBrokenRules(t *testing.T) {
	for b, name := range map[breakage]string{
		brokenNoWake:       "no wake after full",
		brokenSharedDelta:  "a shared delta to a joiner",
		brokenStaleToken:   "a stale token accepted",
		brokenOneNumber:    "one number per view instead of one per loop",
		brokenNoHeld:       "a view without room is not remembered",
		brokenDirtyLost:    "a session that has room again does not ask",
		brokenMoveClean:    "a session that moved does not sync",
		brokenOverrunMute:  "what left the log is skipped without a word",
		brokenDeleteMerged: "a DELETE is merged away",
		brokenLateLife:     "a handle whose life is over is heard",
		brokenCountTwice:   "control lines are counted as data",
		brokenRecoverHave:  "a recovery leaves the numbers of MERGE as they were",
		brokenForgetful:    "a recovery tells no rare line again",
		brokenDiffForAll:   "a diff to those who have not its base",
		brokenNoTurn:       "who waits for bandwidth is not looked at again",
	} {
		t.Run(name, func(t *testing.T) {
			broken = b
			defer func() { broken = brokenNothing }()
			for seed := uint64(1); seed <= 1000; seed++ {
				if law, _ := simulate(seed, false); law != "" {
					t.Logf("caught by seed %d: %s", seed, law)
					return
				}
			}
			t.Error("not caught within 1,000 seeds")
		})
	}
}
