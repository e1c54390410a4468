package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// The life of the frozen estate's three environments, each step of which needs the one before.
func TestTheEnvironmentsComeUpAndGo(t *testing.T) {
	t.Parallel()
	nothing := open(t, nil, rehearsal.Options{})
	frozen := frozenStands(t)
	e := frozen.copied(t, nil)
	for _, step := range []struct {
		name string
		run  func(t *testing.T, e *estate)
	}{
		{"stg does not come up before dev", func(t *testing.T, _ *estate) { stgBeforeDev(t, nothing.with(t, nil)) }},
		{"a preview of a fresh environment creates everything", func(t *testing.T, _ *estate) { freshPreviews(t, nothing.with(t, nil)) }},
		{"a preview of what joins creates its own", func(t *testing.T, _ *estate) { goldenPlan(t, frozen.joins, "stg") }},
		{"dev came up", func(t *testing.T, e *estate) { cameUp(t, e, "dev", frozen.results["dev"]) }},
		{"stg came up", func(t *testing.T, e *estate) { cameUp(t, e, "stg", frozen.results["stg"]) }},
		{"prod came up", func(t *testing.T, e *estate) { cameUp(t, e, "prod", frozen.results["prod"]) }},
		{"the cloud was asked in the right order", func(t *testing.T, _ *estate) { upInOrder(t, frozen.timeline) }},
		{"what stands is as the stack files say", standing},
		{"an owner publishes its contract and no secret", publishes},
		{"a CIDR change is refused, and says what it would replace", changeProtectedCIDR},
		{"dev is not destroyed under stg", destroyUnderStg},
		{"protected resources are not destroyed by mistake", destroyProtected},
		{"the cloud refuses what passes the gate", destroyPastTheGate},
		{"what the state has forgotten is removed by hand", removeForgotten},
		{"an update of dev corrects what that took away", correct},
		{"stg and then dev are destroyed", func(t *testing.T, e *estate) { e.destroy("stg"); e.destroy("dev") }},
		{"prod is destroyed", func(t *testing.T, e *estate) { e.destroy("prod") }},
		{"they were destroyed in the right order", downInOrder},
		{"nothing is left", func(t *testing.T, e *estate) { assert.Empty(t, e.objects()) }},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, e.with(t, nil)) }) {
			t.FailNow()
		}
	}
}

func stgBeforeDev(t *testing.T, e *estate) {
	_, err := e.platform().Up(t.Context(), "stg", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "stg joins the cluster of dev, which is not up: bring dev up first")
	assert.Empty(t, e.objects())
}

func freshPreviews(t *testing.T, e *estate) {
	for _, stack := range []string{"dev", "prod"} {
		goldenPreview(t, e, stack)
	}
	assert.Empty(t, e.objects(), "a preview makes nothing")
}

// goldenPreview previews an environment that does not exist and compares what it would do with the golden.
func goldenPreview(t *testing.T, e *estate, stack string) {
	t.Helper()
	goldenPlan(t, planOf(t, e, stack), stack)
}

// goldenPlan compares the plan of an environment that does not exist with the golden.
func goldenPlan(t *testing.T, lines []string, stack string) {
	t.Helper()
	golden(t, lines, "preview-"+stack+".txt")
	for _, line := range lines {
		assert.Regexp(t, "^(create|read) ", line)
	}
}

// comesUp brings an environment up and finds nothing to do afterwards, whether the cloud is looked at or not.
func comesUp(t *testing.T, e *estate, stack string) {
	t.Helper()
	cameUp(t, e, stack, e.up(stack, automation.UpOptions{}))
}

// cameUp holds the update that created an environment, and what is to be done after it, to what comesUp says.
func cameUp(t *testing.T, e *estate, stack string, r *plan.Result) {
	t.Helper()
	assert.Equal(t, []string{"create"}, ops(r.Changes), "%v", r.Changes)
	assert.Empty(t, r.Warnings)
	for _, refresh := range []bool{false, true} {
		again := e.preview(stack, automation.PreviewOptions{Refresh: refresh})
		assert.True(t, again.Empty(), "refresh %v: %v %v", refresh, again.Steps, again.Drift)
		assert.Equal(t, r.Count("create"), again.Count("same"))
	}
}

func publishes(t *testing.T, e *estate) {
	for stack, account := range map[string]string{"dev": nonprod.Account, "prod": prod.Account} {
		out, err := e.platform().Outputs(t.Context(), stack)
		require.NoError(t, err)
		raw, err := json.Marshal(out)
		require.NoError(t, err)
		assert.NotContains(t, string(raw), "[secret]")
		var published struct {
			Contract struct {
				Version   int
				AccountID string
				Cluster   struct{ Kubeconfig string }
				Network   struct{ PrivateSubnetIDs map[string]string }
			}
			Environment struct {
				Version                                     int
				Name, Cluster, NodeRoleARN, LogGroupName    string
				Namespaces                                  []string
				ServiceAccountRoleARNs, PodSecurityGroupIDs map[string]string
			}
		}
		require.NoError(t, json.Unmarshal(raw, &published))
		c := published.Contract
		assert.Len(t, out, 2)
		assert.Equal(t, contract.Version, c.Version)
		assert.Equal(t, account, c.AccountID)
		assert.Len(t, c.Network.PrivateSubnetIDs, 3)
		environment := published.Environment
		assert.Equal(t, contract.EnvironmentVersion, environment.Version)
		assert.Equal(t, stack, environment.Name)
		assert.Contains(t, environment.NodeRoleARN, ":role/"+stack+"-node")
		assert.Equal(t, "/eks-platform/"+environment.Cluster+"/environments/"+stack, environment.LogGroupName)
		assert.Contains(t, environment.Namespaces, stack+"-payments")
		assert.Contains(t, environment.ServiceAccountRoleARNs[stack+"-payments.api"], ":role/")
		if stack == "prod" {
			assert.Contains(t, environment.PodSecurityGroupIDs["payments"], "sg-")
		}

		// A kubeconfig holds no credentials when the caller's own are asked for at each call.
		var config struct {
			Users []struct{ User map[string]any }
		}
		require.NoError(t, yaml.Unmarshal([]byte(c.Cluster.Kubeconfig), &config))
		require.Len(t, config.Users, 1)
		assert.Len(t, config.Users[0].User, 1)
		assert.Contains(t, config.Users[0].User, "exec")
	}
	// What stg read is what dev wrote.
	group := e.object(nonprod, nodeGroupType, "stg-general-nodes")
	dev := e.object(nonprod, nodeGroupType, "dev-system-nodes")
	assert.Equal(t, dev.Attributes["subnetIds"], group.Attributes["subnetIds"])
	assert.Equal(t, "nonprod", group.Attributes["clusterName"])
}

