package problem_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/problem"
)

func TestProblemsTakeTheirPlaceBelowAPrefix(t *testing.T) {
	t.Parallel()
	var l problem.List
	l.Add("logs.types", "must not be %s", "empty")
	l.Add("", "is missing")
	l.Add("[2].name", "is taken")
	var paths []string
	for _, p := range l.Under("cluster") {
		paths = append(paths, p.Path)
	}
	assert.Equal(t, []string{"cluster.logs.types", "cluster", "cluster[2].name"}, paths)
	assert.Equal(t, "logs.types", l[0].Path, "the list itself stays as it is")
}

func TestAllProblemsMakeOneErrorInTheOrderOfTheirPaths(t *testing.T) {
	t.Parallel()
	var l problem.List
	require.NoError(t, l.Err())
	l.Add("b", "second")
	l.Add("a", "first")
	err := fmt.Errorf("file: %w", l.Err())
	assert.EqualError(t, err, "file: a: first\nb: second")
	var all *problem.Error
	require.True(t, errors.As(err, &all))
	assert.Len(t, all.Problems, 2)
}

func TestAProblemSaysFileLinePathAndMessage(t *testing.T) {
	t.Parallel()
	p := problem.Problem{Path: "network.cidr", Message: "is required"}
	assert.Equal(t, "network.cidr: is required", p.Error())
	p.File = "Pulumi.dev.yaml"
	assert.Equal(t, "Pulumi.dev.yaml: network.cidr: is required", p.Error())
	p.Line = 7
	assert.Equal(t, "Pulumi.dev.yaml:7: network.cidr: is required", p.Error())
}

func paths(l problem.List) []string {
	out := []string{}
	for _, p := range l {
		out = append(out, p.Path)
	}
	return out
}

func TestWhatFollowsFromAnotherProblemIsLeftOut(t *testing.T) {
	t.Parallel()
	var l problem.List
	l.Relate("desired", []string{"desired", "min", "max"}, "must be between min and max")
	l.Relate("name", []string{"name", "others[0].name"}, "is taken")
	l.Relate("whole", []string{"list"}, "does not fit")
	l.Add("max", "must be at least 1")
	l.Add("max", "must be even")
	l.Add("list[1].size", "must be positive")
	l.Relate("list[1]", []string{"list[1].size"}, "is too small")
	l.Unknown("othrs", "others", "unknown key")
	assert.Equal(t, []string{"max", "list[1].size", "othrs"}, paths(l.Settled()))
}

func TestOneRelationFollowsFromAnotherOfTheSameValue(t *testing.T) {
	t.Parallel()
	var l problem.List
	l.Relate("cidr", []string{"cidr", "zones"}, "is too small")
	l.Relate("cidr", []string{"cidr", "nodeGroups"}, "cannot hold the pods")
	l.Relate("nodeGroups", []string{"nodeGroups[0].taints"}, "all are tainted")
	l.Relate("nodeGroups[0].zones", []string{"nodeGroups[0].zones"}, "is not one of the network's")
	assert.Equal(t, []string{"cidr", "nodeGroups", "nodeGroups[0].zones"}, paths(l.Settled()))
}

func TestARuleMayReadFromTheRootAndFromAnotherConfiguration(t *testing.T) {
	t.Parallel()
	var own, owner problem.List
	own.Relate("release", []string{"release", "$.cluster.version"}, "is of another version")
	own.Relate("labels", []string{"labels"}, "are too many")
	below := own.Under("nodeGroups[0]")
	assert.Len(t, below.Settled(), 2)
	owner.Add("cluster.version", "is not supported")
	assert.Equal(t, []string{"nodeGroups[0].labels"}, paths(below.After(nil, owner)))
	owner.Add("nodeGroups[0].labels", "are none")
	assert.Equal(t, []string{"nodeGroups[0].labels"}, paths(below.After(nil, owner)), "the same path in another file is another value")
	assert.Equal(t, []string{"nodeGroups[0].labels"}, paths(below.After(owner[:1])), "from the root of the same file")
}

func TestLongValuesAreShortened(t *testing.T) {
	t.Parallel()
	var l problem.List
	l.Add("a", "must be short, got %q", strings.Repeat("ü", 1<<20))
	assert.Less(t, len(l[0].Message), 300)
	assert.Contains(t, l[0].Message, "(1048576 characters)")
	for range 1000 {
		l.Add("b", "is wrong")
	}
	assert.Less(t, len(l.Err().Error()), 10_000)
	assert.Contains(t, l.Err().Error(), "and 801 more")
}
