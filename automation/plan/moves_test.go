package plan

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// change is the event of one step of a preview.
func change(op apitype.OpType, typ, name string, old, now map[string]any) apitype.StepEventMetadata {
	state := func(inputs map[string]any) *apitype.StepEventStateMetadata {
		if inputs == nil {
			return nil
		}
		return &apitype.StepEventStateMetadata{Inputs: inputs, Provider: "urn:pulumi:dev::p::pulumi:providers:x::main::" + name}
	}
	return apitype.StepEventMetadata{
		Op: op, Type: typ, URN: "urn:pulumi:dev::p::" + typ + "::" + name, Old: state(old), New: state(now),
	}
}

// previewed is the result of a preview of these steps.
func previewed(op Operation, steps ...apitype.StepEventMetadata) *Result {
	c := NewCollector(op, "dev", nil)
	for _, m := range steps {
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m, Planning: true}}})
	}
	c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{Result: apitype.OperationResultSucceeded}}})
	return c.Result()
}

func TestWhatOneResourceTakesFromAnotherIsRefusedInThePreview(t *testing.T) {
	t.Parallel()
	const entry, object = "aws:eks/accessEntry:AccessEntry", "kubernetes:core/v1:Namespace"
	principal := func(cluster, role string) map[string]any {
		return map[string]any{"clusterName": cluster, "principalArn": "arn:aws:iam::111111111111:role/" + role}
	}
	named := func(name string) map[string]any { return map[string]any{"metadata": map[string]any{"name": name}} }
	for _, c := range []struct {
		name  string
		steps []apitype.StepEventMetadata
		moved int
	}{
		{"a principal", []apitype.StepEventMetadata{
			change(apitype.OpCreate, entry, "tenancy-developer", nil, principal("nonprod", "developer")),
			change(apitype.OpDelete, entry, "access-developer", principal("nonprod", "developer"), nil),
		}, 1},
		{"a principal that a replacement takes", []apitype.StepEventMetadata{
			change(apitype.OpReplace, entry, "access-a", principal("nonprod", "other"), principal("nonprod", "developer")),
			change(apitype.OpDelete, entry, "access-b", principal("nonprod", "developer"), nil),
		}, 1},
		{"a principal that a replacement leaves", []apitype.StepEventMetadata{
			change(apitype.OpCreate, entry, "access-b", nil, principal("nonprod", "developer")),
			change(apitype.OpReplace, entry, "access-a", principal("nonprod", "developer"), principal("nonprod", "other")),
		}, 1},
		{"principals that two replacements exchange", []apitype.StepEventMetadata{
			change(apitype.OpReplace, entry, "access-a", principal("nonprod", "x"), principal("nonprod", "y")),
			change(apitype.OpReplace, entry, "access-b", principal("nonprod", "y"), principal("nonprod", "x")),
		}, 2},
		{"a name in the cluster", []apitype.StepEventMetadata{
			change(apitype.OpCreate, object, "b", nil, named("dev-web")),
			change(apitype.OpDelete, object, "a", named("dev-web"), nil),
		}, 1},
		{"two principals", []apitype.StepEventMetadata{
			change(apitype.OpCreate, entry, "a", nil, principal("nonprod", "developer")),
			change(apitype.OpDelete, entry, "b", principal("nonprod", "other"), nil),
		}, 0},
		{"two clusters", []apitype.StepEventMetadata{
			change(apitype.OpCreate, entry, "a", nil, principal("prod", "developer")),
			change(apitype.OpDelete, entry, "b", principal("nonprod", "developer"), nil),
		}, 0},
		{"a cluster that is not known yet", []apitype.StepEventMetadata{
			change(apitype.OpCreate, entry, "a", nil, principal(plugin.UnknownStringValue, "developer")),
			change(apitype.OpDelete, entry, "b", principal("nonprod", "developer"), nil),
		}, 0},
		{"a replacement that keeps its own", []apitype.StepEventMetadata{
			change(apitype.OpReplace, entry, "a", principal("nonprod", "developer"), principal("nonprod", "developer")),
		}, 0},
		{"objects of two kinds", []apitype.StepEventMetadata{
			change(apitype.OpCreate, object, "a", nil, named("x")),
			change(apitype.OpDelete, "kubernetes:core/v1:ServiceAccount", "b", named("x"), nil),
		}, 0},
		{"two clusters of one provider, which is replaced", []apitype.StepEventMetadata{
			change(apitype.OpReplace, "pulumi:providers:x", "main", map[string]any{"clusterIdentifier": "a"}, map[string]any{"clusterIdentifier": "b"}),
			change(apitype.OpCreate, object, "b-web", nil, named("dev-web")),
			change(apitype.OpDelete, object, "a-web", named("dev-web"), nil),
		}, 0},
		{"what has ids alone", []apitype.StepEventMetadata{
			change(apitype.OpCreate, "aws:ec2/eip:Eip", "a", nil, map[string]any{"domain": "vpc"}),
			change(apitype.OpDelete, "aws:ec2/eip:Eip", "b", map[string]any{"domain": "vpc"}, nil),
		}, 0},
	} {
		r := previewed(OpPreview, c.steps...)
		assert.Len(t, r.Moved(), c.moved, c.name)
		assert.ElementsMatch(t, r.Moved(), r.Errors, c.name)
		assert.Equal(t, c.moved == 0, r.Succeeded(), c.name)
		assert.Empty(t, previewed(OpUp, c.steps...).Moved(), "an update says itself what failed")
	}
	r := previewed(OpPreview,
		change(apitype.OpCreate, entry, "tenancy-developer", nil, principal("nonprod", "developer")),
		change(apitype.OpDelete, entry, "access-developer", principal("nonprod", "developer"), nil))
	assert.Equal(t, "aws:eks/accessEntry:AccessEntry tenancy-developer: would be the same in the cloud as access-developer, which this change deletes "+
		"(clusterName: nonprod, principalArn: arn:aws:iam::111111111111:role/developer); Pulumi deletes last, so that the new one is refused, or goes with the "+
		"old one. Do it in two updates: one that takes the old one out of the stack file, and one that adds the new one", r.Moved()[0].String())
}

// idsAlone are the types of the program of which a cloud has any number that are alike.
var idsAlone = []string{
	"aws:cloudwatch/queryDefinition:QueryDefinition", "aws:ec2/eip:Eip", "aws:ec2/routeTable:RouteTable", "aws:ec2/vpc:Vpc",
	"aws:efs/fileSystem:FileSystem", "aws:kms/key:Key",
}

func TestEveryTypeOfTheProgramHasAnIdentityOrNone(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "tests", "testdata", "urns-*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	typ := regexp.MustCompile(`(?m)^urn:pulumi:[^:]+::[^:]+::(?:\S*\$)?((?:aws):\S+?)::`)
	registered := map[string]bool{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range typ.FindAllStringSubmatch(string(raw), -1) {
			registered[m[1]] = true
		}
	}
	require.NotEmpty(t, registered)
	var open []string
	for name := range registered {
		if identities[name] == nil && !slices.Contains(idsAlone, name) {
			open = append(open, name)
		}
	}
	slices.Sort(open)
	assert.Empty(t, open, "say in identities what the cloud tells them apart by, or in idsAlone that it is nothing:\n%s", strings.Join(open, "\n"))
}
