package gate

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
)

// publishCheckpoints signs the head of the record and has the plan keep it,
// until ctx ends. The plan refuses a checkpoint smaller than one it holds: a
// record that has lost its end, or was rewritten, does not go unnoticed.
func (g *Gate) publishCheckpoints(ctx context.Context) error {
	ticker := time.NewTicker(fairness.CheckpointEvery)
	defer ticker.Stop()
	submitted := "" // with whatever witnesses had signed it by then
	for {
		checkpoint, note, err := g.publisher.Sign()
		if err == nil && string(note) != submitted {
			if err = g.submit(ctx, plan.CheckpointPublish, plan.PublishCheckpoint{
				Origin: checkpoint.Origin, Size: int64(checkpoint.Size),
				Root: hex.EncodeToString(checkpoint.Root[:]), Note: string(note),
			}); err == nil {
				submitted = string(note)
			}
		}
		var rejected *rejectedError
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.As(err, &rejected):
			g.logger.Error("the plan holds another checkpoint than the record", "size", checkpoint.Size, "error", err)
		default:
			g.logger.Warn("checkpoint not published", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// ticketProof is a person's whole evidence: the receipt of their ticket, and
// the path from its group to a checkpoint that others have seen as well.
type ticketProof struct {
	Receipt record.Receipt `json:"receipt"`
	fairness.Inclusion
}

// showTicketProof is GET /v1/ticket/proof.
func (g *Gate) showTicketProof(w http.ResponseWriter, r *http.Request) {
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
	if at.receipt == nil {
		g.refuse(w, receiptsBusy())
		return
	}
	inclusion, err := g.publisher.Inclusion(at.receipt.Group)
	switch {
	case errors.Is(err, fairness.ErrNoCheckpoint):
		g.refuse(w, problem.New(http.StatusServiceUnavailable, "no_checkpoint",
			"The next checkpoint will cover your ticket.").Retry(jitter(fairness.CheckpointEvery)))
	case err != nil:
		g.refuse(w, g.internal(r.Context(), err))
	default:
		writeJSON(w, http.StatusOK, ticketProof{Receipt: *at.receipt, Inclusion: inclusion})
	}
}

func receiptsBusy() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "hold_on",
		"Many people are looking up their receipts. Please ask again; your place is kept.").Retry(jitter(holdRetry))
}
