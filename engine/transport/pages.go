package transport

import (
	"io/fs"
	"path"
	"time"

	"github.com/halley-stream/halley/engine/transport/http1"
)

// pages are the files that the server shows to browsers, by path. They are read
// once: an event loop reads no disk.
type pages map[string]pageFile

type pageFile struct {
	contentType string
	body        []byte
}

// pagePolicy lets a page use what comes from this server, and connect anywhere:
// the SDK may be pointed at another server.
const pagePolicy = "Content-Security-Policy: default-src 'self'; connect-src *; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"

var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".map":  "application/json",
	".json": "application/json",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".ico":  "image/x-icon",
	".txt":  "text/plain; charset=utf-8",
}

func readPages(files fs.FS) (pages, error) {
	all := make(pages)
	if files == nil {
		return all, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		kind := pageTypes[path.Ext(name)]
		if kind == "" {
			kind = "application/octet-stream"
		}
		page := pageFile{contentType: kind, body: body}
		all["/"+name] = page
		if path.Base(name) == "index.html" {
			all[path.Clean("/"+path.Dir(name))] = page
		}
		return nil
	})
	return all, err
}

// page answers a request for a page.
func (c *conn) page(req *http1.Request) {
	page, ok := c.server.pages[req.Path]
	status, fields := 200, []string{http1.Date(time.Now()), pagePolicy}
	switch {
	case !ok:
		status, page = 404, pageFile{contentType: contentType, body: []byte("Not found\n")}
	case req.Method != "GET" && req.Method != "HEAD":
		status, page = 405, pageFile{contentType: contentType, body: []byte("Use GET\n")}
		fields = append(fields, "Allow: GET, HEAD, OPTIONS")
	}
	if status != 200 {
		c.server.stats.Faults.count(status)
	}
	out := http1.AppendResponse(c.loop.scratch[:0], status, page.contentType, len(page.body), c.keepAlive, c.cors, fields...)
	if req.Method != "HEAD" {
		out = append(out, page.body...)
	}
	c.loop.scratch = out
	c.write(out)
}
