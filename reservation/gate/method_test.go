package gate_test

import (
	"net/http"
	"testing"
)

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	w := newWorld(t)
	f := func(method, path string, status int, allow string) {
		t.Helper()
		req, err := http.NewRequest(method, w.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status || resp.Header.Get("Allow") != allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", method, path, resp.StatusCode, resp.Header.Get("Allow"), status, allow)
		}
	}
	f(http.MethodPut, "/v1/ticket", http.StatusMethodNotAllowed, "GET, HEAD, POST")
	f(http.MethodDelete, "/v1/login", http.StatusMethodNotAllowed, "POST")
	f(http.MethodPost, "/v1/cohorts", http.StatusMethodNotAllowed, "GET, HEAD")
	f(http.MethodGet, "/v1/nothing", http.StatusNotFound, "")
	f("BREW", "/v1/nothing", http.StatusNotFound, "")
}
