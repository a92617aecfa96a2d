package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisPeople is how many people the usual room is filled with: what one of
// them takes does not change any more from there.
const redisPeople = 1_000_000

// redisRoom is the usual waiting room: a sorted set of sessions by arrival,
// asked for the rank. Nothing of it is on disk.
type redisRoom struct {
	server  *exec.Cmd
	client  *redis.Client
	address string
	stop    func()
	arrived atomic.Int64
	answer  []byte // of the size of the gate's
}

// startRedis starts the usual room, unless there is no Redis here.
func (m *measurement) startRedis(ctx context.Context, answer int) error {
	binary, err := exec.LookPath("redis-server")
	if m.WithoutRedis || err != nil {
		m.report.RedisLeftOut = "redis-server is not installed"
		if m.WithoutRedis {
			m.report.RedisLeftOut = "not wanted"
		}
		return nil
	}
	m.say("filling the usual room in Redis with %d people", redisPeople)
	socket := filepath.Join(m.Dir, "redis.sock")
	r := &redisRoom{
		server: exec.Command(binary, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", m.Dir),
		client: redis.NewClient(&redis.Options{Network: "unix", Addr: socket, PoolSize: m.Connections}),
		answer: bytes.Repeat([]byte("."), answer),
		stop:   func() {},
	}
	r.server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.server.Start(); err != nil {
		return err
	}
	m.redis = r
	if err := r.reachable(ctx); err != nil {
		return err
	}
	before, err := r.memory(ctx)
	if err != nil {
		return err
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	after, err := r.memory(ctx)
	if err != nil {
		return err
	}
	m.report.Redis = &Redis{MemoryBytesPerPerson: float64(after-before) / redisPeople, People: redisPeople}
	r.address, r.stop, err = serve(r)
	return err
}

func (r *redisRoom) reachable(ctx context.Context) error {
	var err error
	for range 100 {
		if err = r.client.Ping(ctx).Err(); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("redis-server does not answer: %w", err)
}

func (r *redisRoom) fill(ctx context.Context) error {
	const batch = 10_000
	for from := 0; from < redisPeople; from += batch {
		pipe := r.client.Pipeline()
		for range batch {
			n := r.arrived.Add(1)
			pipe.ZAdd(ctx, "room", redis.Z{Score: float64(n), Member: member(n)})
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return r.client.Set(ctx, "serving", 1, 0).Err()
}

// member names a session as such rooms do: by 32 hexadecimal digits.
func member(n int64) string { return fmt.Sprintf("%032x", n) }

func (r *redisRoom) memory(ctx context.Context) (int64, error) {
	info, err := r.client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	digits, _, _ := strings.Cut(rest, "\r\n")
	return strconv.ParseInt(digits, 10, 64)
}

// poll is the i-th look at one's place.
func (r *redisRoom) poll(i int) []byte {
	return fmt.Appendf(nil, "GET /?id=%s HTTP/1.1\r\nHost: room\r\n\r\n", member(int64(i%redisPeople)+1))
}

// ServeHTTP adds who posts to the end of the room, and tells who asks their
// place.
func (r *redisRoom) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	ctx := q.Context()
	id, status := q.URL.RawQuery, http.StatusOK
	pipe := r.client.Pipeline()
	if q.Method == http.MethodPost {
		status = http.StatusCreated
		n := r.arrived.Add(1)
		id = member(n)
		pipe.ZAddNX(ctx, "room", redis.Z{Score: float64(n), Member: id})
	} else {
		id = strings.TrimPrefix(id, "id=")
	}
	rank := pipe.ZRank(ctx, "room", id)
	serving := pipe.Get(ctx, "serving")
	if _, err := pipe.Exec(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	body := fmt.Appendf(make([]byte, 0, len(r.answer)), `{"rank":%d,"serving":%s,"pad":"`, rank.Val(), serving.Val())
	body = append(body, r.answer[min(len(body), len(r.answer)):]...)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func (r *redisRoom) close() error {
	r.stop()
	errs := []error{r.client.Close(), r.server.Process.Kill()}
	r.server.Wait() // it was killed, and says so
	return errors.Join(errs...)
}
