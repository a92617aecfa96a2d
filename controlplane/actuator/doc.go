// Package actuator turns the number of replicas the plan wants into replicas
// that run.
//
// A [Follower] reads the plan as it changes and gives orders to a [Scaler]: the
// agent's pool of local processes, or a cluster's own scaler. It obeys the
// newest word it has heard and no older one, so that a leader deposed long ago
// or a node that lags behind never moves anything.
package actuator
