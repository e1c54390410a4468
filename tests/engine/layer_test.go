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

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/stacks"
)

// The life of what is inside the cluster that dev and stg share, each step of which needs the one before.
func TestTheInsideOfASharedClusterComesAndGoes(t *testing.T) {
	t.Parallel()
	e := open(t, nil, rehearsal.Options{})
	for _, step := range []struct {
		name string
		run  func(t *testing.T, e *estate)
	}{
		{"the AWS side of dev is built first", buildsAWSFirst},
		{"the rest waits for a way to the cluster", needsAWay},
		{"the rest is made, and nothing else", makesTheRest},
		{"what is in dev's own cluster is deleted with it", goesWithItsCluster},
		{"stg adds its own to the same cluster", joinsIt},
		{"the cluster keeps dev's and stg's pods apart", separates},
		{"a tenant brings its own objects", addTenant},
		{"a tenant takes its own objects along", removeTenant},
		{"stg goes, and dev stays as it is", leavesIt},
		{"dev goes with everything in the cluster", goes},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, e.with(t, nil)) }) {
			t.FailNow()
		}
	}
}

// within returns what is in the clusters of the cloud, as JSON, by type and ID.
func (e *estate) within() map[string]string {
	e.t.Helper()
	out := map[string]string{}
	for _, o := range e.objects() {
		if strings.HasPrefix(o.Type, "kubernetes:") {
			raw, err := json.Marshal(o.Attributes)
			require.NoError(e.t, err)
			out[o.Type+" "+o.ID] = string(raw)
		}
	}
	return out
}

// asked counts what the cloud was asked to do with the objects of clusters.
func (e *estate) asked(stack string, kind rehearsal.Kind) int {
	n := 0
	for _, op := range e.cloud.Cloud().Timeline() {
		if op.Kind == kind && strings.HasPrefix(op.Type, "kubernetes:") && strings.HasPrefix(op.URN, "urn:pulumi:"+stack+"::") {
			n++
		}
	}
	return n
}

// inside reports whether a URN is below the one component of what is inside the cluster.
func inside(urn string) bool { return strings.Contains(urn, stacks.InClusterType+"$") }

func buildsAWSFirst(t *testing.T, e *estate) {
	r := e.up("dev", automation.UpOptions{AWSOnly: true})
	assert.Empty(t, e.within())
	assert.Zero(t, e.asked("dev", rehearsal.Create), "nobody asked the cluster for anything")
	made := map[string]bool{}
	for _, s := range r.Steps {
		made[s.URN] = true
	}
	cluster, err := declared.Cluster(stacks.Program, e.dir, "dev", nil)
	require.NoError(t, err)
	for _, r := range cluster[0].Registrations {
		if !inside(r.URN) {
			assert.True(t, made[r.URN], "%s is not made, and needs no way to the cluster", r.URN)
		}
	}
}

// endpoint returns where the shared cluster answers.
func (e *estate) endpoint() string {
	e.t.Helper()
	text, _ := e.object(nonprod, clusterType, "nonprod").Attributes["endpoint"].(string)
	require.NotEmpty(e.t, text)
	return text
}

// move lets the shared cluster answer elsewhere: at another address than everybody knows, nobody reaches it.
func (e *estate) move(endpoint string) {
	e.t.Helper()
	e.changeBehind(e.object(nonprod, clusterType, "nonprod"), func(a cloud.Attributes) { a["endpoint"] = endpoint })
}

const away = "https://away.gr7.eu-west-1.eks.amazonaws.com"

func needsAWay(t *testing.T, e *estate) {
	known := e.endpoint()
	e.move(away)
	defer e.move(known)
	const unreachable = "configured Kubernetes cluster is unreachable"
	plan := e.preview("dev", automation.PreviewOptions{})
	assert.NotEmpty(t, plan.Steps, "a preview goes on")
	require.NotEmpty(t, plan.Warnings)
	assert.Contains(t, plan.Warnings[0].Message, unreachable)
	assert.Contains(t, plan.Warnings[0].Message, known, "it says which")

	before := len(e.objects())
	_, err := e.platform().Up(t.Context(), "dev", automation.UpOptions{})
	require.ErrorIs(t, err, automation.ErrProvider)
	assert.ErrorContains(t, err, unreachable)
	assert.ErrorContains(t, err, known)
	assert.NotContains(t, err.Error(), "goroutine")
	assert.Len(t, e.objects(), before)
	left := e.up("dev", automation.UpOptions{AWSOnly: true})
	assert.True(t, left.Empty(), "the AWS side stands, and asks for no way: %v", left.Steps)
	assert.False(t, left.Pending)
}

