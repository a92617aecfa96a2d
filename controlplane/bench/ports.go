package bench

import (
	"fmt"
	"net"
)

// free finds addresses on loopback that nobody listens on, one for each slot.
// All are held until the last is found, so that no two are the same.
func free(slots []string) error {
	for i := range slots {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		slots[i] = listener.Addr().String()
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
