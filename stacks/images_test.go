package stacks_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/estatetest"
	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// pulled collects the images of what a program registers: those of containers, and those of a chart's values, which have
// a repository and perhaps a tag.
func pulled(v any, into *[]string) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["repository"].(string); ok {
			if tag, ok := v["tag"].(string); ok {
				name += ":" + tag
			}
			*into = append(*into, name)
		}
		if name, ok := v["image"].(string); ok {
			*into = append(*into, name)
		}
		for _, child := range v {
			pulled(child, into)
		}
	case []any:
		for _, child := range v {
			pulled(child, into)
		}
	}
}

func TestTheImagesAreThoseThatTheProgramPulls(t *testing.T) {
	t.Parallel()
	// With every registry mirrored, no image can come from a chart's defaults unseen.
	mirrors := map[string]string{}
	for _, registry := range []string{"public.ecr.aws", "registry.k8s.io"} {
		mirrors[registry] = "mirror.example/" + strings.ReplaceAll(registry, ".", "-")
	}
	raw, err := json.Marshal(mirrors)
	require.NoError(t, err)
	for _, stack := range estatetest.Stacks {
		e, err := stacks.LoadEstate(estatetest.Dir())
		require.NoError(t, err)
		config := configOf(t, stack)
		if e.Config(stack).Owner() {
			config["eks-platform:imageRegistries"] = string(raw)
		}
		e.Config(stack).ImageRegistries = mirrors
		var want []string
		for _, i := range e.Images(stack) {
			assert.Contains(t, i.Pulled, "mirror.example/", "%s: %s of %s has no mirror in this test", stack, i.Name, i.Service)
			want = append(want, i.Pulled)
		}
		var got []string
		regs, err := run(t, stack, false, ptest.WithConfig(config))
		require.NoError(t, err)
		for _, r := range regs {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				pulled(r.Inputs.Mappable(), &got)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		assert.Equal(t, slices.Compact(want), slices.Compact(got), stack)
		if stack != "stg" {
			assert.NotEmpty(t, want, stack)
		}
	}
}

func TestTheChartsOfTheServicesAreThoseOfTheFacts(t *testing.T) {
	t.Parallel()
	charts := 0
	for _, s := range stacks.Services {
		if s.Chart.Name != "" {
			charts++
			assert.Equal(t, facts.Charts()[s.Chart.Name].Repository, s.Chart.Repository, s.Name)
		}
	}
	assert.NotZero(t, charts)
}
