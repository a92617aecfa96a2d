package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"sunbeon/controlplane/opsapi/client"
)

// operatorFlags say which control plane an operator's tool talks to, and as
// whom.
type operatorFlags struct {
	data, tokenFile string
	addresses       []string
}

func (f *operatorFlags) bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "data `directory` of a running `sunbeon up`: addresses and token are found there")
	flags.StringSliceVar(&f.addresses, "address", nil, "`URL` of the ops API of each control-plane node; any one of them will do")
	flags.StringVar(&f.tokenFile, "token-file", "", "`file` with the operator token")
}

// defaultData is where `up` keeps its data unless told otherwise.
const defaultData = "sunbeon-data"

// client is ready to ask the nodes the flags name. Without any flag it looks
// where `up` keeps its data.
func (f operatorFlags) client() (*client.Client, error) {
	addresses, tokenFile := f.addresses, f.tokenFile
	if len(addresses) == 0 || tokenFile == "" {
		data := f.data
		if data == "" {
			if len(addresses) > 0 {
				return nil, usageError{errors.New("--address needs --token-file")}
			}
			data = defaultData
		}
		if len(addresses) == 0 {
			found, err := readAddresses(data)
			if err != nil {
				return nil, err
			}
			addresses = found.Controlplane
		}
		if tokenFile == "" {
			tokenFile = filepath.Join(data, "operator.token")
		}
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return nil, fmt.Errorf("read operator token: %w", err)
	}
	c, err := client.New(client.Config{Addresses: addresses, Token: strings.TrimSpace(string(token))})
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// nodes are the addresses of all nodes the flags name.
func (f operatorFlags) nodes() ([]string, error) {
	if len(f.addresses) > 0 {
		return f.addresses, nil
	}
	found, err := readAddresses(f.dataDir())
	return found.Controlplane, err
}

// dataDir is where the running system keeps its data, as far as the flags tell.
func (f operatorFlags) dataDir() string {
	if f.data == "" {
		return defaultData
	}
	return f.data
}

// runningAddresses are those of the system that runs on a data directory.
type runningAddresses struct {
	Controlplane []string `json:"controlplane"`
	Citizen      string   `json:"citizen"`
	Legacy       string   `json:"legacy"`
}

func readAddresses(data string) (runningAddresses, error) {
	var found runningAddresses
	file := filepath.Join(data, "addresses.json")
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return found, fmt.Errorf("%s is not there: is `sunbeon up --data %s` running? Otherwise name --address and --token-file", file, data)
	}
	if err != nil {
		return found, fmt.Errorf("read addresses: %w", err)
	}
	if err := json.Unmarshal(raw, &found); err != nil {
		return found, fmt.Errorf("read addresses from %s: %w", file, err)
	}
	if len(found.Controlplane) == 0 {
		return found, fmt.Errorf("%s names no control-plane node", file)
	}
	return found, nil
}
