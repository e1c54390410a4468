package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/automation/rehearsal"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/stacks"
)

// cells returns the cells of the table row that has a text.
func cells(t *testing.T, out, text string) []string {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.Contains(line, text) {
			return strings.Fields(line[strings.Index(line, text)+len(text):])
		}
	}
	require.Fail(t, "no row has "+text, out)
	return nil
}

// lastCells returns the last cells of the table row that has a text.
func lastCells(t *testing.T, out, text string, n int) []string {
	t.Helper()
	all := cells(t, out, text)
	require.GreaterOrEqual(t, len(all), n)
	return all[len(all)-n:]
}

func TestPlacementShowsWhereEveryPodMayRunAndWhyNotElsewhere(t *testing.T) {
	t.Parallel()
	got := platform(t, "", "placement", "stg", "prod", "-p", estatetest.Dir())
	require.Zero(t, got.code, got.err)
	assert.Empty(t, got.err)
	stg, prod, both := strings.Cut(got.out, "Where pods of prod can run\n")
	require.True(t, both, got.out)
	assert.Contains(t, stg, "Where pods of stg can run, on the cluster of dev\n")
	assert.Equal(t, []string{"dev/spot", "dev/system", "stg/general"}, cells(t, stg, "Workload"))
	assert.Equal(t, []string{"yes", "yes", "yes"}, cells(t, stg, "kube-system/aws-node"))
	coredns := strings.Join(cells(t, stg, "kube-system/coredns"), " ")
	assert.Regexp(t, `^no \(\d+, \d+\) yes yes$`, coredns)
	assert.Regexp(t, `\(\d+\) has the taint spotInstance=true:NoSchedule, which the pod does not tolerate\n`, stg)
	assert.Contains(t, stg, "dev/spot: spot, label lifecycle=Ec2Spot, taint spotInstance=true:NoSchedule\n")
	assert.Equal(t, []string{"yes", "yes"}, cells(t, prod, "kube-system/coredns"))

	got = platform(t, "", "placement", "dev", "--json", "-p", estatetest.Dir())
	require.Zero(t, got.code, got.err)
	var document struct {
		Environments []struct {
			Environment string
			Workloads   []struct{ Name string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &document))
	require.Len(t, document.Environments, 1)
	assert.Equal(t, "dev", document.Environments[0].Environment)
	assert.NotEmpty(t, document.Environments[0].Workloads)
}

// withNamespace is the project with one namespace more in every environment.
func withNamespace(t *testing.T, labels pulumi.StringMap) *automation.Platform {
	t.Helper()
	p, err := automation.New(automation.Options{ProjectDir: estatetest.Dir(), Program: func(ctx *pulumi.Context) error {
		own := pulumi.StringMap{convention.Environment: pulumi.String(ctx.Stack())}
		maps.Copy(own, labels)
		_, err := corev1.NewNamespace(ctx, "placement", &corev1.NamespaceArgs{Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("placement"), Labels: own}})
		return errors.Join(stacks.Program(ctx), err)
	}})
	require.NoError(t, err)
	return p
}

func TestPlacementFailsWhenAPodHasNoHomeAndShowsItAllTheSame(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	free := withNamespace(t, pulumi.StringMap{})
	require.NoError(t, showPlacements(t.Context(), &terminal{out: &out}, free, []string{"prod"}), "a plain pod has prod's nodes")
	bound := withNamespace(t, pulumi.StringMap{convention.Capacity: pulumi.String(convention.Spot)})
	const wrong = "placement prod: refused: environment pod placement/any pod: it can run on no node group"
	for _, asJSON := range []bool{false, true} {
		out.Reset()
		err := showPlacements(t.Context(), &terminal{out: &out, asJSON: asJSON}, bound, []string{"prod"})
		assert.Equal(t, 3, exitCode(err))
		assert.ErrorContains(t, err, wrong)
		assert.Contains(t, out.String(), "lifecycle In [Ec2Spot] does not match: the nodes have lifecycle=OnDemand")
		assert.Equal(t, asJSON, json.Valid(out.Bytes()), out.String())
		assert.Equal(t, asJSON, strings.Contains(out.String(), wrong), "people read the error below the table")
	}
}

