// Package host runs adapters that are programs of their own: it starts a plugin,
// speaks to it over gRPC, watches over it, and starts it again when it fails. To the
// engine a plugin is a Data Adapter and a Metadata Adapter like any other.
//
// A Plugin is a process and its successors. Plugin.Run keeps it alive; the
// adapters that Plugin.Data and Plugin.Metadata return speak to whichever process
// there is, and wait while there is none.
//
// A plugin is not trusted to be right: a process that exits, does not answer,
// or sends what is against the rules is ended and costs one line in the log. It is
// trusted not to be hostile: it runs as the same user, without a sandbox.
package host
