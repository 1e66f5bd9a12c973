// Package archtest checks the shape of the project: who imports whom, and the
// habits that a reader would otherwise have to check by hand. It holds tests and
// their data only.
//
// A new package needs a row in imports.go, with the reason for what it may and
// may not import. An exception from a habit needs an entry with a reason.
package archtest
