package main

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/deploy"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/state"
	"github.com/eks-platform/eks-platform/automation/state/lease"
)

// refused is an error of the library's with its reason as data.
func refused(kind error, op plan.Operation, cause error) *automation.Error {
	return (&automation.Error{Kind: kind, Operation: op, Stack: "prod", Messages: []string{"the reason"}}).Because(cause)
}

// blocked is an error of a deploy that found something in its way.
func blocked(i state.Inspection) error {
	i.Stack = "prod"
	return automation.Blocked(plan.OpDeploy, &i)
}

var (
	vpcURN  = "urn:pulumi:prod::eks-platform::aws:ec2/vpc:Vpc::prod-vpc"
	pending = state.PendingOperation{Operation: "creating", URN: vpcURN, Type: "aws:ec2/vpc:Vpc", Name: "prod-vpc", Remedy: state.RemedyDecide}
)

// advised are errors with what is to be said of each.
var advised = map[string]struct {
	err  error
	want []string
}{
	"gates": {
		refused(automation.ErrRefused, plan.OpDeploy, &deploy.GateError{Allowances: []string{"aws:ec2/vpc:Vpc prod-vpc", vpcURN}, Approval: true}),
		[]string{"--allow 'prod=aws:ec2/vpc:Vpc prod-vpc'", "--allow '" + vpcURN + "'", "--approval REFERENCE"},
	},
	"protected": {refused(automation.ErrRefused, plan.OpDestroy, &automation.ProtectedError{Resources: []string{"x"}}), []string{"--unprotect"}},
	"a lease":   {refused(automation.ErrLocked, plan.OpDeploy, &lease.HeldError{}), []string{"--wait 10m"}},
	"a dead holder's lease": {
		refused(automation.ErrLocked, plan.OpDeploy, &lease.HeldError{Record: lease.Record{Dead: "there is no process"}}),
		[]string{"platform repair prod", "--repair"},
	},
	"a lease in the way of a repair": {
		refused(automation.ErrLocked, plan.OpRepair, &lease.HeldError{}), []string{"platform repair prod --force --reason WHY"},
	},
	"a lease that is to be broken": {
		refused(automation.ErrLocked, "", &lease.HeldError{}), []string{"platform lease prod --break --reason WHY"},
	},
	"a lease that cannot be read": {
		refused(automation.ErrDamaged, plan.OpDeploy, lease.ErrUnreadable), []string{"platform repair prod --force --reason WHY"},
	},
	"a lock without proof": {blocked(state.Inspection{Locks: []state.Lock{{Doubt: "who knows"}}}), []string{"platform repair prod --force --reason WHY"}},
	"a stale lock":         {blocked(state.Inspection{Locks: []state.Lock{{Proof: "it is gone"}}}), []string{"platform repair prod", "--repair"}},
	"a damaged state":      {blocked(state.Inspection{Damage: []state.Damage{{Copy: "a copy"}}}), []string{"platform repair prod --restore"}},
	"something pending": {
		blocked(state.Inspection{Pending: []state.PendingOperation{pending}}),
		[]string{"platform repair prod --import '" + vpcURN + "=ID'", "platform repair prod --clear '" + vpcURN + "'"},
	},
	"a lock that a killed engine left": {
		refused(automation.ErrEngine, plan.OpDeploy, &state.BlockedError{Inspection: &state.Inspection{Stack: "prod"}}),
		[]string{"platform repair prod --check"},
	},
}

// printed finds commands, and flags on their own, in what is printed.
var printed = regexp.MustCompile(`: ((?:platform|--)[^()]*)`)

// words splits a line as a shell does that knows single quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

func TestEveryCommandThatIsPrintedCanBePasted(t *testing.T) {
	t.Parallel()
	for name, c := range advised {
		// Beside other environments and on its own.
		for _, err := range []error{c.err, errors.Join(errors.New("another"), &shownError{what: "two failed", cause: c.err})} {
			said := message(err)
			found := 0
			for _, line := range advice(err) {
				assert.Contains(t, said, line, name)
				m := printed.FindStringSubmatch(line)
				require.NotNil(t, m, "%s: %q", name, line)
				args := words(m[1])
				if args[0] == "platform" {
					args = args[1:]
				} else {
					// A flag on its own is for the command that printed it.
					of := "deploy"
					if name == "protected" {
						of = "destroy"
					}
					args = append([]string{of, "prod"}, args...)
				}
				root := newRoot(&terminal{out: io.Discard, err: io.Discard})
				command, rest, err := root.Find(args)
				require.NoError(t, err, line)
				require.NoError(t, command.ParseFlags(rest), line)
				require.NoError(t, command.ValidateArgs(command.Flags().Args()), line)
				assert.Equal(t, []string{"prod"}, command.Flags().Args(), line)
				found++
			}
			assert.Equal(t, len(c.want), found, "%s: %q", name, said)
			for _, want := range c.want {
				assert.Contains(t, said, want, name)
			}
		}
	}
}

func TestAnAllowanceThatIsPrintedIsTakenWithSeveralEnvironments(t *testing.T) {
	t.Parallel()
	var allow []string
	for _, line := range advice(advised["gates"].err) {
		if _, flag, found := strings.Cut(line, "--allow "); found {
			allow = append(allow, words(flag)...)
		}
	}
	for _, envs := range [][]string{{"prod"}, {"dev", "prod"}} {
		options, err := (&deployFlags{allow: allow}).options(envs)
		require.NoError(t, err)
		assert.Equal(t, []string{"aws:ec2/vpc:Vpc prod-vpc", vpcURN}, options["prod"].Allow)
	}
}
