package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/credential"
)

// redraw is how soon an interrupted step towards a draw is tried again.
const redraw = time.Second

// makeDraws seals lobbies and draws their order when the plan says so, until
// ctx ends. Each step looks at what the record and the plan already hold, so
// a gate that dies anywhere in between goes on where it was.
func (g *Gate) makeDraws(ctx context.Context) error {
	retry := time.NewTimer(redraw)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.draws:
		case <-retry.C:
		}
		again := false
		for _, l := range g.lines() {
			done, err := g.draw(ctx, l)
			if err != nil && ctx.Err() == nil {
				g.logger.Warn("draw does not go on", "cohort", l.cohort.ID, "error", err)
			}
			again = again || !done
		}
		if again {
			retry.Reset(redraw)
		}
	}
}

// draw takes the next steps of a cohort's draw: seal in the record, seal in
// the plan, order in the record, secret in the plan. It reports whether
// nothing is left that only waiting would bring.
func (g *Gate) draw(ctx context.Context, l *line) (done bool, err error) {
	c := l.cohort
	revealed := c.Draw != nil && c.Draw.Seed != ""
	if c.Order != plan.OrderDraw || c.Phase != plan.Sealed && !revealed {
		return true, nil
	}
	if _, ok := l.room.Drawn(); ok && revealed {
		return true, nil
	}
	seal, err := l.room.Seal(g.nowMS())
	if err != nil {
		return false, fmt.Errorf("seal lobby: %w", err)
	}
	if err := g.log.Wait(ctx, seal.Position); err != nil {
		return false, fmt.Errorf("seal lobby: %w", err)
	}
	root := hex.EncodeToString(seal.Root[:])
	if c.Draw == nil {
		return false, g.submit(ctx, plan.DrawSeal, plan.SealDraw{Cohort: c.ID, Count: seal.Count, Root: root})
	}
	if c.Draw.Count != seal.Count || c.Draw.Root != root {
		return false, fmt.Errorf("the plan holds another seal (%d tickets, root %s) than the record (%d, %s)",
			c.Draw.Count, c.Draw.Root, seal.Count, root)
	}
	value, err := g.drawValue(c)
	if err != nil {
		return false, err
	}
	if value == nil {
		return true, nil // the public value will come with a new plan
	}
	drawn, err := l.room.Draw(value, g.nowMS())
	if err != nil {
		return false, fmt.Errorf("draw: %w", err)
	}
	if err := g.log.Wait(ctx, drawn.Position); err != nil {
		return false, fmt.Errorf("draw: %w", err)
	}
	if revealed {
		return true, nil
	}
	return false, g.submit(ctx, plan.DrawReveal, plan.RevealDraw{
		Cohort: c.ID, Secret: hex.EncodeToString(value), Seed: hex.EncodeToString(drawn.Seed[:]),
	})
}

// drawValue is what orders the lobby: the value in the plan once it is there,
// before that in secret mode the secret this gate was trusted with. It is nil
// while a public value is still awaited. A secret that is not the announced
// one is not used.
func (g *Gate) drawValue(c plan.Cohort) ([]byte, error) {
	if c.Draw.Secret != "" {
		value, err := hex.DecodeString(c.Draw.Secret)
		if err != nil {
			return nil, fmt.Errorf("draw value in the plan: %w", err)
		}
		return value, nil
	}
	if c.DrawMode != plan.DrawSecret {
		return nil, nil
	}
	secret, err := credential.LoadSecret(g.config.Keys, "draw-"+c.ID+".secret")
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(secret); hex.EncodeToString(sum[:]) != c.Commitment {
		return nil, errors.New("the secret does not match the announced commitment")
	}
	return secret, nil
}

// submit sends a command and makes a rejection an error.
func (g *Gate) submit(ctx context.Context, kind plan.Kind, body any) error {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		return err
	}
	command.Actor = g.config.ID
	// By the machine's clock: the plan compares it with the leader's, and the
	// line's own may wait for the plan to agree.
	command.TimeMS = g.config.Now().UnixMilli()
	ctx, cancel := context.WithTimeout(ctx, submitWithin)
	defer cancel()
	result, err := g.config.ControlPlane.Submit(ctx, command)
	if err != nil {
		return err
	}
	if !result.OK {
		return &rejectedError{kind: kind, result: result}
	}
	return nil
}

// submitWithin bounds one submission: longer than a change of leader takes.
const submitWithin = 3 * time.Second

// rejectedError is a command the plan did not accept.
type rejectedError struct {
	kind   plan.Kind
	result plan.Result
}

func (e *rejectedError) Error() string {
	return fmt.Sprintf("%s rejected: %s: %s", e.kind, e.result.Code, e.result.Detail)
}
