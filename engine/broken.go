package engine

// breakage is a rule of the engine broken on purpose. Outside tests built with
// the tag "broken" the compiler removes all that depends on it.
type breakage uint8

const (
	brokenNothing      breakage = iota
	brokenNoWake                // a loop that has made room does not wake the shard
	brokenSharedDelta           // a joiner gets the delta that was made for others
	brokenStaleToken            // an answer to an older question is accepted
	brokenOneNumber             // one number per view instead of one per loop
	brokenNoHeld                // a view that found no room is not remembered
	brokenDirtyLost             // a session that has room again does not ask
	brokenMoveClean             // a session that moved does not sync
	brokenOverrunMute           // what left the log is skipped without a word
	brokenDeleteMerged          // a DELETE of COMMAND is merged away
	brokenLateLife              // what a handle of an ended life says is taken
	brokenCountTwice            // control lines are counted as data
	brokenRecoverHave           // a recovery leaves the numbers of MERGE as they were
	brokenForgetful             // a recovery tells no rare line again
	brokenDiffForAll            // a diff goes also to those who have something newer than its base
	brokenNoTurn                // who waits for bandwidth is not looked at again
)
