package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/halley-stream/halley/adapters"
	adapterv1 "github.com/halley-stream/halley/adapters/plugin/proto/halley/adapter/v1"
)

// The numbers of modes and of kinds of notices are the same on both sides.

// OfLogin returns the message that a login is.
func OfLogin(l adapters.Login) *adapterv1.AuthenticateRequest {
	r := &adapterv1.AuthenticateRequest{
		AdapterSet: Text(l.AdapterSet), User: Text(l.User), Password: Text(l.Password), Address: Text(l.Address),
		Header: make(map[string]*adapterv1.HeaderValues, len(l.Header)),
	}
	for name, values := range l.Header {
		r.Header[Text(name)] = &adapterv1.HeaderValues{Values: Texts(values)}
	}
	return r
}

// Login returns the login that a message is.
func Login(r *adapterv1.AuthenticateRequest) adapters.Login {
	l := adapters.Login{
		AdapterSet: r.AdapterSet, User: r.User, Password: r.Password, Address: r.Address,
		Header: make(map[string][]string, len(r.Header)),
	}
	for name, values := range r.Header {
		l.Header[name] = values.GetValues()
	}
	return l
}

// OfPermit returns the message that a permit is.
func OfPermit(p adapters.Permit) *adapterv1.AuthenticateReply {
	r := &adapterv1.AuthenticateReply{
		User: Text(p.User), MaxBandwidth: p.MaxBandwidth,
		MaxSessions: int32(p.MaxSessions), MaxSubscriptions: int32(p.MaxSubscriptions),
		KeepFor: ofDuration(p.KeepFor), Grant: Text(p.Grant),
	}
	if !p.Expires.IsZero() {
		r.Expires = timestamppb.New(p.Expires)
	}
	return r
}

// Permit returns the permit that a message is.
func Permit(r *adapterv1.AuthenticateReply) adapters.Permit {
	p := adapters.Permit{
		User: r.User, MaxBandwidth: r.MaxBandwidth,
		MaxSessions: int(r.MaxSessions), MaxSubscriptions: int(r.MaxSubscriptions),
		KeepFor: r.KeepFor.AsDuration(), Grant: r.Grant,
	}
	if r.Expires != nil {
		p.Expires = r.Expires.AsTime()
	}
	return p
}

// OfInterest returns the message that an interest is.
func OfInterest(i adapters.Interest) *adapterv1.ResolveRequest {
	return &adapterv1.ResolveRequest{
		User: Text(i.User), DataAdapter: Text(i.DataAdapter), Group: Text(i.Group), Schema: Text(i.Schema),
		Mode: adapterv1.Mode(i.Mode), Selector: Text(i.Selector), Grant: Text(i.Grant),
	}
}

// Interest returns the interest that a message is.
func Interest(r *adapterv1.ResolveRequest) adapters.Interest {
	return adapters.Interest{
		User: r.User, DataAdapter: r.DataAdapter, Group: r.Group, Schema: r.Schema,
		Mode: adapters.Mode(r.Mode), Selector: r.Selector, Grant: r.Grant,
	}
}

// OfResolution returns the message that a resolution is.
func OfResolution(r adapters.Resolution) *adapterv1.ResolveReply {
	return &adapterv1.ResolveReply{
		Items: Texts(r.Items), Fields: Texts(r.Fields), MaxFrequency: r.MaxFrequency,
		MaxBuffer: int32(r.MaxBuffer), KeepFor: ofDuration(r.KeepFor), Selector: r.Selector,
	}
}

// Resolution returns the resolution that a message is.
func Resolution(r *adapterv1.ResolveReply) adapters.Resolution {
	return adapters.Resolution{
		Items: r.Items, Fields: r.Fields, MaxFrequency: r.MaxFrequency,
		MaxBuffer: int(r.MaxBuffer), KeepFor: r.KeepFor.AsDuration(), Selector: r.Selector,
	}
}

// OfMessage returns the message of protobuf that a client's message is.
func OfMessage(m adapters.Message) *adapterv1.MessageRequest {
	return &adapterv1.MessageRequest{
		User: Text(m.User), Session: Text(m.Session), Text: Text(m.Text), Sequence: Text(m.Sequence), Number: m.Number,
	}
}

// Message returns the client's message that a message of protobuf is.
func Message(r *adapterv1.MessageRequest) adapters.Message {
	return adapters.Message{User: r.User, Session: r.Session, Text: r.Text, Sequence: r.Sequence, Number: r.Number}
}

// OfNotice returns the message that a notice is.
func OfNotice(n adapters.Notice) *adapterv1.NoticeRequest {
	return &adapterv1.NoticeRequest{
		Kind: adapterv1.NoticeKind(n.Kind), User: Text(n.User), Session: Text(n.Session), Address: Text(n.Address),
		Subscription: int64(n.Subscription), DataAdapter: Text(n.DataAdapter), Items: Texts(n.Items), Mode: adapterv1.Mode(n.Mode),
	}
}

// Notice returns the notice that a message is.
func Notice(r *adapterv1.NoticeRequest) adapters.Notice {
	return adapters.Notice{
		Kind: adapters.NoticeKind(r.Kind), User: r.User, Session: r.Session, Address: r.Address,
		Subscription: int(r.Subscription), DataAdapter: r.DataAdapter, Items: r.Items, Mode: adapters.Mode(r.Mode),
	}
}

func ofDuration(d time.Duration) *durationpb.Duration {
	if d <= 0 {
		return nil
	}
	return durationpb.New(d)
}
