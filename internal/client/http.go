package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/halley-stream/halley/protocol"
)

// answerMax bounds the answer to a control request.
const answerMax = 1 << 20

// httpLink carries a session over HTTP: a response that the server goes on writing,
// or one after the other, and requests of their own for everything else.
type httpLink struct {
	ctx     context.Context // of the connection
	base    *url.URL
	polling bool
	client  *http.Client

	stream io.ReadCloser // the body of the response, nil before the first
	chunk  []byte
}

func newHTTPLink(ctx context.Context, base *url.URL, polling bool) link {
	return &httpLink{
		ctx:     ctx,
		base:    base,
		polling: polling,
		client:  &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true}},
		chunk:   make([]byte, 64<<10),
	}
}

// create opens the session by a poll that is answered at once, also for a stream:
// so proxies that hold back an endless response are found out by the bind.
func (h *httpLink) create(params []byte) error {
	params = protocol.AppendParam(params, "LS_polling", "true")
	params = protocol.AppendParam(params, "LS_polling_millis", "0")
	params = protocol.AppendParam(params, "LS_idle_millis", "0")
	return h.open("create_session", params)
}

func (h *httpLink) bind(session string) error {
	params := protocol.AppendParam(nil, "LS_session", session)
	if h.polling {
		params = protocol.AppendParam(params, "LS_polling", "true")
		params = protocol.AppendParam(params, "LS_polling_millis", "0")
		params = protocol.AppendParam(params, "LS_idle_millis", "19000")
	} else {
		params = protocol.AppendParam(params, "LS_content_length", "50000000")
		params = protocol.AppendParam(params, "LS_send_sync", "false")
	}
	return h.open("bind_session", params)
}

// open makes the response to a request the stream.
func (h *httpLink) open(name string, params []byte) error {
	if h.stream != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(h.stream, answerMax)) // so that the connection can be used again
		h.stream.Close()
	}
	response, err := h.post(name, "", params)
	if err != nil {
		return err
	}
	h.stream = response.Body
	return nil
}

func (h *httpLink) control(session string, params []byte) ([]byte, error) {
	response, err := h.post("control", session, params)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(io.LimitReader(response.Body, answerMax))
}

func (h *httpLink) post(name, session string, params []byte) (*http.Response, error) {
	u := *h.base
	u.Path += "/" + name + ".txt"
	u.RawQuery = "LS_protocol=" + protocol.V25.String()
	if session != "" {
		u.RawQuery += "&LS_session=" + session
	}
	request, err := http.NewRequestWithContext(h.ctx, http.MethodPost, u.String(), bytes.NewReader(params))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s answers with HTTP status %s; is it a Halley server?", h.base.Host, response.Status)
	}
	return response, nil
}

// receive appends what comes next in the stream.
func (h *httpLink) receive(dst []byte) ([]byte, error) {
	n, err := h.stream.Read(h.chunk)
	dst = append(dst, h.chunk[:n]...)
	if n > 0 {
		return dst, nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // a response ends with LOOP or END, not just so
	}
	return dst, err
}

// close is called when ctx is done, which has made all requests return.
func (h *httpLink) close() { h.client.CloseIdleConnections() }
