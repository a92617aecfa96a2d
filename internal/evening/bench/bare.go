package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// bareRate is how many requests a second a net/http handler that does nothing
// answers on this machine to net/http clients that do nothing else: what the
// evening's requests could cost at best.
func bareRate(ctx context.Context) (float64, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	body := make([]byte, 300)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	const clients, round = 64, 2 * time.Second
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	client := &http.Client{Transport: transport}
	var done atomic.Int64
	errs := make([]error, clients)
	var asking sync.WaitGroup
	began := time.Now()
	for i := range clients {
		asking.Go(func() {
			for time.Since(began) < round && ctx.Err() == nil && errs[i] == nil {
				answer, err := client.Get("http://" + listener.Addr().String())
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				errs[i] = err
				done.Add(1)
			}
		})
	}
	asking.Wait()
	took := time.Since(began)
	transport.CloseIdleConnections()
	err = server.Close()
	<-served
	return float64(done.Load()) / took.Seconds(), errors.Join(append(errs, err, ctx.Err())...)
}
