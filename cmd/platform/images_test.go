package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheImagesAreListedWithWhereTheyArePulledFrom(t *testing.T) {
	t.Parallel()
	dir := project(t, "prod", "  eks-platform:cluster:", "  eks-platform:imageRegistries: {registry.k8s.io: mirror.example/k8s}\n  eks-platform:cluster:")
	got := platform(t, "", "images", "-p", dir)
	require.Equal(t, exitOK, got.code, got.err)
	assert.Regexp(t, `(?m)^dev, ingress\n  public\.ecr\.aws/eks/aws-load-balancer-controller:v\S+$`, got.out)
	assert.Regexp(t, `(?m)^prod, secrets\n(  .*\n)*  registry\.k8s\.io/csi-secrets-store/driver\n    from mirror\.example/k8s/csi-secrets-store/driver$`, got.out)

	got = platform(t, "", "images", "prod", "-p", dir, "--json")
	require.Equal(t, exitOK, got.code, got.err)
	var document struct {
		Version      int
		Environments []struct {
			Environment string
			Images      []map[string]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &document))
	assert.Equal(t, 1, document.Version)
	require.Len(t, document.Environments, 1)
	assert.Equal(t, "prod", document.Environments[0].Environment)
	assert.Contains(t, document.Environments[0].Images, map[string]string{
		"service": "secrets", "chart": "secrets-store-csi-driver-provider-aws",
		"name": "registry.k8s.io/csi-secrets-store/driver", "pulled": "mirror.example/k8s/csi-secrets-store/driver",
	})

	got = platform(t, "", "images", "qa", "-p", dir)
	assert.Equal(t, exitUsage, got.code)
	assert.Contains(t, got.err, `there is no environment "qa"`)
}
