package problem_test

import (
	"errors"
	"fmt"
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
