// Package opsapi is the HTTP face of a control-plane node.
//
// It has two sides. On the private listener other processes follow the plan
// and submit commands, each limited by the role in its certificate to the
// kinds of command its job needs. On the ops listener people do, with a bearer
// token, through an API described at /openapi.json.
//
// Every node serves both sides from its own copy of the plan and forwards
// commands to the leader, so that a client needs any one node. Answers tell the
// index they are from and how long ago the node heard from the leader.
//
// Each endpoint of the ops side names the least role that may use it; one that
// names none is for commanders. Only /healthz and its names in Prometheus, the status page and the API's
// own description are open.
package opsapi
