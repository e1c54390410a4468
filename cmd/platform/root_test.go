package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

// said is what a command wrote.
type said struct {
	code     int
	out, err string
}

// platform runs the command as a person would.
func platform(t *testing.T, input string, args ...string) said {
	t.Helper()
	var out, err bytes.Buffer
	code := run(t.Context(), &terminal{in: strings.NewReader(input), out: &out, err: &err, asks: input != ""}, args)
	return said{code, out.String(), err.String()}
}

// project copies the project's stack files, with changes: pairs of old and new text in one of them.
func project(t *testing.T, stack string, changes ...string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../../Pulumi*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		if filepath.Base(f) == "Pulumi."+stack+".yaml" {
			for i := 0; i+1 < len(changes); i += 2 {
				require.Contains(t, string(raw), changes[i], "nothing to change in %s", f)
				raw = bytes.Replace(raw, []byte(changes[i]), []byte(changes[i+1]), 1)
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(f)), raw, 0o600))
	}
	return dir
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
		{"a lock", kind(automation.ErrLocked), 1},
		{"a rehearsal that came out wrong", kind(automation.ErrRehearsal), 1},
		{"problems that were printed", errReported, 1},
		{"anything else", errors.New("boom"), 1},
		{"configuration", kind(automation.ErrInvalid), 2},
		{"usage", fmt.Errorf("%w: what?", errUsage), 2},
		{"a gate", kind(automation.ErrRefused), 3},
		{"a gate among other failures", errors.Join(errors.New("boom"), kind(automation.ErrRefused)), 3},
		{"an interrupted engine", kind(automation.ErrCancelled), 130},
		{"an interrupted build", fmt.Errorf("build: %w", context.Canceled), 130},
	} {
		assert.Equal(t, c.want, exitCode(c.err), c.name)
	}
}

func TestWrongUsageIsOneLineAndExits2(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"nonsense"}, {"preview"}, {"preview", "dev", "stg"}, {"up", "dev", "--nonsense"},
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
		assert.Contains(t, got.out, "3    refused by a gate", "%v", args)
		assert.Contains(t, got.out, "130  interrupted", "%v", args)
	}
}

func TestTheStackFilesOfTheProjectAreValid(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "validate", "-p", "../..")
	assert.Zero(t, got.code, got.out)
	assert.Equal(t, "the stack files are valid\n", got.out)
}

func TestValidateNamesEveryProblemByFileAndPath(t *testing.T) {
	t.Parallel()
	dir := project(t, "dev", "eks-platform:environment: dev", "eks-platform:environment: Dev", "eks-platform:network:", "eks-platform:netwrk:")
	got := platform(t, "", "validate", "-p", dir)
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.out, "Pulumi.dev.yaml:")
	assert.Contains(t, got.out, ": environment: ")
	assert.Contains(t, got.out, "netwrk: ")
	assert.Empty(t, got.err)

	got = platform(t, "", "validate", "prod", "-p", dir)
	assert.Zero(t, got.code, "prod has no problem: %s", got.out)

	got = platform(t, "", "validate", "--json", "-p", dir)
	assert.Equal(t, 1, got.code)
	var report struct {
		OK       bool
		Problems []struct{ Path, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), got.out)
	assert.False(t, report.OK)
	assert.NotEmpty(t, report.Problems)

	got = platform(t, "", "validate", "nowhere", "-p", dir)
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.out, "Pulumi.nowhere.yaml: there is no such stack file")
}

func TestPlanNetworkShowsSubnetsAndBudget(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "plan-network", "stg", "-p", "../..")
	require.Zero(t, got.code, got.err)
	for _, text := range []string{"10.16.0.0/16", "control-plane", "dev, stg", "Needed"} {
		assert.Contains(t, got.out, text)
	}
	got = platform(t, "", "plan-network", "prod", "--json", "-p", "../..")
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

	got = platform(t, "", "plan-network", "nowhere", "-p", "../..")
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

func TestWhereNobodyCanAnswerTheAnswerIsNo(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{"": "use --yes", "yes\n": "not confirmed", "prod\n": ""} {
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