func TestPlacementWantsToKnowWhose(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"placement"}, {"placement", "dev", "--nonsense"}} {
		got := platform(t, "", args...)
		assert.Equal(t, 2, got.code, "%v", args)
		assert.Empty(t, got.out)
	}
	got := platform(t, "", "placement", "nowhere", "--json", "-p", estatetest.Dir())
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.out, `there is no environment \"nowhere\"`)
}

// fits makes the placement of a workload on two groups.
func fits(class placement.Class, namespace, name string, on ...bool) placement.Placement {
	p := placement.Placement{Workload: placement.Workload{Class: class, Namespace: namespace, Name: name}}
	for _, yes := range on {
		p.Groups = append(p.Groups, placement.Fit{Fits: yes})
	}
	return p
}

func TestTheShortTableHasOneLineForWhatMayRunInTheSamePlaces(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &placement.Report{Environment: "stg", Owner: "dev"}
	r.Groups = []placement.Group{{Environment: "dev", Name: "spot"}, {Environment: "stg", Name: "general"}}
	r.Workloads = []placement.Placement{
		fits(placement.EnvironmentPod, "stg", placement.AnyPod, false, true),
		fits(placement.TenantPod, "shop", placement.AnyPod, false, true),
		fits(placement.SystemAddon, "kube-system", "a", false, true),
		fits(placement.SystemAddon, "kube-system", "b", true, true),
		fits(placement.SystemAddon, "kube-system", "c", false, true),
		fits(placement.SystemAddon, "kube-system", "d", false, true),
		fits(placement.SystemAddon, "kube-system", "e", false, true),
	}
	r.Unjudged = []placement.Unjudged{{Declared: "dev: a chart", Why: "nobody knows"}}
	showPlacementInShort(&terminal{out: &out}, r)
	assert.Equal(t, []string{"no", "yes"}, cells(t, out.String(), "environment pods  stg"))
	assert.Equal(t, []string{"no", "yes"}, cells(t, out.String(), "tenant pods       shop"))
	assert.Equal(t, []string{"no", "yes"}, cells(t, out.String(), "system add-ons    a, c, d and 1 more"))
	assert.Equal(t, []string{"yes", "yes"}, cells(t, out.String(), "system add-ons    b"))
	assert.Contains(t, out.String(), "Where pods of stg can run, on the cluster of dev\n")
	assert.Contains(t, out.String(), "not in the table: dev: a chart: nobody knows\n")

	out.Reset()
	showPlacementInShort(&terminal{out: &out}, &placement.Report{Environment: "empty"})
	assert.Empty(t, out.String())
}

func TestARehearsalEndsWithThePlacementOfEveryEnvironment(t *testing.T) {
	t.Parallel()
	report := &rehearsal.Report{OK: true, Dir: "/somewhere"}
	for _, name := range []string{"dev", "prod"} {
		p, err := automation.New(automation.Options{ProjectDir: estatetest.Dir()})
		require.NoError(t, err)
		where, err := placement.Of(t.Context(), p, name)
		require.NoError(t, err)
		report.Environments = append(report.Environments, &rehearsal.EnvironmentReport{Name: name, Placement: where})
	}
	var out bytes.Buffer
	showRehearsal(&terminal{out: &out}, report)
	dev, prod, both := strings.Cut(out.String(), "Where pods of prod can run\n")
	require.True(t, both, out.String())
	assert.Contains(t, dev, "Where pods of dev can run\n")
	assert.Equal(t, []string{"no", "yes", "yes"}, lastCells(t, dev, "system add-ons", 3))
	assert.Equal(t, []string{"yes", "yes", "yes"}, lastCells(t, dev, "daemon sets", 3))
	assert.Equal(t, []string{"yes", "yes"}, lastCells(t, prod, "system add-ons", 2))
	assert.NotContains(t, out.String(), "(1)", "the short table gives no reasons")

	raw, err := json.Marshal(report)
	require.NoError(t, err)
	var document struct {
		Environments []struct {
			Placement struct{ Workloads []struct{ Name string } }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	require.Len(t, document.Environments, 2)
	assert.NotEmpty(t, document.Environments[0].Placement.Workloads)
}
