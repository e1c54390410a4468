package admission_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/admission"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const (
	group        = "kubernetes:admissionregistration.k8s.io/v1:"
	policyType   = group + "ValidatingAdmissionPolicy"
	bindingType  = policyType + "Binding"
	mutatingType = group + "MutatingAdmissionPolicy"
	mutatingBind = mutatingType + "Binding"
)

// registered runs the component with an explicit provider.
func registered(t testing.TB, preview bool, version string) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{})
		if err != nil {
			return err
		}
		_, err = admission.New(ctx, "nonprod-admission", &admission.Args{ClusterVersion: version}, pulumi.Provider(p))
		return err
	})
	require.NoError(t, err)
	return regs
}

func TestEveryObjectIsAChildWithTheExplicitProviderAndItsOwnName(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := registered(t, preview, "1.36").WithTypePrefix(group)
		require.Len(t, regs, 6)
		for _, r := range regs {
			assert.Contains(t, r.Parent, admission.Type+"::nonprod-admission", r.URN)
			assert.NotEmpty(t, r.Provider, r.URN)
			assert.True(t, strings.HasPrefix(r.Name, "nonprod-admission-spot-"), r.URN)
			assert.NotEmpty(t, r.Input("metadata.name"), r.URN)
			labels := r.PlainInputs()["metadata"].(map[string]any)["labels"].(map[string]any)
			assert.Equal(t, map[string]any{"app.kubernetes.io/name": "admission", "app.kubernetes.io/managed-by": "eks-platform"}, labels)
		}
	}
}

func TestABindingWaitsForItsPolicy(t *testing.T) {
	t.Parallel()
	regs := registered(t, false, "1.36")
	for name, binding := range map[string]string{"spot-required": bindingType, "spot-refused": bindingType, "spot-placement": mutatingBind} {
		policy, ok := regs.Named(strings.TrimSuffix(binding, "Binding"), "nonprod-admission-"+name)
		require.True(t, ok, name)
		bound, ok := regs.Named(binding, "nonprod-admission-"+name+"-binding")
		require.True(t, ok, name)
		assert.Equal(t, []string{policy.URN}, bound.Dependencies)
		assert.Equal(t, "eks-platform-"+name, bound.Input("spec.policyName"))
		assert.Equal(t, "eks-platform-"+name, policy.Input("metadata.name"))
	}
}

func TestOnlyKubernetes136AndLaterHasTheMutatingPolicy(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"1.30": 0, "1.34": 0, "1.35": 0, "1.36": 1, "1.40": 1} {
		regs := registered(t, true, version)
		assert.Len(t, regs.ByType(mutatingType), want, version)
		assert.Len(t, regs.ByType(mutatingBind), want, version)
		assert.Len(t, regs.ByType(policyType), 2, version)
		assert.Len(t, regs.ByType(bindingType), 2, version)
		assert.Equal(t, want == 1, admission.Completes(version), version)
	}
}

func TestAWrongVersionRegistersNothing(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"":       `clusterVersion: must be a Kubernetes minor, such as 1.35, got ""`,
		"1.35.2": `clusterVersion: must be a Kubernetes minor, such as 1.35, got "1.35.2"`,
		"v1.35":  `clusterVersion: must be a Kubernetes minor, such as 1.35, got "v1.35"`,
		"1.29":   `clusterVersion: must be at least 1.30, which has admission policies, got 1.29`,
	} {
		regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
			_, err := admission.New(ctx, "a", &admission.Args{ClusterVersion: version})
			return err
		})
		assert.ErrorContains(t, err, `admission "a": `+want)
		assert.Empty(t, regs)
	}
}
