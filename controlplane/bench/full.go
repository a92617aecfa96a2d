package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sunbeon/controlplane/plan"
)

// answers is how many request ids the plan remembers at most.
const answers = 1 << 16

// eachOfFull makes the commands after which the plan holds all it may: as many
// cohorts, decisions, revoked passes, checkpoints, controllers, operators and
// remembered request ids as its bounds allow, and more WAS than an evening
// needs.
func eachOfFull(now time.Time, give func(plan.Command) error) error {
	hour := now.Add(time.Hour).UnixMilli()
	ask := func(kind plan.Kind, id string, body any) error {
		c, err := plan.NewCommand(kind, body)
		if err != nil {
			return err
		}
		c.RequestID = id
		return give(c)
	}
	times := func(n int, kind plan.Kind, body func(i int) any) error {
		for i := range n {
			if err := ask(kind, "", body(i)); err != nil {
				return err
			}
		}
		return nil
	}
	text := func(bytes int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", bytes-2) + `"`) }
	hash := func(i int) string {
		sum := sha256.Sum256(fmt.Append(nil, i))
		return hex.EncodeToString(sum[:])
	}
	if err := times(255, plan.CohortDefine, func(i int) any {
		return plan.DefineCohort{Cohort: plan.Cohort{
			ID: fmt.Sprintf("cohort-%03d", i), Name: map[string]string{"ko": "만 40–49세 백신 예약", "en": "Vaccination, ages 40 to 49"},
			BirthFrom: "1972-01-01", BirthTo: "1981-12-31", LastDigits: []int{9}, Order: plan.OrderFirstCome,
			LobbyMS: hour, OpenMS: hour, CloseMS: hour + 1,
		}}
	}); err != nil {
		return err
	}
	for _, section := range []struct {
		entries int
		kind    plan.Kind
		body    func(i int) any
	}{
		{1_000, plan.InstanceRegister, func(i int) any {
			return plan.RegisterInstance{ID: fmt.Sprintf("was-%d", i), Kind: plan.KindWAS, State: plan.Ready,
				URL: "https://10.0.0.1:8443", PrivateURL: "https://10.0.0.1:9443"}
		}},
		{10_000, plan.PassRevoke, func(i int) any { return plan.RevokePass{ID: hash(i), UntilMS: hour} }},
		{256, plan.CheckpointPublish, func(i int) any {
			return plan.PublishCheckpoint{Origin: fmt.Sprintf("gate-%d/cohort", i), Size: 1, Root: hash(i), Note: string(text(plan.MaxCheckpoint))}
		}},
		{1_000, plan.OperatorSet, func(i int) any {
			return plan.SetOperator{Name: fmt.Sprintf("operator-%d", i), Role: plan.Viewer, TokenHash: hash(i)}
		}},
		{plan.MaxDecisions, plan.DecisionRecord, func(int) any {
			return plan.RecordDecision{Actuator: "admission", Sentence: "limited by stock", Record: text(plan.MaxDecision - 32)}
		}},
	} {
		if err := times(section.entries, section.kind, section.body); err != nil {
			return err
		}
	}
	for i := range answers {
		line := plan.ReportLine{Cohort: "cohort-000", Gate: "gate-1", Issued: int64(i)}
		if err := ask(plan.LineReport, hash(i), line); err != nil {
			return err
		}
	}
	return nil
}
