// Package web holds the page that the server shows: its built files, which are
// part of the binary. It does not serve them.
//
// The page's source is in src. 'npm run build' in sdk/js makes dist of it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the files of the page; index.html is at the root.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // dist is a valid path
	}
	return files
}
