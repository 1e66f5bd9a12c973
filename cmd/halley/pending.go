package main

import "context"

// The commands below have files of their own, sub.go and replay.go. Delete the
// function here when its file comes.

func runReplay(_ context.Context, env *environment) int {
	return pending(env, "halley replay info day.ticks")
}

func pending(env *environment, example string) int {
	set := newFlags(env, "", example)
	if _, code, done := parseFlags(env, set); done {
		return code
	}
	return env.misuse("this build does not have the command yet")
}
