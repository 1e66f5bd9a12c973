package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halley-stream/halley/internal/client"
	"github.com/halley-stream/halley/internal/client/clienttest"
	"github.com/halley-stream/halley/internal/leaktest"
	"github.com/halley-stream/halley/protocol"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var transports = []client.Transport{client.WebSocket, client.HTTP, client.Poll}

func dial(t *testing.T, s *clienttest.Server, transport client.Transport) *client.Conn {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Options{URL: s.URL, Transport: transport, AdapterSet: "DEMO", User: "ann & co"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestUpdatesArrive(t *testing.T) {
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			s := clienttest.NewServer(t)
			c := dial(t, s, transport)
			request, err := c.Subscribe(1, client.Subscription{Adapter: "QUOTES", Mode: "MERGE", Group: "A B", Schema: "last", Snapshot: true})
			if err != nil {
				t.Fatal(err)
			}
			s.Say("SUBOK,1,2,1", "CONF,1,unlimited,filtered", clienttest.Update(1, 1, "3.04"), "PROBE")
			var got []string
			for !strings.Contains(strings.Join(got, " "), "3.04") || len(got) < 4 {
				n, err := c.Next()
				if err != nil {
					t.Fatalf("after %q: %v", got, err)
				}
				if n.Tag == protocol.TagREQOK && string(n.Name) != request {
					t.Errorf("REQOK is for %q, want %q", n.Name, request)
				}
				got = append(got, n.Tag.String()+string(n.Text))
			}
			all := strings.Join(s.Requests(), "\n")
			for _, want := range []string{"LS_user=ann%20%26%20co", "LS_adapter_set=DEMO", "LS_group=A%20B", "LS_mode=MERGE", "LS_snapshot=true", "LS_supported_diffs=&"} {
				if !strings.Contains(all, want) {
					t.Errorf("no %s in the requests:\n%s", want, all)
				}
			}
			s.Say(clienttest.Update(1, 2, "4")) // polls go on
			for {
				n, err := c.Next()
				if err != nil {
					t.Fatal(err)
				}
				if n.Tag == protocol.TagU && n.Item == 2 {
					break
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			s := clienttest.NewServer(t)
			s.RefuseSession("CONERR,2,No such set%2C sorry")
			_, err := client.Dial(t.Context(), client.Options{URL: s.URL, Transport: transport})
			var refused *client.Refused
			if !errors.As(err, &refused) || refused.Code != protocol.ConnAdapterSet || refused.Text != "No such set, sorry" {
				t.Errorf("the error is %v, want the server's CONERR", err)
			}
			s = clienttest.NewServer(t)
			s.RefuseAdd(protocol.ReqGroup, "Bad group")
			c := dial(t, s, transport)
			request, _ := c.Subscribe(1, client.Subscription{Mode: "MERGE", Group: "A", Schema: "x"})
			n, err := c.Next()
			if err != nil || n.Tag != protocol.TagREQERR || string(n.Name) != request || n.Code != protocol.ReqGroup {
				t.Errorf("the answer is %+v, %v; want a REQERR for %q", n, err, request)
			}
		})
	}
}

func TestCloseEndsNext(t *testing.T) {
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			c := dial(t, clienttest.NewServer(t), transport)
			done := make(chan error)
			go func() {
				_, err := c.Next()
				done <- err
			}()
			c.Close()
			if err := <-done; !errors.Is(err, client.ErrClosed) {
				t.Errorf("Next returns %v, want ErrClosed", err)
			}
		})
	}
}

// TestTheSessionIsEnded is of sessions that stayed with the server for its time-out, and
// counted among those that it may have.
func TestTheSessionIsEnded(t *testing.T) {
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			s := clienttest.NewServer(t)
			c := dial(t, s, transport)
			c.Leave()
			c.Leave()
			ended := func(request string) bool { return strings.Contains(request, "LS_op=destroy") }
			requests := s.Requests()
			if i := slices.IndexFunc(requests, ended); i < 0 || slices.ContainsFunc(requests[i+1:], ended) {
				t.Errorf("it was asked %q, want destroy once", requests)
			}
		})
	}
}

func TestEndEndsNext(t *testing.T) {
	for _, transport := range transports {
		t.Run(string(transport), func(t *testing.T) {
			c := dial(t, clienttest.NewServer(t), transport)
			done := make(chan error)
			go func() {
				var err error
				for err == nil { // the answer comes first
					_, err = c.Next()
				}
				done <- err
			}()
			c.End()
			var refused *client.Refused
			if err := <-done; !errors.As(err, &refused) || refused.Code != protocol.ConnDestroyed {
				t.Errorf("Next returns %v, want the server's END", err)
			}
		})
	}
}

// TestEndOfALostConnection has nobody who would answer.
func TestEndOfALostConnection(t *testing.T) {
	s := clienttest.NewServer(t)
	c := dial(t, s, client.WebSocket)
	s.Cut()
	c.Leave()
	if _, err := c.Next(); err == nil {
		t.Error("Next goes on")
	}
}

func TestASilentServerIsNoticed(t *testing.T) {
	s := clienttest.NewServer(t)
	s.RefuseSession("CONOK,S1,50000,0,*") // a session, but no keepalive beyond the patience
	c, err := client.Dial(t.Context(), client.Options{URL: s.URL, Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Next(); !errors.Is(err, client.ErrSilent) {
		t.Errorf("the error is %v, want ErrSilent", err)
	}
}

func TestACutIsNoticed(t *testing.T) {
	s := clienttest.NewServer(t)
	c := dial(t, s, client.WebSocket)
	s.Cut()
	if _, err := c.Next(); err == nil || errors.Is(err, client.ErrClosed) {
		t.Errorf("Next returns %v after a cut", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, url := range []string{"", "ftp://x", "http://", "http://%zz"} {
		if _, err := client.Dial(t.Context(), client.Options{URL: url}); err == nil {
			t.Errorf("%q is taken for the address of a server", url)
		}
	}
	s := clienttest.NewServer(t)
	for _, url := range []string{strings.TrimPrefix(s.URL, "http://"), s.URL + "/", "ws" + strings.TrimPrefix(s.URL, "http")} {
		c, err := client.Dial(t.Context(), client.Options{URL: url})
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		c.Close()
	}
}
