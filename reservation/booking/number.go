package booking

import (
	"strings"
	"unicode"
)

// Number is a booking number as people read it out, like 7KQ3-M2XA: seven
// characters that stand for the booking's serial and a check character.
//
// The alphabet is Crockford's: no I, L, O or U, and when somebody types one of
// the first three it is read as the digit it looks like. The check character
// makes the word a multiple of (x − α) over GF(32), so that every single wrong
// character and every swap of two characters is noticed.
type Number string

const (
	alphabet  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	serialLen = 7
	serialMax = 1<<(5*serialLen) - 1
)

// Odd factors and their inverses modulo 2^35. They scatter neighbouring serials
// over the whole range, so that two people's numbers do not differ in one
// character only. This hides nothing: a number alone opens nothing.
const (
	scatter1, gather1 = 0x2545F4915, 0x62056BE3D
	scatter2, gather2 = 0x5851F42D5, 0x3216DE67D
)

// NumberOf writes a serial between 0 and 2^35−1.
func NumberOf(serial int64) Number {
	x := uint64(serial) & serialMax
	x = x * scatter1 & serialMax
	x ^= x >> 18
	x = x * scatter2 & serialMax

	var out [serialLen + 2]byte
	var sum byte
	for i := range serialLen {
		c := byte(x >> (5 * (serialLen - 1 - i)) & 31)
		sum = alpha(sum) ^ c
		out[at(i)] = alphabet[c]
	}
	out[4] = '-'
	out[at(serialLen)] = alphabet[alpha(sum)]
	return Number(out[:])
}

// ParseNumber reads what somebody typed or pasted: in either case, with or without
// hyphens and spaces of any kind, in the wide letters of an East Asian keyboard. It
// fails if a character is wrong or two are swapped.
func ParseNumber(s string) (Number, error) {
	const wrong = "this is not a booking number; please compare it with your confirmation"
	var x uint64
	var sum byte
	n := 0
	for _, r := range strings.ToUpper(s) {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case unicode.In(r, unicode.Pd, unicode.White_Space, unicode.Cf), r == '−':
			continue
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		}
		c := strings.IndexRune(alphabet, r)
		if c < 0 || n > serialLen {
			return "", invalid(wrong)
		}
		sum = alpha(sum) ^ byte(c)
		if n < serialLen {
			x = x<<5 | uint64(c)
		}
		n++
	}
	if n != serialLen+1 || sum != 0 {
		return "", invalid(wrong)
	}
	return NumberOf(serialOf(x)), nil
}

// Serial is the serial a valid number stands for, and 0 for any other.
func (n Number) Serial() int64 {
	var x uint64
	if len(n) != serialLen+2 {
		return 0
	}
	for i := range serialLen {
		c := strings.IndexByte(alphabet, n[at(i)])
		if c < 0 {
			return 0
		}
		x = x<<5 | uint64(c)
	}
	if serial := serialOf(x); NumberOf(serial) == n {
		return serial
	}
	return 0
}

func serialOf(x uint64) int64 {
	x = x * gather2 & serialMax
	x ^= x >> 18
	return int64(x * gather1 & serialMax)
}

// at is where the i-th character stands once the hyphen is in.
func at(i int) int {
	if i < 4 {
		return i
	}
	return i + 1
}

// alpha multiplies by α in GF(32) with x⁵+x²+1.
func alpha(c byte) byte {
	c <<= 1
	if c&32 != 0 {
		c ^= 0b100101
	}
	return c
}
