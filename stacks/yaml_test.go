package stacks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/stacks"
)

// Each case edits a stack file so that Pulumi would refuse it, or read it otherwise than it looks.
func TestAFileIsReadAsPulumiReadsIt(t *testing.T) {
	t.Parallel()
	const cidr = "    cidr: 10.16.0.0/16\n"
	for _, c := range []struct {
		name  string
		edits []string
		want  []string // whole lines of the error; none for what is good
	}{
		{"a byte order mark", []string{"config:\n", "config:\n"}, nil},
		{"an anchor", []string{"nat: single", "nat: &way single"}, nil},
		{"a key twice below config", []string{"config:\n", "config:\n  eks-platform:delivery: {}\n  eks-platform:delivery: {requireApproval: true}\n"},
			[]string{"Pulumi.dev.yaml:6: eks-platform:delivery: is a duplicate key, first on line 5, and Pulumi cannot read such a file: remove one"}},
		{"a nested key twice", []string{cidr, cidr + cidr},
			[]string{"network.cidr: is a duplicate key, first on line "}},
		{"two spellings", []string{"config:\n", "config:\n  delivery: {}\n  eks-platform:delivery: {requireApproval: true}\n"},
			[]string{"Pulumi.dev.yaml:6: delivery: is in the file twice, on line 5 as delivery and here as eks-platform:delivery"}},
		{"an encrypted value", []string{"cidr: 10.16.0.0/16", "cidr: {secure: AAABAQ}"},
			[]string{"network.cidr: is encrypted (secure:)"}},
		{"a date", []string{"cost-center: platform-nonprod", "since: 2026-11-30"},
			[]string{"tags.since: is a date, which Pulumi reformats: put it in quotes"}},
		{"Pulumi ESC", []string{"config:\n", "environment: [shared]\nconfig:\n"},
			[]string{"environment: must not be set next to config"}},
		{"an integer beyond all", []string{"max: 4,", "max: 99999999999999999999,"},
			[]string{"nodeGroups[0].scaling.max: must be a number from "}},
		{"infinity", []string{"max: 4,", "max: .inf,"},
			[]string{"nodeGroups[0].scaling.max: must be a number from "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.LoadEstate(estate(t, map[string][]string{"dev": c.edits}))
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(c.want), "%v", err)
			for i, want := range c.want {
				assert.Contains(t, lines[i], want)
			}
		})
	}
}

func TestWhatFollowsTheFirstDocumentIsRefusedAndAMarkInFrontIsNot(t *testing.T) {
	t.Parallel()
	dir := estate(t, nil)
	path := filepath.Join(dir, "Pulumi.dev.yaml")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append([]byte("\xef\xbb\xbf"), raw...), 0o600))
	_, err = stacks.LoadEstate(dir)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(raw, []byte("---\nconfig: {}\n")...), 0o600))
	_, err = stacks.LoadEstate(dir)
	require.ErrorContains(t, err, "a second document begins here, but Pulumi reads only the first")
	assert.NotContains(t, err.Error(), "\n", "%v", err)
}

func TestAnAliasIsItsAnchorAndALineIsFoundThroughIt(t *testing.T) {
	t.Parallel()
	dir := estate(t, map[string][]string{"dev": {"zones: [euw1-az1, euw1-az2, euw1-az3]", "zones: &zones [euw1-az1, euw1-az2, euw1-az3]",
		"    endpoint:\n", "    zones: *zones\n    endpoint:\n"}})
	_, err := stacks.LoadEstate(dir)
	require.NoError(t, err)
}

func TestAnUnquotedAccountIsOneComplaint(t *testing.T) {
	t.Parallel()
	_, err := stacks.LoadEstate(estate(t, map[string][]string{"prod": {`accountId: "222222222222"`, "accountId: 222222222222"}}))
	require.EqualError(t, err, "Pulumi.prod.yaml:6: aws.accountId: must be a string, got a number; put it in quotes")
}

func TestAnyInputIsAnsweredInAFewWordsAndInTime(t *testing.T) {
	t.Parallel()
	unknown := strings.Builder{}
	for i := range 10_000 {
		unknown.WriteString("    k" + strings.Repeat("x", i%50) + time.Duration(i).String() + ": 1\n")
	}
	for name, edits := range map[string][]string{
		"1 MB in a value":          {"nat: single", "nat: " + strings.Repeat("s", 1_000_000)},
		"10,000 unknown keys":      {"    nat: single\n", "    nat: single\n" + unknown.String()},
		"a file of 3 MB":           {"nat: single", "nat: " + strings.Repeat("s", 3_000_000)},
		"a hundred thousand zones": {"zones: [euw1-az1, euw1-az2, euw1-az3]", "zones: [" + strings.Repeat("a,", 100_000) + "a]"},
		"nested a thousandfold":    {"nat: single", "nat: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := stacks.LoadEstate(estate(t, map[string][]string{"dev": edits}))
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 8000)
			assert.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

// The CLI passes the configuration to a program in its own process in one environment variable.
func TestAConfigurationThatCannotBePassedToTheProgramIsRefused(t *testing.T) {
	t.Parallel()
	of := func(n int) string {
		var secrets strings.Builder
		for i := range n {
			fmt.Fprintf(&secrets, "%sdev/payments/database-%05d", map[bool]string{true: "", false: ", "}[i == 0], i)
		}
		return secrets.String()
	}
	problems := func(n int) string {
		_, err := stacks.LoadEstate(estate(t, map[string][]string{"dev": {"secrets: [dev/payments/database]", "secrets: [" + of(n) + "]"}}))
		return fmt.Sprint(err)
	}
	assert.NotContains(t, problems(3000), "environment variable")
	assert.Contains(t, problems(5000), "Pulumi.dev.yaml: the configuration has 16")
	assert.Contains(t, problems(5000), "in one environment variable, and Linux takes 131057")
	assert.NotContains(t, problems(5000), "Pulumi.stg.yaml")
}
