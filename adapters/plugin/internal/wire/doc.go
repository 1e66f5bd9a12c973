// Package wire is what both ends of a plugin's connection share: the handshake, the
// codec, and how errors cross.
package wire

import (
	goplugin "github.com/hashicorp/go-plugin"
)

// Version is the version of the contract, the number in halley.adapter.v1.
const Version = 1

// Name is what the plugin is called within go-plugin's handshake.
const Name = "adapter"

// CookieName and CookieValue tell a plugin that Halley started it. That is no secret,
// it only keeps people from starting a plugin by hand.
const (
	CookieName  = "HALLEY_PLUGIN"
	CookieValue = "c0ffee-market-data"
)

// AttachEnv is the environment variable by which a plugin written in Go listens
// where it says, as unix:PATH, to be attached to.
const AttachEnv = "HALLEY_PLUGIN_ATTACH"

// Window is how many bytes may be on their way, and not read yet, in each direction
// of a stream.
const Window = 1 << 20

// Handshake returns go-plugin's part of the handshake.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{ProtocolVersion: Version, MagicCookieKey: CookieName, MagicCookieValue: CookieValue}
}
