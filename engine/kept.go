package engine

import (
	"container/list"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/halley-stream/halley/adapters"
)

// kept is what Metadata Adapters have answered and allow to be given again for a while.
// Refusals are not among it. It is bounded: the oldest answers leave. Any goroutine.
type kept[V any] struct {
	mu    sync.Mutex
	byKey map[keptKey]*list.Element
	order list.List // of keptAnswer[V], the oldest first
}

// keptKey is a hash of a question, so that no password is kept.
type keptKey [sha256.Size]byte

type keptAnswer[V any] struct {
	key   keptKey
	value V
	until int64 // of the engine's clock
}

// keptMax is how many answers of a kind are kept.
const keptMax = 4096

// get returns the answer to a question, if there is one that is still good.
func (k *kept[V]) get(key keptKey, now int64) (value V, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.byKey[key]
	if at == nil {
		return value, false
	}
	a := at.Value.(keptAnswer[V])
	if now >= a.until {
		k.remove(at)
		return value, false
	}
	return a.value, true
}

// put keeps an answer until a time.
func (k *kept[V]) put(key keptKey, value V, until int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if old := k.byKey[key]; old != nil {
		k.remove(old)
	}
	if k.order.Len() >= keptMax {
		k.remove(k.order.Front())
	}
	if k.byKey == nil {
		k.byKey = make(map[keptKey]*list.Element)
	}
	k.byKey[key] = k.order.PushBack(keptAnswer[V]{key, value, until})
}

func (k *kept[V]) remove(at *list.Element) {
	delete(k.byKey, at.Value.(keptAnswer[V]).key)
	k.order.Remove(at)
}

// authenticate asks the Metadata Adapter whether a client may connect, or knows it.
func (a *adapterSet) authenticate(ctx context.Context, login adapters.Login) (adapters.Permit, error) {
	e := a.engine
	key := e.loginKey(a.name, login)
	if p, ok := e.permits.get(key, e.clock()); ok {
		return p, nil
	}
	p, err := a.metadata.Authenticate(ctx, login)
	keep := p.KeepFor
	if !p.Expires.IsZero() {
		keep = min(keep, time.Until(p.Expires))
	}
	if err == nil && keep > 0 {
		e.permits.put(key, p, after(e.clock(), keep))
	}
	return p, err
}

// resolve asks the Metadata Adapter what a subscription stands for, or knows it.
func (a *adapterSet) resolve(ctx context.Context, interest adapters.Interest) (adapters.Resolution, error) {
	e := a.engine
	key := e.interestKey(a.name, interest)
	if r, ok := e.resolutions.get(key, e.clock()); ok {
		return r, nil
	}
	r, err := a.metadata.Resolve(ctx, interest)
	if err == nil && r.KeepFor > 0 {
		e.resolutions.put(key, r, after(e.clock(), r.KeepFor))
	}
	return r, err
}

// after is the time that is d after now, or far enough away.
func after(now int64, d time.Duration) int64 { return now + min(int64(d), never-now) }

// loginKey is the same for the same login, from whatever address. The key of a
// WebSocket's handshake is new each time, and says nothing.
func (e *Engine) loginKey(set string, l adapters.Login) keptKey {
	parts := []string{set, l.User, l.Password}
	for _, name := range slices.Sorted(maps.Keys(l.Header)) {
		if name == "Sec-Websocket-Key" {
			continue
		}
		for _, value := range l.Header[name] { // in pairs, so that no value passes for a name
			parts = append(parts, name, value)
		}
	}
	return e.keptKey(parts...)
}

// interestKey is the same for the same interest of the same user.
func (e *Engine) interestKey(set string, i adapters.Interest) keptKey {
	return e.keptKey(set, i.User, i.Grant, i.DataAdapter, i.Group, i.Schema, i.Mode.String(), i.Selector)
}

// keptKey hashes texts, each with its length, so that none can pass for two. The salt
// keeps a key from being compared with anything outside of this process.
func (e *Engine) keptKey(parts ...string) keptKey {
	h := sha256.New()
	h.Write(e.salt[:])
	for _, part := range parts {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return keptKey(h.Sum(nil))
}

// newSalt returns random bytes.
func newSalt() (salt [16]byte) {
	rand.Read(salt[:]) // it does not fail: crypto/rand says so
	return salt
}
