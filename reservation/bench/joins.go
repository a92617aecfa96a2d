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
	address, stop, err := bare(http.StatusCreated, header, body)
	if err != nil {
		return err
	}
	defer stop()
	if err := m.startRedis(ctx, len(body)); err != nil {
		return err
	}
	var ours, theirs, usual, ratio, redisRatio []float64
	for round := range m.Rounds {
		fresh := requests[1+round*m.Joins:]
		request := func(i int) []byte { return fresh[i] }
		b, err := load(ctx, address, m.Connections, m.Joins, http.StatusCreated, request)
		if err != nil {
			return fmt.Errorf("bare handler: %w", err)
		}
		o, err := load(ctx, m.room.address, m.Connections, m.Joins, http.StatusCreated, request)
		if err != nil {
			return fmt.Errorf("gate: %w", err)
		}
		theirs, ours, ratio = append(theirs, b), append(ours, o), append(ratio, o/b)
		if m.redis != nil {
			r, err := load(ctx, m.redis.address, m.Connections, m.Joins, http.StatusCreated, request)
			if err != nil {
				return fmt.Errorf("redis room: %w", err)
			}
			usual, redisRatio = append(usual, r), append(redisRatio, r/b)
		}
	}
	m.report.Joins, m.report.BareJoins, m.report.JoinsRatio = middle(ours), middle(theirs), middle(ratio)
	if m.redis != nil {
		m.report.Redis.Joins, m.report.Redis.JoinsRatio = middle(usual), middle(redisRatio)
	}
	m.say("%.0f joins a second, %.2f of the bare handler's %.0f", m.report.Joins, m.report.JoinsRatio, m.report.BareJoins)
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
	response.Header.Del("Date")
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
