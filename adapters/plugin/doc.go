// Package plugin is for the authors of adapters that run in a process of their own.
// A type that implements adapters.DataAdapter, adapters.MetadataAdapter or both
// becomes a program that the server starts and watches over:
//
//	func main() {
//		plugin.Serve(plugin.Data(&adapter{}))
//	}
//
// The type may have the abilities of the contract too: adapters.Catalog,
// adapters.MessageHandler, adapters.Witness. It is the same type that could be
// compiled into the server; only a Feed's Publish and Field differ: what the server
// refuses of them is dropped and logged there, since they do not wait for its answer.
//
// Log with log/slog, or write lines to standard error: they appear in the server's
// log under the plugin's name. Nothing may be written to standard output before
// Serve. An adapter that can go on no more returns an error from Run, or panics: the
// process is then started again, with backoff, and what is wanted is subscribed anew.
//
// To run a plugin in a debugger, start it with HALLEY_PLUGIN_ATTACH=unix:/tmp/my.sock
// in its environment, and give the server that address (attach) in place of a command.
//
// What crosses the connection is defined in proto/halley/adapter/v1, for other
// languages.
package plugin
