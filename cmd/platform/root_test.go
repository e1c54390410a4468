package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// said is what a command wrote.
type said struct {
	code     int
	out, err string
}

// slowly is what a command says first where the machine takes a second for it.
var slowly = regexp.MustCompile(`(?m)^platform .* is at work: .*\n`)

// platform runs the command as a person would.
func platform(t *testing.T, input string, args ...string) said {
	t.Helper()
	var out, err bytes.Buffer
	code := run(t.Context(), &terminal{in: strings.NewReader(input), out: &out, err: &err, asks: input != ""}, args)
	return said{code, out.String(), slowly.ReplaceAllString(err.String(), "")}
}

// project copies the frozen estate, with changes: pairs of old and new text in one of its stack files.
func project(t *testing.T, stack string, changes ...string) string {
	t.Helper()
	edits := estatetest.Edits{}
	if len(changes) > 0 {
		edits[stack] = changes
	}
	return estatetest.Copy(t, edits)
}

func TestExitCodesTellWhatKindOfFailureItWas(t *testing.T) {
	t.Parallel()
	kind := func(k error) error { return &automation.Error{Kind: k} }
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing wrong", nil, 0},
		{"a provider's refusal", kind(automation.ErrProvider), 1},
		{"the program", kind(automation.ErrProgram), 1},
		{"a rehearsal that came out wrong", kind(rehearsal.ErrRehearsal), 1},
		{"problems that were printed", errReported, 2},
		{"anything else", errors.New("boom"), 1},
		{"configuration", kind(automation.ErrInvalid), 2},
		{"usage", fmt.Errorf("%w: what?", errUsage), 2},
		{"a gate", kind(automation.ErrRefused), 3},
		{"a gate among other failures", errors.Join(errors.New("boom"), kind(automation.ErrRefused)), 3},
		{"a stale approval", kind(automation.ErrStale), 3},
		{"previews with changes", errChanges, 4},
		{"a lock, or a lease", kind(automation.ErrLocked), 5},
		{"what a killed run left", kind(automation.ErrPending), 5},
		{"a lease that was lost", kind(automation.ErrLeaseLost), 1},
		{"a deploy that has not settled", kind(automation.ErrUnsettled), 1},
		{"a failure that was shown", &shownError{"x", kind(automation.ErrRefused)}, 3},
		{"an interrupted engine", kind(automation.ErrCancelled), 130},
		{"an interrupted build", fmt.Errorf("build: %w", context.Canceled), 130},
	} {
		assert.Equal(t, c.want, exitCode(c.err), c.name)
	}
}

func TestWrongUsageIsOneLineAndExits2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"nonsense"}, {"preview"}, {"preview", "dev", "dev"}, {"up", "dev", "stg"}, {"up", "dev", "--nonsense"},
		{"preview", "dev", "--cloud", "gcp"}, {"preview", "dev", "--dir", "x"},
		{"rehearse", "dev"}, {"rehearse", "--latency", "slow"}, {"rehearse", "--latency", "aws", "--scale", "0"},
	} {
		got := platform(t, "", append(args, "-p", project(t, ""))...)
		assert.Equal(t, 2, got.code, "%v", args)
		assert.Equal(t, 1, strings.Count(got.err, "\n"), "%v: %s", args, got.err)
		assert.Empty(t, got.out, "%v", args)
	}
}

func TestTheHelpNamesTheExitCodes(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"up", "--help"}, {"rehearse", "--help"}} {
		got := platform(t, "", args...)
		assert.Zero(t, got.code)
		assert.Contains(t, got.out, "3    refused: ", "%v", args)
		assert.Contains(t, got.out, "130  interrupted", "%v", args)
	}
}

func TestValidStackFilesAreSaidToBeValid(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "validate", "-p", estatetest.Dir())
	assert.Zero(t, got.code, got.out)
	assert.True(t, strings.HasSuffix(got.out, "\nthe stack files are valid\n"), got.out)
	assert.Contains(t, got.out, "note: Pulumi.dev.yaml:7: aws.accountId: 111111111111 is the placeholder of an example")
}