func changeProtectedCIDR(t *testing.T, e *estate) {
	before := len(e.objects())
	e = e.with(t, edits{"prod": {"cidr: 10.32.0.0/16", "cidr: 10.33.0.0/16"}})
	planned, err := e.platform().Preview(t.Context(), "prod", automation.PreviewOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "aws:ec2/vpc:Vpc prod-vpc: is protected from deletion, and this change would replace it")
	assert.ErrorContains(t, err, "aws:ec2/subnet:Subnet prod-private-euw1-az3: is protected")
	assert.NotContains(t, err.Error(), "urn:pulumi")
	vpc := planned.Steps[slices.IndexFunc(planned.Steps, func(s plan.Step) bool { return s.Name == "prod-vpc" })]
	assert.Equal(t, "replace", vpc.Op)
	assert.Equal(t, []string{"cidrBlock"}, vpc.ReplaceKeys)
	assert.True(t, vpc.Protected)

	_, err = e.platform().Up(t.Context(), "prod", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "is protected from deletion, and this change would replace it")
	assert.Len(t, e.objects(), before)
}

func destroyUnderStg(t *testing.T, e *estate) {
	before := len(e.objects())
	_, err := e.platform().Destroy(t.Context(), "dev", automation.DestroyOptions{Unprotect: true})
	require.ErrorIs(t, err, automation.ErrRefused)
	assert.ErrorContains(t, err, "dev owns the cluster that stg (")
	assert.ErrorContains(t, err, "still uses: destroy that first")
	assert.Len(t, e.objects(), before)
}

func destroyProtected(t *testing.T, e *estate) {
	before := len(e.objects())
	_, err := e.platform().Destroy(t.Context(), "prod", automation.DestroyOptions{})
	require.ErrorIs(t, err, automation.ErrRefused)
	for _, name := range []string{
		"aws:eks/cluster:Cluster prod-cluster", "aws:kms/key:Key prod-secrets", "aws:ec2/vpc:Vpc prod-vpc",
		"aws:ec2/subnet:Subnet prod-private-euw1-az1", "aws:cloudwatch/logGroup:LogGroup prod-control-plane",
	} {
		assert.ErrorContains(t, err, name)
	}
	assert.Len(t, e.objects(), before)
}

// destroyPastTheGate destroys dev from a directory that knows nothing of stg, which is all that the gate goes by.
func destroyPastTheGate(t *testing.T, e *estate) {
	e.dir = project(t, nil)
	require.NoError(t, os.Remove(filepath.Join(e.dir, "Pulumi.stg.yaml")))
	_, err := e.platform().Destroy(t.Context(), "dev", automation.DestroyOptions{Unprotect: true})
	require.ErrorIs(t, err, automation.ErrProvider)
	assert.ErrorContains(t, err, "ResourceInUseException")
	assert.NotContains(t, err.Error(), "goroutine")
	e.object(nonprod, clusterType, "nonprod")
	e.object(nonprod, nodeGroupType, "stg-general-nodes")
}

// removeForgotten does what a person must who keeps a cluster after a destroy that stopped before it: the state has
// forgotten what is inside (DeletedWith), and the API server takes nothing twice.
func removeForgotten(t *testing.T, e *estate) {
	_, err := e.platform().Up(t.Context(), "dev", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrProvider)
	assert.ErrorContains(t, err, "already exists")
	removed := 0
	for _, o := range e.objects() {
		metadata, _ := o.Attributes["metadata"].(map[string]any)
		labels, _ := metadata["labels"].(map[string]any)
		release := o.Type == "kubernetes:helm.sh/v3/Release"
		if o.Scope != nonprod || !release && labels["app.kubernetes.io/managed-by"] != "eks-platform" || strings.Contains(o.ID, "stg") {
			continue
		}
		if err := e.cloud.Cloud().Remove(o.Scope, o.Type, o.ID); err == nil { // some went with their namespace
			removed++
		}
	}
	assert.NotZero(t, removed)
}

// correct brings back what dev lost, which is more than dev's own: stg's nodes stand on dev's CNI and routes.
func correct(t *testing.T, e *estate) {
	r := e.up("dev", automation.UpOptions{})
	assert.NotZero(t, r.Count("create"))
	for _, stack := range []string{"dev", "stg"} {
		again := e.preview(stack, automation.PreviewOptions{Refresh: true})
		assert.True(t, again.Empty(), "%s: %v %v", stack, again.Steps, again.Drift)
	}
	// The deletions that the order is judged by are still to come.
	e.cloud.Cloud().ForgetTimeline()
}

// ops lists the operations of a summary.
func ops(changes map[string]int) []string {
	var out []string
	for op, n := range changes {
		if n > 0 && op != "read" {
			out = append(out, op)
		}
	}
	return out
}
