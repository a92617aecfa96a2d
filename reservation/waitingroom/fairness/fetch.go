package fairness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"sunbeon/reservation/waitingroom/record"
)

const (
	// maxAnswer bounds what a stranger's server may make us read into memory.
	maxAnswer = 1 << 20
	// maxSegment bounds one file of a record. A gate begins the next after
	// 64 MiB and the group that crosses them.
	maxSegment = 128 << 20
)

// ErrTooLarge is wrapped by the refusal of a record, or of a part of one, that
// is larger than whoever fetches it would take.
var ErrTooLarge = errors.New("larger than is taken")

// Fetch copies a published record of at most maxBytes into dir, for [Verify],
// and returns the checkpoints that came with it. base is the public address of a
// gate. The checkpoints are fetched first, so that the copy is never behind
// them. The server is not trusted: what it sends beyond the bounds is not read,
// and ctx bounds how long it may take over all of it.
func Fetch(ctx context.Context, client *http.Client, base, dir string, maxBytes int64) ([]Evidence, error) {
	latest, err := fetchSmall(ctx, client, base, CheckpointPath)
	if err != nil {
		return nil, err
	}
	own := []Evidence{{Name: base + CheckpointPath, Content: latest, Own: true}}
	var witnessed Cosigned
	if err := fetchJSON(ctx, client, base, WitnessedPath, &witnessed); err != nil {
		return nil, err
	}
	for i, signed := range witnessed.Checkpoints {
		own = append(own, Evidence{Name: fmt.Sprintf("%s%s (%d)", base, WitnessedPath, i), Content: []byte(signed), Own: true})
	}
	var index Index
	if err := fetchJSON(ctx, client, base, IndexPath, &index); err != nil {
		return nil, err
	}
	if err := index.check(maxBytes); err != nil {
		return nil, fmt.Errorf("index of %s: %w", base, err)
	}
	for _, s := range index.Segments {
		if err := fetchFile(ctx, client, base, s, filepath.Join(dir, s.Name)); err != nil {
			return nil, err
		}
	}
	return own, nil
}

// check refuses what no gate publishes before any of it is fetched.
func (x *Index) check(maxBytes int64) error {
	named := make(map[string]bool, len(x.Segments))
	var sum int64
	for _, s := range x.Segments {
		switch {
		case s.Name == "" || s.Name == "." || s.Name == ".." || s.Name != filepath.Base(s.Name):
			return fmt.Errorf("it names a file %q", s.Name)
		case named[s.Name]:
			return fmt.Errorf("it names %s twice", s.Name)
		case s.Bytes < 0 || s.Bytes > maxSegment:
			return fmt.Errorf("%w: %s of %d bytes, at most %d", ErrTooLarge, s.Name, s.Bytes, maxSegment)
		}
		named[s.Name] = true
		if sum += s.Bytes; sum > maxBytes {
			return fmt.Errorf("%w: a record of more than %d bytes", ErrTooLarge, maxBytes)
		}
	}
	return nil
}

func fetchJSON(ctx context.Context, client *http.Client, base, path string, into any) error {
	text, err := fetchSmall(ctx, client, base, path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", path, base, err)
	}
	return nil
}

func get(ctx context.Context, client *http.Client, base, path string) (*http.Response, error) {
	address, err := url.JoinPath(base, path)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("get %s: %s", address, response.Status)
	}
	return response, nil
}

func fetchSmall(ctx context.Context, client *http.Client, base, path string) ([]byte, error) {
	response, err := get(ctx, client, base, path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(content) > maxAnswer {
		err = fmt.Errorf("%w: %s of more than %d bytes", ErrTooLarge, path, maxAnswer)
	}
	return content, err
}

// fetchFile takes no more of a segment than the index says is durable: what was
// appended since is beyond every checkpoint that was fetched.
func fetchFile(ctx context.Context, client *http.Client, base string, s record.Segment, to string) error {
	response, err := get(ctx, client, base, SegmentPath+s.Name)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	n, err := io.Copy(file, io.LimitReader(response.Body, s.Bytes))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil && n < s.Bytes {
		err = fmt.Errorf("%d of %d bytes", n, s.Bytes)
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", s.Name, err)
	}
	return nil
}
