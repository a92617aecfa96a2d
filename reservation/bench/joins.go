package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"sunbeon/reservation/credential"
)

// joins measures how many people a second get a place, on disk, over HTTP.
func (m *measurement) joins(ctx context.Context) error {
	total := m.Rounds*m.Joins + 1
	m.say("%d people join over %d connections", total, m.Connections)
	requests, err := m.joinRequests(total)
	if err != nil {
		return err
	}
	header, body, err := sample(ctx, m.room.address, requests[0], http.StatusCreated)
	if err != nil {
		return err
	}
	m.report.JoinBytes = len(body)
	if err := m.startRedis(ctx, len(body)); err != nil {
		return err
	}
	request := func(round, i int) []byte { return requests[1+round*m.Joins+i] }
	o, err := m.run(ctx, contest{
		status: http.StatusCreated, requests: m.Joins, header: header, body: body, request: request, redis: request,
	})
	if err != nil {
		return err
	}
	r := m.report
	r.JoinsRatio, r.Joins, r.BareJoins = o.ratio, o.gate.perSecond, o.bare.perSecond
	r.JoinCPU, r.BareJoinCPU = o.gate.cpuMicros, o.bare.cpuMicros
	if r.Redis != nil {
		r.Redis.Joins, r.Redis.JoinsRatio = o.redis.perSecond, o.redisRatio
	}
	m.say("%.0f joins a second, %.2f of the bare handler's %.0f", r.Joins, r.JoinsRatio, r.BareJoins)
	return m.groups()
}

// joinRequests are the requests of so many people who have no place yet.
func (m *measurement) joinRequests(n int) ([][]byte, error) {
	keys, err := credential.LoadKeys(keysDir(m.Dir))
	if err != nil {
		return nil, err
	}
	expires := time.Now().Add(time.Hour).UnixMilli()
	requests := make([][]byte, n)
	var ci [64]byte // 88 characters in base64, as from the identity agencies
	for i := range requests {
		binary.BigEndian.PutUint64(ci[:], uint64(i))
		token, err := keys.Login.Seal(credential.Login{
			CI: base64.StdEncoding.EncodeToString(ci[:]), Name: "홍길동", Birth: "1985-03-09",
			Phone: "010-0000-0000", Province: "Seoul", Provider: "kakao", ExpiresMS: expires,
		})
		if err != nil {
			return nil, err
		}
		requests[i] = fmt.Appendf(nil, "POST /v1/ticket HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\nCookie: sunbeon_login=%s\r\n\r\n", token)
	}
	return requests, nil
}

// sample is one answer, to be imitated: what counts is how much is said.
func sample(ctx context.Context, address string, request []byte, status int) (http.Header, []byte, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	if _, err := c.Write(request); err != nil {
		return nil, nil, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		return nil, nil, fmt.Errorf("sample: %s, want %d", response.Status, status)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return nil, nil, err
	}
	// What net/http adds by itself need not be set by the bare handler either.
	response.Header.Del("Date")
	response.Header.Del("Content-Length")
	return response.Header, body.Bytes(), nil
}

// groups tells how the record was written meanwhile.
func (m *measurement) groups() error {
	families, err := m.room.observability.Registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		switch family.GetName() {
		case "sunbeon_record_group_size":
			h := family.GetMetric()[0].GetHistogram()
			m.report.RecordsPerGroup = h.GetSampleSum() / float64(h.GetSampleCount())
		case "sunbeon_record_fsync_seconds":
			h := family.GetMetric()[0].GetHistogram()
			for _, bucket := range h.GetBucket() {
				if bucket.GetCumulativeCount()*2 >= h.GetSampleCount() {
					m.report.GroupWriteMedianMS = bucket.GetUpperBound() * 1000
					break
				}
			}
		}
	}
	return nil
}
