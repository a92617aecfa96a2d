// Package identity learns who someone is from an OpenID Connect issuer and
// meters how many checks each identity provider gets. In 2021 the identity
// check was the first thing to break: here it comes before the line, no
// provider's trouble reaches another one's users, and an issuer that is down
// is told to people by name.
package identity

import "errors"

// Providers are the identity providers a citizen can choose from.
var Providers = []string{"kakao", "naver", "pass", "joint", "phone"}

var (
	// ErrInvalid is wrapped when an assertion is forged, expired, meant for
	// someone else or incomplete. Another check at the provider is needed.
	ErrInvalid = errors.New("identity assertion is not valid")
	// ErrUnavailable is wrapped when the issuer cannot be asked. The
	// assertion may be good: asking again may help.
	ErrUnavailable = errors.New("identity issuer cannot be reached")
)
