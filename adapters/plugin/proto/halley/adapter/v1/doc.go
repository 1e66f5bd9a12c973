// Package adapterv1 is the contract between the server and adapters that are programs
// of their own, generated from the definitions beside it ('make proto'). frames.md
// describes the frames in which updates travel. It does nothing by itself.
package adapterv1
