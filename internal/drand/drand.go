// Package drand checks rounds of the drand randomness beacon (drand.love)
// offline. A round's signature is fixed by its number and the chain's public
// key, and nobody can make it before a threshold of the league signs, so a
// draw may name a round beforehand: anyone can check afterwards that the value
// is that round's, and that it did not exist when the lobby was sealed. It is
// pure.
package drand

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/cloudflare/circl/sign/bls"
)

// The errors.
var (
	// ErrSource: a source that should name a round of drand does not.
	ErrSource = errors.New("no round of a known drand chain")
	// ErrSignature: a value is not the signature of the round.
	ErrSignature = errors.New("not the signature of that drand round")
)

// Prefix begins every source that names a round: "drand:CHAIN/ROUND", with the
// chain's hash in hex or, to be typed, its name.
const Prefix = "drand:"

// scheme is the one that is checked: BLS12-381 with public keys on G2 and
// signatures on G1 over the SHA-256 of the round's number, hashed to the curve
// by RFC 9380. Schemes that chain rounds need the signature before as well.
const scheme = "bls-unchained-g1-rfc9380"

// chainsJSON are the chains in the form of drand's own /info.
//
//go:embed chains.json
var chainsJSON []byte

// chain is one network of the league.
type chain struct {
	PublicKey   hexBytes `json:"public_key"`
	PeriodS     uint32   `json:"period"`
	GenesisS    int64    `json:"genesis_time"`
	GenesisSeed hexBytes `json:"genesis_seed"`
	Hash        hexBytes `json:"chain_hash"`
	Scheme      string   `json:"scheme"`
	BeaconID    string   `json:"beacon_id"`

	key bls.PublicKey[bls.KeyG2SigG1]
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// chains reads the chains there are. A chain's hash commits to everything a
// verifier uses of it, so the file cannot be wrong about a key unnoticed.
var chains = sync.OnceValues(func() ([]*chain, error) {
	var list []*chain
	if err := json.Unmarshal(chainsJSON, &list); err != nil {
		return nil, fmt.Errorf("read drand chains: %w", err)
	}
	for _, c := range list {
		if !bytes.Equal(c.hash(), c.Hash) || c.Scheme != scheme {
			return nil, fmt.Errorf("drand chain %x is not what its hash says", c.Hash)
		}
		if err := c.key.UnmarshalBinary(c.PublicKey); err != nil {
			return nil, fmt.Errorf("drand chain %x: %w", c.Hash, err)
		}
	}
	return list, nil
})

// hash is drand's own: SHA-256 over period, genesis, key, seed and name.
func (c *chain) hash() []byte {
	b := binary.BigEndian.AppendUint32(nil, c.PeriodS)
	b = binary.BigEndian.AppendUint64(b, uint64(c.GenesisS))
	b = append(b, c.PublicKey...)
	b = append(b, c.GenesisSeed...)
	sum := sha256.Sum256(append(b, c.BeaconID...))
	return sum[:]
}

// Round is one round of a chain.
type Round struct {
	chain  *chain
	Number uint64
}

// IsSource reports whether a source means to name a round.
func IsSource(source string) bool { return strings.HasPrefix(source, Prefix) }

// maxRound keeps times in range; it is reached in three million years.
const maxRound = 1 << 45

// Parse reads a source. The error wraps [ErrSource].
func Parse(source string) (Round, error) {
	name, number, found := strings.Cut(strings.TrimPrefix(source, Prefix), "/")
	n, err := strconv.ParseUint(number, 10, 64)
	if !IsSource(source) || !found || err != nil || n == 0 || n > maxRound || number != strconv.FormatUint(n, 10) {
		return Round{}, fmt.Errorf("%w: %q, want %sCHAIN/ROUND", ErrSource, source, Prefix)
	}
	list, err := chains()
	if err != nil {
		return Round{}, err
	}
	for _, c := range list {
		if name == hex.EncodeToString(c.Hash) || name == c.BeaconID {
			return Round{chain: c, Number: n}, nil
		}
	}
	return Round{}, fmt.Errorf("%w: chain %q", ErrSource, name)
}

// TimeMS is when the round is due, in Unix milliseconds. Before, nobody can
// know its signature.
func (r Round) TimeMS() int64 {
	return (r.chain.GenesisS + int64(r.Number-1)*int64(r.chain.PeriodS)) * 1000
}

// signatureSize is that of a compressed point. The same point written at length
// verifies as well, and would give whoever draws a second value to choose.
const signatureSize = 48

// Verify checks a round's signature by the chain's public key. The error wraps
// [ErrSignature].
func (r Round) Verify(signature []byte) error {
	message := sha256.Sum256(binary.BigEndian.AppendUint64(nil, r.Number))
	if len(signature) != signatureSize || !bls.Verify(&r.chain.key, message[:], signature) {
		return fmt.Errorf("%w: %d", ErrSignature, r.Number)
	}
	return nil
}

// ReadAnswer takes the signature out of a round as drand's HTTP API gives it
// (GET /CHAIN/public/ROUND). Whose it is, [Round.Verify] tells. The error wraps
// [ErrSignature].
func ReadAnswer(answer []byte) (signature []byte, err error) {
	var body struct {
		Randomness hexBytes `json:"randomness"`
		Signature  hexBytes `json:"signature"`
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if len(body.Signature) != signatureSize {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d", ErrSignature, len(body.Signature), signatureSize)
	}
	if sum := sha256.Sum256(body.Signature); len(body.Randomness) > 0 && !bytes.Equal(sum[:], body.Randomness) {
		return nil, fmt.Errorf("%w: its randomness is not the signature's SHA-256", ErrSignature)
	}
	return body.Signature, nil
}
