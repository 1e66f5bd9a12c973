package main

import (
	"os"
	"runtime/debug"
)

// gcPercent is how much garbage there may be for each byte in use, in percent: little,
// since a server that streams makes next to none, and what is not garbage is
// sessions, of which there may be many. GOGC overrides it.
const gcPercent = 25

func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
