package opsapi

import (
	"net/http"
	"strings"

	"sunbeon/internal/problem"
)

// elsewhere is the pattern of what no operation of the API answers.
const elsewhere = "/v1/"

// noSuchOperation answers for mux where nothing else does: a path that is there
// by other methods tells which.
func noSuchOperation(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.Method + " " + r.URL.Path + " is not in /openapi.json"
		allowed := methodsOf(mux, r)
		if len(allowed) == 0 {
			problem.Write(w, http.StatusNotFound, "no_such_operation", what)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.Write(w, http.StatusMethodNotAllowed, "method_not_allowed", what)
	})
}

// methodsOf are the methods by which an operation answers at a request's path.
func methodsOf(mux *http.ServeMux, r *http.Request) []string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, pattern := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "" && pattern != elsewhere {
			methods = append(methods, method)
		}
	}
	return methods
}
