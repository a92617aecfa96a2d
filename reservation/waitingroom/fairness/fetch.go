package fairness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// maxIndex bounds what a stranger's server may make us read into memory.
const maxIndex = 1 << 20

// Fetch copies a published record into dir, for [Verify], and returns its
// latest checkpoint. base is the public address of a gate. The checkpoint is
// fetched first, so that the copy is never behind it.
func Fetch(ctx context.Context, client *http.Client, base, dir string) (checkpoint []byte, err error) {
	checkpoint, err = fetchSmall(ctx, client, base, CheckpointPath)
	if err != nil {
		return nil, err
	}
	text, err := fetchSmall(ctx, client, base, IndexPath)
	if err != nil {
		return nil, err
	}
	var index Index
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("read index of %s: %w", base, err)
	}
	for _, s := range index.Segments {
		if s.Name != filepath.Base(s.Name) || s.Name == ".." {
			return nil, fmt.Errorf("index of %s names a file %q", base, s.Name)
		}
		if err := fetchFile(ctx, client, base, SegmentPath+s.Name, filepath.Join(dir, s.Name)); err != nil {
			return nil, err
		}
	}
	return checkpoint, nil
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
	return io.ReadAll(io.LimitReader(response.Body, maxIndex))
}

func fetchFile(ctx context.Context, client *http.Client, base, path, to string) error {
	response, err := get(ctx, client, base, path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", path, err)
	}
	return nil
}
