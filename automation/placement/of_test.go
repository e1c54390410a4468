package placement_test

import (
	"encoding/json"
	"errors"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// inhabited is the platform with two namespaces more in every environment, one of them a tenant's. The environments
// that it is given are bound to spot nodes.
func inhabited(bound ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		if err := stacks.Program(ctx); err != nil {
			return err
		}
		for suffix, tenant := range map[string]string{"": "", "-of-a-tenant": "shop"} {
			labels := pulumi.StringMap{convention.Environment: pulumi.String(ctx.Stack())}
			if tenant != "" {
				labels[convention.Tenant] = pulumi.String(tenant)
			}
			for _, name := range bound {
				if name == ctx.Stack() {
					labels[convention.Capacity] = pulumi.String(convention.Spot)
				}
			}
			name := "placement-" + ctx.Stack() + suffix
			if _, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
				Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: labels},
			}); err != nil {
				return err
			}
		}
		return nil
	}
}

// placed computes the placement of an environment of a directory.
func placed(t *testing.T, dir string, program pulumi.RunFunc, environment string) *placement.Report {
	t.Helper()
	p, err := automation.New(automation.Options{ProjectDir: dir, Program: program})
	require.NoError(t, err)
	report, err := placement.Of(t.Context(), p, environment)
	require.NoError(t, err)
	return report
}

// capacities returns what the groups on which a workload may run are, by name.
func capacities(r *placement.Report, p placement.Placement) map[string]string {
	out := map[string]string{}
	for i, f := range p.Groups {
		if f.Fits {
			out[r.Groups[i].String()] = r.Groups[i].Capacity
		}
	}
	return out
}

func TestDevPodsFitOnlySpotGroupsAndStgPodsNeverDo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"placement-dev", "placement-dev-of-a-tenant"} {
		report := placed(t, estatetest.Dir(), inhabited("dev"), "dev")
		assert.NoError(t, report.Err())
		assert.Equal(t, map[string]string{"dev/spot": placement.Spot}, capacities(report, workload(t, report, name, placement.AnyPod)))
	}
	for _, name := range []string{"placement-stg", "placement-stg-of-a-tenant"} {
		report := placed(t, estatetest.Dir(), inhabited("dev"), "stg")
		assert.NoError(t, report.Err())
		assert.Equal(t, "dev", report.Owner)
		assert.Equal(t, map[string]string{"dev/system": placement.OnDemand, "stg/general": placement.OnDemand},
			capacities(report, workload(t, report, name, placement.AnyPod)))
	}
}

func workload(t *testing.T, r *placement.Report, namespace, name string) placement.Placement {
	t.Helper()
	for _, p := range r.Workloads {
		if p.Namespace == namespace && p.Name == name {
			return p
		}
	}
	require.Fail(t, "there is no workload "+namespace+"/"+name)
	return placement.Placement{}
}

func TestEveryPodOfThePlatformMayRunWhereItMustAndNowhereElse(t *testing.T) {
	t.Parallel()
	for _, environment := range estatetest.Stacks {
		report := placed(t, estatetest.Dir(), stacks.Program, environment)
		assert.NoError(t, report.Err(), environment)
		assert.Empty(t, report.Unjudged, environment)
		classes := map[placement.Class]int{}
		for _, p := range report.Workloads {
			classes[p.Class]++
			at := capacities(report, p)
			switch p.Class {
			case placement.SystemAddon:
				home := false
				for i, f := range p.Groups {
					home = home || f.Fits && len(report.Groups[i].Taints) == 0 && report.Groups[i].Capacity == placement.OnDemand
				}
				assert.True(t, home, "%s: %s has no untainted on-demand group", environment, p)
				assert.NotContains(t, at, "dev/spot", "%s: %s", environment, p)
			case placement.DaemonSet:
				assert.Len(t, at, len(report.Groups), "%s: %s does not run on every group: %v", environment, p, p.Groups)
			case placement.EnvironmentPod, placement.TenantPod:
				for group, capacity := range at {
					assert.Equal(t, p.SpotBound, capacity == placement.Spot, "%s: %s on %s", environment, p, group)
				}
				assert.NotEmpty(t, at, "%s: %s", environment, p)
			}
		}
		assert.NotZero(t, classes[placement.SystemAddon], environment)
		assert.NotZero(t, classes[placement.DaemonSet], environment)
	}
}

func TestPodsWithoutAHomeAreRefused(t *testing.T) {
	t.Parallel()
	homeless := placed(t, estatetest.Dir(), inhabited("prod"), "prod") // prod has no spot nodes
	err := homeless.Err()
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "placement prod: refused")
	assert.ErrorContains(t, err, "environment pod placement-prod/any pod: it can run on no node group")
}

func TestThePlacementIsOneJSONDocument(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(placed(t, estatetest.Dir(), stacks.Program, "stg"))
	require.NoError(t, err)
	var document struct {
		Environment, Owner string
		NodeGroups         []struct{ Environment, Name, Capacity string }
		Workloads          []struct {
			Class, Namespace, Name, Declared string
			Groups                           []struct {
				Environment, Group string
				Fits               bool
				Why                []string
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	assert.Equal(t, "stg", document.Environment)
	assert.Equal(t, "dev", document.Owner)
	require.Len(t, document.NodeGroups, 3)
	seen := false
	for _, w := range document.Workloads {
		if w.Name != "coredns" {
			continue
		}
		seen = true
		assert.Equal(t, "system add-on", w.Class)
		assert.Equal(t, "dev: aws:eks/addon:Addon nonprod-coredns", w.Declared)
		require.Len(t, w.Groups, 3)
		assert.False(t, w.Groups[0].Fits)
		assert.Len(t, w.Groups[0].Why, 2)
		assert.True(t, w.Groups[1].Fits)
		assert.Empty(t, w.Groups[1].Why)
	}
	assert.True(t, seen)
}

func TestAPlacementThatCannotBeComputedSaysWhy(t *testing.T) {
	t.Parallel()
	p, err := automation.New(automation.Options{ProjectDir: estatetest.Dir(), Program: func(*pulumi.Context) error { return errors.New("out of paper") }})
	require.NoError(t, err)
	_, err = placement.Of(t.Context(), p, "dev")
	require.ErrorIs(t, err, automation.ErrProgram)
	assert.ErrorContains(t, err, "run the program for dev: out of paper")
	_, err = placement.Of(t.Context(), p, "nowhere")
	require.ErrorIs(t, err, automation.ErrInvalid)
	assert.ErrorContains(t, err, `there is no environment "nowhere"`)
}
