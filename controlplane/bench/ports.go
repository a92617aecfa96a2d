package bench

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below those the kernel lends to connections: a process
// that was killed must find its own free when it comes back.
const (
	firstPort = 10_000
	lastPort  = 19_999
)

// free finds addresses on loopback that nobody listens on, one for each slot.
// All are held until the last is found, so that no two are the same.
func free(slots []string) error {
	port := firstPort + rand.IntN((lastPort-firstPort)/2)
	for i := range slots {
		for {
			if port++; port > lastPort {
				return fmt.Errorf("no free port is left up to %d", lastPort)
			}
			slots[i] = fmt.Sprintf("127.0.0.1:%d", port)
			if listener, err := net.Listen("tcp", slots[i]); err == nil {
				defer listener.Close()
				break
			}
		}
	}
	return nil
}

// urls puts a scheme before each address.
func urls(scheme string, addresses [nodes]string) []string {
	list := make([]string, nodes)
	for i, address := range addresses {
		list[i] = scheme + address
	}
	return list
}
