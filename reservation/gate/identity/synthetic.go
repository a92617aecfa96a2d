package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"sunbeon/internal/problem"
)

// Applicant is what a synthetic person tells a provider. Digits stand in for
// the identity number; any string names a person.
type Applicant struct {
	Name     string `json:"name"`
	Birth    string `json:"birth"`
	Digits   string `json:"digits"`
	Phone    string `json:"phone"`
	Province string `json:"province"`
}

// Synthetic asks the simulated issuer to vouch for people, where a real
// provider would show its own pages.
type Synthetic struct {
	// Issuer is the simulated issuer's URL.
	Issuer string
	Client *http.Client
}

// Assert returns the provider's assertion about the applicant. The error is
// [ErrInvalid] when the issuer refuses what was typed and [ErrUnavailable]
// when it does not answer.
func (s *Synthetic) Assert(ctx context.Context, provider string, applicant Applicant) (string, error) {
	if !slices.Contains(Providers, provider) {
		return "", fmt.Errorf("ask provider: %w: unknown provider", ErrInvalid)
	}
	body, err := json.Marshal(applicant)
	if err != nil {
		return "", fmt.Errorf("ask provider: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Issuer+"/identity/"+url.PathEscape(provider), bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("ask provider: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask provider: %w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return "", fmt.Errorf("ask provider: %w: %w", ErrUnavailable, problem.Read(resp))
	case resp.StatusCode >= 300:
		return "", fmt.Errorf("ask provider: %w: %w", ErrInvalid, problem.Read(resp))
	}
	var answer struct {
		Assertion string `json:"assertion"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAssertion+1024)).Decode(&answer); err != nil || answer.Assertion == "" {
		return "", fmt.Errorf("ask provider: %w: its answer holds no assertion", ErrUnavailable)
	}
	return answer.Assertion, nil
}
