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

// filled returns a T of which every field has a value other than zero and, but for
// those that are true, other than that of its neighbours: so a field that is forgotten
// or mistaken for another on its way is missed, also one that the contract gets later.
func filled[T any](t *testing.T) (v T) {
	t.Helper()
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

// fill fills v by the numbers after *n.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(int64(*n), 5).UTC()))
		return
	case time.Duration:
		v.SetInt(int64(*n) * int64(time.Second))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Map:
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, element, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, element)
	case reflect.String:
		v.SetString(fmt.Sprintf("text, \"%d\"", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) / 2)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("a field of type %v cannot be filled", v.Type())
	}
}

func TestMetadataCrosses(t *testing.T) {
	login := filled[adapters.Login](t)
	same(t, Login(cross(t, OfLogin(login))), login)
	permit := filled[adapters.Permit](t)
	same(t, Permit(cross(t, OfPermit(permit))), permit)
	same(t, Permit(cross(t, OfPermit(adapters.Permit{}))), adapters.Permit{})
	interest := filled[adapters.Interest](t)
	same(t, Interest(cross(t, OfInterest(interest))), interest)
	resolution := filled[adapters.Resolution](t)
	same(t, Resolution(cross(t, OfResolution(resolution))), resolution)
	message := filled[adapters.Message](t)
	same(t, Message(cross(t, OfMessage(message))), message)
	notice := filled[adapters.Notice](t)
	same(t, Notice(cross(t, OfNotice(notice))), notice)
	refusal := filled[adapters.Refusal](t)
	same(t, ErrorOf(cross(t, RefusalOf(&refusal))), &refusal)
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
