// Package e2e holds the end-to-end tests: they build the program, start it as its
// users do, and look at it from outside through clients that know nothing of its
// code — the official ones as they are published, and a browser on the page that
// comes with the server. It has no code of its own.
//
// The clients run in Node: the scripts official.mjs and browser.mjs take commands
// as lines of JSON and tell what happens in the same way. The packages that they
// need are installed into this folder when they are missing.
//
// The folder calls has scenarios of another kind: each call and each listener of the
// official clients, for Node and for browsers, over each transport. They are scripts
// that run inside the client's program, and tell a server in this process what to do.
//
// Plugins in Python and Node run as the server starts them; the page about plugins is
// walked as its readers do.
//
// Recorded ticks are kept outside of the project, in the folder that -ticks names; tests
// of them are skipped where they are absent. With -ticks.whole,
// TestRecordedTicksAtFullSpeed plays all of them and tells how fast that was.
package e2e
