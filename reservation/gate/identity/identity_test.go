package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/upstream/legacy"
)

// issuer is a simulated issuer that counts what it is asked and can change its
// keys.
type issuer struct {
	*httptest.Server
	current atomic.Pointer[legacy.Issuer]
	down    atomic.Bool
	asked   atomic.Int64
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		switch {
		case i.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/jwks.json":
			json.NewEncoder(w).Encode(i.current.Load().JWKS())
		default:
			json.NewEncoder(w).Encode(i.current.Load().Discovery())
		}
	}))
	t.Cleanup(i.Close)
	i.rotate(t)
	return i
}

func (i *issuer) rotate(t *testing.T) {
	t.Helper()
	next, err := legacy.NewIssuer(i.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	i.current.Store(next)
}

var someone = legacy.Person{Name: "김순번", Birth: "1985-03-09", Digits: "one", Phone: "010", Province: "Seoul"}

func (i *issuer) assert(t *testing.T, p legacy.Person) string {
	t.Helper()
	token, err := i.current.Load().Assert("kakao", p, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (i *issuer) verifier() *identity.Verifier {
	return identity.New(identity.Config{Issuer: i.URL, ClientID: legacy.Audience, Client: i.Client(), Now: time.Now})
}

func TestVerify(t *testing.T) {
	i := newIssuer(t)
	got, err := i.verifier().Verify(context.Background(), i.assert(t, someone))
	if err != nil {
		t.Fatal(err)
	}
	want := identity.Person{
		CI: legacy.ConnectingInformation("one"), Name: "김순번", Birth: "1985-03-09", Phone: "010", Province: "Seoul", Provider: "kakao",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIncompletePersonsAreRefused(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	for _, p := range []legacy.Person{{Name: "", Birth: "1985-03-09", Digits: "x"}, {Name: "x", Birth: "1985-02-30", Digits: "x"}, {Name: "x", Digits: "x"}} {
		if _, err := v.Verify(context.Background(), i.assert(t, p)); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestNewKeysAreFetchedWhenNeeded(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	old := i.assert(t, someone)
	if _, err := v.Verify(context.Background(), old); err != nil {
		t.Fatal(err)
	}
	i.rotate(t)
	if _, err := v.Verify(context.Background(), i.assert(t, someone)); err != nil {
		t.Errorf("signed with the new key: %v", err)
	}
	if _, err := v.Verify(context.Background(), old); !errors.Is(err, identity.ErrInvalid) {
		t.Errorf("signed with the withdrawn key: %v", err)
	}
}

func TestAnIssuerThatComesLate(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	v := i.verifier()
	assertion := i.assert(t, someone)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := v.Verify(context.Background(), assertion); !errors.Is(err, identity.ErrUnavailable) {
				t.Errorf("err = %v", err)
			}
		})
	}
	wg.Wait()
	if n := i.asked.Load(); n > 3 {
		t.Errorf("a hundred people asked the silent issuer %d times", n)
	}
	i.down.Store(false)
	deadline := time.Now().Add(5 * time.Second)
	for {
		if _, err := v.Verify(context.Background(), assertion); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("never found the issuer")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestMeterIsHonest(t *testing.T) {
	m := identity.NewMeter(10)
	now := time.UnixMilli(1_000_000)
	for n := range 10 {
		if _, ok := m.Take("kakao", now); !ok {
			t.Fatalf("check %d refused", n)
		}
	}
	wait, ok := m.Take("kakao", now)
	if ok || wait <= 0 || wait > 100*time.Millisecond {
		t.Fatalf("wait %v, %v", wait, ok)
	}
	if _, ok := m.Take("naver", now); !ok {
		t.Error("one provider's rush holds another's users up")
	}
	if _, ok := m.Take("kakao", now.Add(wait)); !ok {
		t.Error("refused after the time it told")
	}
	for range 10 {
		m.Take("invented", now)
	}
	if _, ok := m.Take("also invented", now); ok {
		t.Error("inventing names gets around the meter")
	}
}
