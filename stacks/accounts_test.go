package stacks_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// moved is a copy of the frozen estate in accounts of its own, whose files are otherwise as they were.
func moved(t *testing.T, accounts ...string) *stacks.Estate {
	t.Helper()
	dir := estatetest.Copy(t, nil)
	for _, stack := range estatetest.Stacks {
		path := filepath.Join(dir, "Pulumi."+stack+".yaml")
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(accounts...).Replace(string(raw))), 0o600))
	}
	e, err := stacks.LoadEstate(dir)
	require.NoError(t, err)
	return e
}

func TestAPlaceholderAccountIsRefusedOnAWSAndAcceptedInARehearsal(t *testing.T) {
	t.Parallel()
	e, err := stacks.LoadEstate(estatetest.Dir())
	require.NoError(t, err, "rehearsals accept it")
	err = e.OnAWS("dev", "prod")
	var all *problem.Error
	require.True(t, errors.As(err, &all))
	assert.Len(t, all.Problems, 2)
	assert.ErrorContains(t, err, "Pulumi.dev.yaml:7: aws.accountId: 111111111111 is the placeholder of an example")
	assert.ErrorContains(t, err, "Pulumi.prod.yaml:6: aws.accountId: 222222222222 is the placeholder of an example")

	own := moved(t, "111111111111", "210987654321")
	require.NoError(t, own.OnAWS("dev", "stg"), "prod is not asked for")
	require.Error(t, own.OnAWS("dev", "stg", "prod"))

	regs, err := ptest.Run(t, true, stacks.OnAWS, ptest.WithStack("dev"), ptest.WithConfig(configOf(t, "dev")))
	assert.ErrorContains(t, err, "Pulumi.dev.yaml: aws.accountId: 111111111111 is the placeholder of an example")
	assert.Empty(t, regs.WithTypePrefix("pulumi:providers:"), "no provider is configured")
}

func TestWhatIsOfAnotherAccountIsNoted(t *testing.T) {
	t.Parallel()
	e := moved(t, `accountId: "111111111111"`, `accountId: "210987654321"`, `accountId: "222222222222"`, `accountId: "210987654322"`)
	written := map[string]int{}
	for _, stack := range estatetest.Stacks {
		raw, err := os.ReadFile(filepath.Join(e.Dir, "Pulumi."+stack+".yaml"))
		require.NoError(t, err)
		written["Pulumi."+stack+".yaml"] = strings.Count(string(raw), "arn:aws:iam::111111111111") + strings.Count(string(raw), "arn:aws:iam::222222222222")
	}
	noted := map[string]int{}
	for _, n := range e.Notes() {
		noted[n.File]++
		assert.NotZero(t, n.Line, "%v", n)
		assert.Contains(t, n.Message, "and the stack is in 21098765432")
	}
	assert.Equal(t, written, noted, "every ARN of another account, and nothing else")
	assert.Empty(t, moved(t, "111111111111", "210987654321", "222222222222", "210987654322").Notes())
}

func TestEveryTextOfAFileIsLookedAtForOtherAccounts(t *testing.T) {
	t.Parallel()
	dir := estatetest.Copy(t, estatetest.Edits{"dev": {
		"  eks-platform:tags:\n", "  eks-platform:imageRegistries:\n    quay.io: 333333333333.dkr.ecr.eu-west-1.amazonaws.com/quay\n  eks-platform:tags:\n    \"a.b\": see arn:aws:sns:eu-west-1:333333333333:topic\n",
		"parameters: [/dev/payments/features]", "parameters: [/dev/payments/features]\n                policies: [\"arn:aws:iam::333333333333:policy/own\", \"arn:aws:iam::aws:policy/ReadOnlyAccess\"]",
	}})
	e, err := stacks.LoadEstate(dir)
	var paths []string
	require.NotNil(t, e, "%v", err)
	for _, n := range e.Notes() {
		if strings.Contains(n.Message, "333333333333") {
			paths = append(paths, n.Path)
		}
	}
	assert.Equal(t, []string{"imageRegistries.quay.io", "tags.a.b", "tenancy.tenants[0].namespaces[0].serviceAccounts[0].policies[0]"}, paths)
}