func makesTheRest(t *testing.T, e *estate) {
	r := e.up("dev", automation.UpOptions{})
	for _, s := range r.Steps {
		assert.Equal(t, "create", s.Op, s.URN)
		assert.True(t, inside(s.URN), s.URN)
	}
	assert.NotEmpty(t, e.within())
	again := e.preview("dev", automation.PreviewOptions{Refresh: true})
	assert.True(t, again.Empty(), "%v %v", again.Steps, again.Drift)
}

// kept is what the state of a stack says of a resource.
type kept struct {
	URN, Type, DeletedWith string
	Outputs                struct { // of the stack itself
		Contract struct {
			Cluster struct{ ARN, Kubeconfig string }
		}
	}
}

// state returns what the engine has kept of a stack.
func (e *estate) state(stack string) []kept {
	e.t.Helper()
	raw, err := os.ReadFile(filepath.Join(e.cloud.Dir(), "state", ".pulumi", "stacks", "eks-platform", stack+".json"))
	require.NoError(e.t, err)
	var file struct {
		Checkpoint struct{ Latest struct{ Resources []kept } }
	}
	require.NoError(e.t, json.Unmarshal(raw, &file))
	require.NotEmpty(e.t, file.Checkpoint.Latest.Resources)
	return file.Checkpoint.Latest.Resources
}

// deletedWith returns what the objects of a stack in its cluster are deleted with, one entry for each.
func (e *estate) deletedWith(stack string) []string {
	var out []string
	for _, r := range e.state(stack) {
		if strings.HasPrefix(r.Type, "kubernetes:") {
			out = append(out, r.DeletedWith)
		}
	}
	require.NotEmpty(e.t, out)
	return out
}

func goesWithItsCluster(t *testing.T, e *estate) {
	at := slices.IndexFunc(e.state("dev"), func(r kept) bool { return r.Type == clusterType })
	cluster := e.state("dev")[at].URN
	for _, with := range e.deletedWith("dev") {
		assert.Equal(t, cluster, with)
	}
}

func joinsIt(t *testing.T, e *estate) {
	devs := e.within()
	r := e.up("stg", automation.UpOptions{})
	assert.Equal(t, []string{"create"}, ops(r.Changes), "%v", r.Changes)
	both := e.within()
	for id, text := range devs {
		assert.Equal(t, text, both[id], "stg changes nothing of dev's: %s", id)
		delete(both, id)
	}
	assert.NotEmpty(t, both)
	for id := range both {
		assert.Regexp(t, ` nonprod/stg[-/a-z]*`, id, "it is stg's, in dev's cluster")
	}
	for _, with := range e.deletedWith("stg") {
		assert.Empty(t, with, "the cluster stays when stg goes: its objects are deleted one by one")
	}
}

func leavesIt(t *testing.T, e *estate) {
	devs := e.within()
	for id := range devs {
		if strings.Contains(id, "nonprod/stg") {
			delete(devs, id)
		}
	}
	e.destroy("stg")
	assert.Equal(t, devs, e.within())
	assert.NotZero(t, e.asked("stg", rehearsal.Delete))
	for _, o := range e.objects() {
		tags, _ := o.Attributes["tags"].(attributes)
		assert.NotEqual(t, "stg", tags["environment"], "%s %s", o.Type, o.ID)
	}
	assert.True(t, e.preview("dev", automation.PreviewOptions{Refresh: true}).Empty())
}

func goes(t *testing.T, e *estate) {
	e.destroy("dev")
	assert.Empty(t, e.objects())
	assert.Zero(t, e.asked("dev", rehearsal.Delete), "nobody asked a cluster that is on its way out")
}
