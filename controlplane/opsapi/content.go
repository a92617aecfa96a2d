package opsapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net/http"
)

type contentKey struct{}

// content tells one request from another: what was asked of which operation.
type content struct {
	io.ReadCloser
	seen hash.Hash
}

// watchContent sees a request's body go by as it is read.
func watchContent(r *http.Request) *content {
	c := &content{ReadCloser: r.Body, seen: sha256.New()}
	fmt.Fprintf(c.seen, "%s %s\n", r.Method, r.URL.RequestURI())
	if r.Body != nil { // a server's request always has one
		r.Body = c
	}
	return c
}

func (c *content) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.seen.Write(b[:n])
	return n, err
}

// contentOf sums up the request whose body has been read.
func contentOf(ctx context.Context) string {
	c, ok := ctx.Value(contentKey{}).(*content)
	if !ok {
		return ""
	}
	return string(c.seen.Sum(nil))
}