func TestWhatStayedBehindFromAnExampleIsNoted(t *testing.T) {
	t.Parallel()
	dir := project(t, "dev", `accountId: "111111111111"`, `accountId: "444444444440"`)
	stg := filepath.Join(dir, "Pulumi.stg.yaml")
	raw, err := os.ReadFile(stg)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(stg, bytes.ReplaceAll(raw, []byte("111111111111"), []byte("444444444440")), 0o600))

	got := platform(t, "", "validate", "dev", "stg", "-p", dir)
	assert.Zero(t, got.code, got.out)
	assert.Contains(t, got.out, "note: Pulumi.dev.yaml:24: cluster.access[0].principalArn: is of account 111111111111, and the stack is in 444444444440")
	assert.NotContains(t, got.out, "placeholder")
	assert.NotContains(t, got.out, "Pulumi.stg.yaml", "everything in it is of its own account")
	assert.NotContains(t, got.out, "Pulumi.prod.yaml", "it was not asked for")

	var report struct {
		OK    bool
		Notes []struct{ File, Path, Message string }
	}
	got = platform(t, "", "validate", "--json", "-p", dir)
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), got.out)
	assert.True(t, report.OK)
	assert.NotEmpty(t, report.Notes)
}

func TestAPlaceholderAccountIsRefusedBeforeAnythingOnAWSIsAsked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"preview", "dev"}, {"up", "dev"}, {"deploy", "dev"}, {"drift", "dev"}, {"repair", "dev", "--check"}, {"outputs", "dev"}, {"history", "dev"}} {
		got := platform(t, "", append(args, "-p", estatetest.Dir())...)
		assert.Equal(t, 2, got.code, "%v: %s", args, got.err)
		assert.Contains(t, got.out+got.err, "Pulumi.dev.yaml:7: aws.accountId: 111111111111 is the placeholder of an example", "%v", args)
	}
}

func TestValidateNamesEveryProblemByFileAndPath(t *testing.T) {
	t.Parallel()
	dir := project(t, "dev", "eks-platform:environment: dev", "eks-platform:environment: Dev", "eks-platform:network:", "eks-platform:netwrk:")
	got := platform(t, "", "validate", "-p", dir)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.out, "Pulumi.dev.yaml:")
	assert.Contains(t, got.out, ": environment: ")
	assert.Contains(t, got.out, "netwrk: ")
	assert.Empty(t, got.err)

	got = platform(t, "", "validate", "prod", "-p", dir)
	assert.Zero(t, got.code, "prod has no problem: %s", got.out)

	got = platform(t, "", "validate", "--json", "-p", dir)
	assert.Equal(t, 2, got.code)
	var report struct {
		OK       bool
		Problems []struct{ Path, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), got.out)
	assert.False(t, report.OK)
	assert.NotEmpty(t, report.Problems)

	got = platform(t, "", "validate", "nowhere", "-p", dir)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.out, "Pulumi.nowhere.yaml: there is no stack file of that name")
}

func TestPlanNetworkShowsSubnetsAndBudget(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "plan-network", "stg", "-p", estatetest.Dir())
	require.Zero(t, got.code, got.err)
	for _, text := range []string{"10.16.0.0/16", "control-plane", "dev, stg", "Needed"} {
		assert.Contains(t, got.out, text)
	}
	got = platform(t, "", "plan-network", "prod", "--json", "-p", estatetest.Dir())
	require.Zero(t, got.code, got.err)
	var plan struct {
		Plan struct {
			Rows []struct{ Tier, CIDR string }
		}
		Budget []struct{ Addresses, AddressesNeeded int }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &plan))
	assert.NotEmpty(t, plan.Plan.Rows)
	assert.NotEmpty(t, plan.Budget)

	got = platform(t, "", "plan-network", "nowhere", "-p", estatetest.Dir())
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.err, `there is no environment "nowhere"`)
}

func TestSchemaPrintsTheSchema(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "schema")
	require.Zero(t, got.code)
	var schema map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &schema))
	assert.Contains(t, schema, "properties")
}

func TestAnOperationWithInvalidStackFilesEndsBeforeAnyEngine(t *testing.T) {
	t.Parallel()
	dir := project(t, "prod", "eks-platform:network:", "eks-platform:netwrk:")
	for _, args := range [][]string{
		{"preview", "prod", "--cloud", "rehearsal", "--dir", t.TempDir()},
		{"preview", "prod"},
		{"rehearse", "--dir", t.TempDir()},
	} {
		got := platform(t, "", append(args, "-p", dir)...)
		assert.Equal(t, 2, got.code, "%v: %s", args, got.err)
		assert.Contains(t, got.err, "netwrk", "%v", args)
		assert.NotContains(t, got.err, "goroutine", "%v", args)
		assert.Empty(t, got.out)
	}
}

