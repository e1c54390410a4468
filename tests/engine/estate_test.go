package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// The accounts and the region of the frozen estate's stack files.
var (
	nonprod = cloud.Scope{Account: "111111111111", Region: "eu-west-1"}
	prod    = cloud.Scope{Account: "222222222222", Region: "eu-west-1"}
)

// edits are changes of stack files, by stack: old text and new text in turn.
type edits = estatetest.Edits

// project copies the frozen estate to a directory of the test's own and edits it.
func project(t *testing.T, changes edits) string {
	t.Helper()
	return estatetest.Copy(t, changes)
}

// estate is a rehearsal cloud with the environments on it.
type estate struct {
	t     *testing.T
	dir   string // the stack files
	cloud *simulated
	cli   *pulumicli.Command
}

// open makes an estate in which nothing stands.
func open(t *testing.T, changes edits, o rehearsal.Options) *estate {
	t.Helper()
	return openIn(t, t.TempDir(), changes, o)
}

// openIn makes an estate of a rehearsal's directory. What is killed leaves the state that its last step has written; all
// others write it once, at the end.
func openIn(t *testing.T, dir string, changes edits, o rehearsal.Options) *estate {
	t.Helper()
	cli := clitest.Find(t)
	o.Dir = dir
	c, err := openRehearsal(o)
	require.NoError(t, err)
	if !slices.ContainsFunc(o.Faults, func(f rehearsal.Fault) bool { return f.Kind == rehearsal.FaultKill }) {
		c.WriteStateAtEnd()
	}
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return &estate{t: t, dir: project(t, changes), cloud: c, cli: cli}
}

// with is the estate in a subtest, with other changes of the stack files: what stands stays.
func (e *estate) with(t *testing.T, changes edits) *estate {
	t.Helper()
	other := *e
	other.t = t
	if changes != nil {
		other.dir = project(t, changes)
	}
	return &other
}

func (e *estate) platform() *automation.Platform {
	e.t.Helper()
	p, err := automation.New(automation.Options{ProjectDir: e.dir, Cloud: e.cloud, Command: e.cli})
	require.NoError(e.t, err)
	return p
}

func (e *estate) preview(stack string, o automation.PreviewOptions) *plan.Result {
	e.t.Helper()
	r, err := e.platform().Preview(e.t.Context(), stack, o)
	require.NoError(e.t, err)
	return r
}

func (e *estate) up(stack string, o automation.UpOptions) *plan.Result {
	e.t.Helper()
	r, err := e.platform().Up(e.t.Context(), stack, o)
	require.NoError(e.t, err)
	return r
}

func (e *estate) destroy(stack string) *plan.Result {
	e.t.Helper()
	r, err := e.platform().Destroy(e.t.Context(), stack, automation.DestroyOptions{Unprotect: true})
	require.NoError(e.t, err)
	return r
}

// objects returns everything that exists.
func (e *estate) objects() []*cloud.Object {
	e.t.Helper()
	all, err := e.cloud.Cloud().Objects()
	require.NoError(e.t, err)
	return all
}

// object returns the one object of a type and Name tag (or, for what has no tags, of a part of its ID).
func (e *estate) object(scope cloud.Scope, typ, name string) *cloud.Object {
	e.t.Helper()
	var found []*cloud.Object
	for _, o := range e.objects() {
		if o.Scope != scope || o.Type != typ {
			continue
		}
		tags, _ := o.Attributes["tags"].(map[string]any)
		if tags["Name"] == name || strings.Contains(o.ID, name) {
			found = append(found, o)
		}
	}
	require.Len(e.t, found, 1, "%s %s", typ, name)
	return found[0]
}
