package drand_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/ecc/bls12381"

	"sunbeon/internal/drand"
)

// Round 1000 of quicknet as api.drand.sh gives it.
const (
	quicknet  = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
	source    = "drand:" + quicknet + "/1000"
	signature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
	answer    = `{"round":1000,"randomness":"fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd","signature":"` + signature + `"}`
)

func TestRoundIsCheckedByTheChainsKey(t *testing.T) {
	for _, name := range []string{source, "drand:quicknet/1000"} {
		round, err := drand.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if due := time.UnixMilli(round.TimeMS()).UTC().Format(time.DateTime); due != "2023-08-23 15:59:24" {
			t.Errorf("%s is due at %s", name, due)
		}
		got, err := drand.ReadAnswer([]byte(answer))
		if err != nil || hex.EncodeToString(got) != signature {
			t.Errorf("%s: %x, %v", name, got, err)
		}
		if err := round.Verify(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNotTheRoundIsRefused(t *testing.T) {
	round, err := drand.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	next, err := drand.Parse("drand:quicknet/1001")
	if err != nil {
		t.Fatal(err)
	}
	genuine, err := hex.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	var point bls12381.G1
	if err := point.SetBytes(genuine); err != nil {
		t.Fatal(err)
	}
	bent := slices.Clone(genuine)
	bent[40] ^= 1
	refuse := func(name string, round drand.Round, value []byte) {
		t.Helper()
		if err := round.Verify(value); !errors.Is(err, drand.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuse("another round", next, genuine)
	refuse("bent", round, bent)
	refuse("written at length", round, point.Bytes())
	refuse("the point at infinity", round, append([]byte{0xc0}, make([]byte, 47)...))
	refuse("short", round, genuine[:47])
	refuse("long", round, append(slices.Clone(genuine), 0))
	refuse("empty", round, nil)
	for name, answer := range map[string]string{
		"randomness of another": strings.Replace(answer, "fe290b", "fe290c", 1),
		"no signature":          `{"round":1000}`,
		"no JSON":               signature,
	} {
		if got, err := drand.ReadAnswer([]byte(answer)); !errors.Is(err, drand.ErrSignature) || got != nil {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

func TestSourcesNameARound(t *testing.T) {
	for _, bad := range []string{
		"", "drand:", "drand:quicknet", "drand:quicknet/0", "drand:quicknet/-1", "drand:quicknet/01", "drand:quicknet/1e3",
		"drand:nobody/5", "drand:quicknet/99999999999999999", "quicknet/5", "lottery of Saturday",
	} {
		if _, err := drand.Parse(bad); !errors.Is(err, drand.ErrSource) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if drand.IsSource("the drand of Saturday") || !drand.IsSource(source) {
		t.Error("does not know its own sources")
	}
}
