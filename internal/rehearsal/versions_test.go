package rehearsal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/rehearsal/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/eks"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

// An engine warns about providers that are older than the SDK that the program is built with.
func TestTheProvidersHaveTheVersionsOfTheSDKs(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(estatetest.Root(), "go.mod"))
	require.NoError(t, err)
	for module, version := range map[string]string{
		"pulumi-aws/sdk/v6": aws.Version, "pulumi-eks/sdk/v2": eks.Version, "pulumi-kubernetes/sdk/v4": kubernetes.Version,
	} {
		assert.Contains(t, string(raw), "github.com/pulumi/"+module+" v"+version+"\n")
	}
}
