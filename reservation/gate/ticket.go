package gate

import (
	"net/http"
	"strconv"
	"sync"
)

// takeTicket is POST /v1/ticket: 201 with a new place, 200 with the one the
// person has.
func (g *Gate) takeTicket(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.refuse(w, p)
		return
	}
	at, p := g.join(r.Context(), c)
	if p != nil {
		g.refuse(w, p)
		return
	}
	status := http.StatusOK
	if at.New {
		status = http.StatusCreated
	}
	writePlace(w, status, at)
}

// showTicket is GET /v1/ticket.
func (g *Gate) showTicket(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.refuse(w, p)
		return
	}
	at, p := g.find(r.Context(), c)
	if p != nil {
		g.refuse(w, p)
		return
	}
	writePlace(w, http.StatusOK, at)
}

var (
	placeBuffers = sync.Pool{New: func() any { return new([]byte) }}
	jsonType     = []string{"application/json"}
	noStore      = []string{"no-store"}
)

// writePlace writes the document by hand: every citizen gets it at least
// once, most of them in the first seconds of a lobby.
func writePlace(w http.ResponseWriter, status int, at place) {
	buffer := placeBuffers.Get().(*[]byte)
	defer placeBuffers.Put(buffer)
	b := append(appendPlace((*buffer)[:0], at), '\n')
	*buffer = b
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.WriteHeader(status)
	w.Write(b)
}

func appendPlace(b []byte, at place) []byte {
	b = append(append(b, `{"cohort":`...), at.line.quoted...)
	b = strconv.AppendInt(append(b, `,"seq":`...), at.Seq, 10)
	b = append(b, `,"turn":`...)
	ahead, known := at.ahead()
	b = appendOrNull(b, at.Turn, known)
	b = strconv.AppendInt(append(b, `,"serving":`...), at.serving, 10)
	b = appendOrNull(append(b, `,"ahead":`...), ahead, known)
	b = append(append(b, `,"state":"`...), at.State...)
	b = append(b, `","wait":`...)
	if at.wait.Known {
		b = strconv.AppendInt(append(b, `{"from_ms":`...), at.wait.FromMS, 10)
		b = strconv.AppendInt(append(b, `,"to_ms":`...), at.wait.ToMS, 10)
		b = append(b, '}')
	} else {
		b = append(b, "null"...)
	}
	b = strconv.AppendBool(append(b, `,"beyond_supply":`...), at.BeyondSupply)
	b = append(append(append(b, `,"ticket":"`...), at.token...), '"') // base64url and dots
	b = append(b, `,"receipt":`...)
	if at.receipt != nil {
		b = at.receipt.AppendJSON(b)
	} else {
		b = append(b, "null"...)
	}
	return append(b, '}')
}

func appendOrNull(b []byte, value int64, known bool) []byte {
	if !known {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, value, 10)
}
