package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/halley-stream/halley/adapters"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// cross sends a message over the wire.
func cross[M any, P interface {
	*M
	proto.Message
}](t *testing.T, m P) P {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := P(new(M))
	if err := proto.Unmarshal(b, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestErrorsCross(t *testing.T) {
	for _, known := range reasons {
		err := fmt.Errorf("group %q: %w", "x", known)
		got := ErrorOf(cross(t, RefusalOf(err)))
		if !errors.Is(got, known) || got.Error() != err.Error() {
			t.Errorf("%v arrives as %v", err, got)
		}
	}
	var refusal *adapters.Refusal
	got := ErrorOf(cross(t, RefusalOf(fmt.Errorf("wrapped: %w", &adapters.Refusal{Code: -7, Text: "no \xff way"}))))
	if !errors.As(got, &refusal) || refusal.Code != -7 || refusal.Text != "no \uFFFD way" {
		t.Errorf("a refusal arrives as %v", got)
	}
	other := ErrorOf(cross(t, RefusalOf(errors.New("disk full"))))
	if other == nil || other.Error() != "disk full" || errors.As(other, &refusal) {
		t.Errorf("another error arrives as %v", other)
	}
	if RefusalOf(nil) != nil || ErrorOf(nil) != nil {
		t.Error("nothing became an error")
	}
	if err := ErrorOf(&adapterv1.Refusal{Reason: adapterv1.Reason_REASON_BAD_GROUP}); !errors.Is(err, adapters.ErrBadGroup) {
		t.Errorf("a reason without a text arrives as %v", err)
	}
}

// same fails the test unless got is want.
func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("it arrives as\n%+v, want\n%+v", got, want)
	}
}

func TestMetadataCrosses(t *testing.T) {
	login := adapters.Login{AdapterSet: "DEMO", User: "ann", Password: "pw", Address: "10.0.0.1", Header: map[string][]string{"Cookie": {"a=1", "b=2"}}}
	same(t, Login(cross(t, OfLogin(login))), login)
	permit := adapters.Permit{User: "ann", MaxBandwidth: 1.5, MaxSessions: 2, MaxSubscriptions: 3, Expires: time.Unix(1e9, 5).UTC(), KeepFor: time.Minute, Grant: "desk, \"A\""}
	same(t, Permit(cross(t, OfPermit(permit))), permit)
	same(t, Permit(cross(t, OfPermit(adapters.Permit{}))), adapters.Permit{})
	interest := adapters.Interest{User: "ann", DataAdapter: "Q", Group: "IBM AIG", Schema: "bid ask", Mode: adapters.Command, Selector: "bid > 1"}
	same(t, Interest(cross(t, OfInterest(interest))), interest)
	resolution := adapters.Resolution{Items: []string{"IBM", "AIG"}, Fields: []string{"bid"}, MaxFrequency: 0.5, MaxBuffer: 9, KeepFor: time.Second, Selector: true}
	same(t, Resolution(cross(t, OfResolution(resolution))), resolution)
	message := adapters.Message{User: "ann", Session: "S1", Text: "hi", Sequence: "s", Number: 4}
	same(t, Message(cross(t, OfMessage(message))), message)
	notice := adapters.Notice{Kind: adapters.SubscriptionOpened, User: "ann", Session: "S1", Address: "::1", Subscription: 3, DataAdapter: "Q", Items: []string{"IBM"}, Mode: adapters.Distinct}
	same(t, Notice(cross(t, OfNotice(notice))), notice)
}

func TestEnumsAreThoseOfTheContract(t *testing.T) {
	for m := adapters.Merge; m <= adapters.Raw; m++ {
		if got := adapterv1.Mode(m).String(); got != "MODE_"+m.String() {
			t.Errorf("mode %v is %s on the wire", m, got)
		}
	}
	for kind, want := range map[adapters.NoticeKind]adapterv1.NoticeKind{
		adapters.SessionOpened:      adapterv1.NoticeKind_NOTICE_KIND_SESSION_OPENED,
		adapters.SubscriptionClosed: adapterv1.NoticeKind_NOTICE_KIND_SUBSCRIPTION_CLOSED,
	} {
		if adapterv1.NoticeKind(kind) != want {
			t.Errorf("the kind %d is %v on the wire", kind, adapterv1.NoticeKind(kind))
		}
	}
}

// split returns b in pieces, as it comes from a connection.
func split(b []byte, size int) (s mem.BufferSlice) {
	for len(b) > 0 {
		n := min(size, len(b))
		s = append(s, mem.SliceBuffer(b[:n]))
		b = b[n:]
	}
	return s
}

func TestFramesAreProtobuf(t *testing.T) {
	c := NewCodec()
	frame := bytes.Repeat([]byte("update"), 100)
	encoded, err := c.Marshal(&Updates{frame})
	if err != nil {
		t.Fatal(err)
	}
	var m adapterv1.PluginFrame
	if err := proto.Unmarshal(encoded.Materialize(), &m); err != nil || !bytes.Equal(m.GetUpdates(), frame) {
		t.Errorf("protobuf reads a frame as %q, %v", m.GetUpdates(), err)
	}
	var in Inbound
	if err := c.Unmarshal(split(encoded.Materialize(), 100), &in); err != nil || !bytes.Equal(in.Updates, frame) {
		t.Errorf("the frame is read as %q, %v", in.Updates, err)
	}
	encoded.Free()
}

func TestInboundIsAnyMessage(t *testing.T) {
	c := NewCodec()
	var in Inbound
	for _, m := range []*adapterv1.PluginFrame{
		{Frame: &adapterv1.PluginFrame_Updates{Updates: []byte("abc")}},
		{Frame: &adapterv1.PluginFrame_Subscribed{Subscribed: &adapterv1.Subscribed{Item: 7, Snapshot: true}}},
		{Frame: &adapterv1.PluginFrame_Updates{Updates: []byte{}}},
		{Frame: &adapterv1.PluginFrame_Up{Up: &adapterv1.Up{}}},
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Unmarshal(split(b, 2), &in); err != nil {
			t.Fatal(err)
		}
		if u, ok := m.Frame.(*adapterv1.PluginFrame_Updates); ok {
			if in.Updates == nil || !bytes.Equal(in.Updates, u.Updates) {
				t.Errorf("updates %q are read as %q", u.Updates, in.Updates)
			}
		} else if in.Updates != nil || !proto.Equal(&in.Message, m) {
			t.Errorf("%v is read as %v", m, &in.Message)
		}
	}
	if err := c.Unmarshal(split([]byte{0xff, 0xff}, 1), &in); err == nil {
		t.Error("rubbish is a message")
	}
}
