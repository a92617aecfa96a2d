package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are calls of the commands whose own description has none.
var examples = map[string]string{
	"status": `status
status --json | jq .admission.rate_milli`,
	"cohorts": `cohorts
cohorts --json | jq -r '.cohorts[].cohort.id'`,
	"cohorts show": `cohorts show tonight`,
	"cohorts define": `cohorts define tonight.json --reason "the ministry's order of Monday"
cohorts define tonight.json --reason "another hour" --seen 812`,
	"cohorts approve": `cohorts approve tonight --reason "preflight is green"
cohorts approve tonight --accept "test persons" --reason "no test identities on a Sunday"`,
	"cohorts open":       `cohorts open tonight --reason "ten minutes early, agreed with the ministry" --propose`,
	"cohorts pause":      `cohorts pause tonight --reason "stock answers slowly"`,
	"cohorts resume":     `cohorts resume tonight --reason "stock is back" --propose`,
	"cohorts close":      `cohorts close tonight --reason "no doses are left"`,
	"cohorts void":       `cohorts void tonight --reason "opened by mistake"`,
	"admission":          `admission --json`,
	"override":           `override`,
	"override clear":     `override clear admission --reason "stock is back"`,
	"hold":               "hold --reason \"wrong doses shown\"\nhold tonight --reason \"wrong doses shown\"",
	"release":            "release tonight --reason \"doses are right again\" --propose",
	"freeze":             `freeze admission --for 30m --reason "looking at what steering sees"`,
	"unfreeze":           `unfreeze admission --reason "seen enough" --propose`,
	"replicas":           `replicas`,
	"replicas set":       `replicas set --desired 4 --reason "a big evening"`,
	"instances":          `instances --kind gate`,
	"instances forget":   `instances forget was-7 --reason "its machine burnt"`,
	"cluster":            `cluster`,
	"cluster version":    `cluster version 2 --reason "every node runs the new release"`,
	"passes":             `passes`,
	"passes revoke":      `passes revoke 5f0c9d --for 48h --reason "bought from a tout"`,
	"members":            `members`,
	"members add":        `members add controlplane-4 --raft 10.0.0.4:8811 --private https://10.0.0.4:8808 --reason "replaces 2"`,
	"members remove":     `members remove controlplane-2 --reason "its disk died"`,
	"decisions":          "decisions --limit 5\ndecisions --actuator replicas --json",
	"plan":               `plan --consistency linearizable | jq .admission`,
	"operators":          `operators`,
	"operators rotate":   `operators rotate --token-out kim.token --for 720h --reason "monthly"`,
	"operators remove":   `operators remove kim --reason "left the team"`,
	"proposals approve":  `proposals approve p1234 --reason "checked with the ministry"`,
	"proposals withdraw": `proposals withdraw p1234 --reason "not needed any more"`,
	"changes":            `changes`,
	"undo":               "undo --reason \"a slip\"\nundo 812 --reason \"the wrong cohort\"",
	"incidents":          `incidents --json`,
	"incidents open":     `incidents open "stock is slow" --severity 2 --reason "alert UpstreamBreakerOpen"`,
	"handover":           `handover`,
	"handover note":      `handover note "stock team is on the phone: 02-123-4567"`,
	"preflight":          "preflight tonight\npreflight tonight --json | jq -r '.checks[] | select(.answer != \"pass\") | .name'",
	"try": `try break-glass --break-glass-token bg.token --reason "before tonight"
try persons tonight --reason "before tonight"`,
	"try break-glass": `try break-glass --break-glass-token bg.token --reason "before tonight"`,
	"try persons":     `try persons tonight --gate http://127.0.0.1:8800 --issuer http://127.0.0.1:8802 --reason "before tonight"`,
	"audit":           "audit --since 1000 --limit 20\naudit --access --json",
}

// teach gives every command below ctl an example.
func teach(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		teach(below)
		_, path, _ := strings.Cut(below.CommandPath(), "ctl ")
		if lines, ok := examples[path]; ok {
			below.Example = "  sunbeon ctl " + strings.ReplaceAll(lines, "\n", "\n  sunbeon ctl ")
		}
	}
}
