package metrics

import "net/http"

// Handler returns a handler that calls the collectors and answers with what they
// say.
func Handler(collectors ...Collector) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w := NewWriter()
		for _, collect := range collectors {
			collect(w)
		}
		rw.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		rw.Header().Set("Cache-Control", "no-store")
		// A scraper that has gone away is its own problem.
		_, _ = rw.Write(w.AppendText(nil))
	})
}
