package evening

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// nodes is how many control-plane nodes an evening runs: the fewest that
// survive the loss of one.
const nodes = 3

// Offsets from the port base. One evening uses portCount ports.
const (
	portCitizen = iota
	portGatePrivate
	portLegacy
	portLegacyPrivate
	portAgent
	portOps
	portControlplane = portOps + nodes
	portRaft         = portControlplane + nodes
	portFirstWAS     = portRaft + nodes
	portCount        = 40
)

// ports hands out the addresses of an evening.
type ports int

func (base ports) address(offset int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(base)+offset))
}

func (base ports) public(offset int) string  { return "http://" + base.address(offset) }
func (base ports) private(offset int) string { return "https://" + base.address(offset) }

// was is the range of ports that WAS processes may use.
func (base ports) was() string {
	return fmt.Sprintf("%d-%d", int(base)+portFirstWAS, int(base)+portCount-1)
}

// check tries every port for a moment, so that a taken one is told by name
// before anything is started.
func (base ports) check() error {
	var taken []string
	for offset := range portCount {
		listener, err := net.Listen("tcp", base.address(offset))
		switch {
		case err == nil:
			listener.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			taken = append(taken, strconv.Itoa(int(base)+offset))
		default:
			return fmt.Errorf("try port %d: %w", int(base)+offset, err)
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("port %s is taken by another program: an evening uses %d to %d; choose another --port-base", strings.Join(taken, ", "), int(base), int(base)+portCount-1)
	}
	return nil
}