func TestAMistypedDirectoryIsNotMade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mistyped")
	for _, args := range [][]string{
		{"outputs", "prod"}, {"drift", "prod"}, {"refresh", "prod"}, {"destroy", "prod", "--yes"}, {"history", "prod"},
		{"lease", "prod"}, {"lease", "prod", "--break"}, {"repair", "prod", "--check"}, {"repair", "prod"},
	} {
		got := platform(t, "", append(args, "-p", estatetest.Dir(), "--cloud", "rehearsal", "--dir", dir)...)
		assert.Equal(t, exitFailed, got.code, "%v: %s", args, got.err)
		assert.Contains(t, got.err, "there is no rehearsal in "+dir, "%v", args)
		assert.Empty(t, got.out, "%v", args)
	}
	p, done, err := (&target{cloud: "rehearsal", dir: dir, previews: true}).open(newRoot(&terminal{}), &terminal{err: io.Discard}, estatetest.Dir())
	require.NoError(t, err)
	require.NotNil(t, p)
	done()
	assert.NoDirExists(t, dir, "a preview starts from nothing elsewhere")
}

func TestAFailureIsOneJSONDocument(t *testing.T) {
	t.Parallel()
	dir := project(t, "prod", "eks-platform:network:", "eks-platform:netwrk:")
	for _, args := range [][]string{
		{"preview", "prod", "--cloud", "rehearsal", "--dir", t.TempDir(), "-p", dir},
		{"outputs", "nowhere", "-p", estatetest.Dir()},
		{"rehearse", "--dir", t.TempDir(), "-p", dir},
		{"plan-network", "nowhere", "-p", estatetest.Dir()},
		{"validate", "-p", t.TempDir()},
	} {
		got := platform(t, "", append(args, "--json")...)
		assert.Equal(t, 2, got.code, "%v", args)
		var document struct{ Error string }
		require.NoError(t, json.Unmarshal([]byte(got.out), &document), "%v: %s", args, got.out)
		assert.Equal(t, "error: "+document.Error+"\n", got.err, "%v", args)
	}

	// What an operation did before it failed is in the same document.
	var out bytes.Buffer
	terminal := &terminal{out: &out, asJSON: true}
	require.NoError(t, report(terminal, &plan.Result{Stack: "dev", Changes: map[string]int{"create": 2}}, errors.New("boom")))
	assert.True(t, terminal.told)
	var document struct {
		Error, Stack string
		Changes      map[string]int
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &document))
	assert.Equal(t, "boom", document.Error)
	assert.Equal(t, "dev", document.Stack)
	assert.Equal(t, 2, document.Changes["create"])
}

func TestASummaryDistinguishesDoneFromPlanned(t *testing.T) {
	t.Parallel()
	changes := map[string]int{"create": 2, "same": 1}
	for want, r := range map[string]*plan.Result{
		"2 to create, 1 unchanged": {Operation: plan.OpPreview, Counts: changes},
		"2 created, 1 unchanged":   {Operation: plan.OpUp, Counts: changes},
		"3 to delete": {Operation: plan.OpDestroy, Counts: map[string]int{"delete": 3},
			Steps: []plan.Step{{Status: plan.Planned}}},
		"nothing to do": {Operation: plan.OpUp},
	} {
		assert.Equal(t, want, summary(r))
	}
}

func TestEarlierRehearsalsAreRemovedUnlessTheyMayBeWanted(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	root, err := rehearsals()
	require.NoError(t, err)
	for name, how := range map[string]string{
		"run-20260101-100000-1": endedWell, "run-20260101-100001-1": endedBadly, "run-20260101-100002-1": endedBadly,
		"run-20260101-100003-1": endedBadly, "run-20260101-100004-1": endedBadly, "run-20260101-100005-1": "", "default": endedWell,
	} {
		dir := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		if how != "" {
			require.NoError(t, markEnded(dir, how == endedWell))
		}
	}
	fresh, err := freshRehearsal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, fmt.Sprintf("run-20260102-030405-%d", os.Getpid())), fresh)
	left, err := os.ReadDir(root)
	require.NoError(t, err)
	var names []string
	for _, e := range left {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{
		"default", "run-20260101-100002-1", "run-20260101-100003-1", "run-20260101-100004-1", "run-20260101-100005-1",
	}, names)
}

func TestTheNullDeviceIsNotATerminal(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	assert.False(t, isTerminal(null))
}

func TestWithoutATerminalTheAnswerIsNo(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{"": "to confirm it in advance: --yes", "yes\n": "not confirmed", "prod\n": ""} {
		var err bytes.Buffer
		e := ask(t.Context(), &terminal{in: strings.NewReader(input), err: &err, asks: input != ""}, "This changes prod on AWS.", "prod")
		if want == "" {
			assert.NoError(t, e)
			continue
		}
		assert.ErrorContains(t, e, want)
		assert.Equal(t, 3, exitCode(e))
	}
}
