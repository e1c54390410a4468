package autoscaling_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/autoscaling"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

func TestAStackFileThatSaysOnlyWhatIsRequiredIsValid(t *testing.T) {
	t.Parallel()
	assert.Empty(t, arguments(t).Problems())
	s, problems := read(t, `{"chartVersion": "9.59.0", "image": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2",
		"scaleDown": {"keepNodesWithSystemPods": false}}`)
	assert.Empty(t, problems)
	assert.False(t, *s.ScaleDown.KeepNodesWithSystemPods)
	assert.Equal(t, "10m", s.ScaleDown.UnneededTime)
}

func TestTheSchemaRefusesWhatItCan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"image": "registry.k8s.io/a/b:v1.35.2"}`:                                                                     "chartVersion: is required",
		`{"chartVersion": "9.59.0"}`:                                                                                   "image: is required",
		`{"chartVersion": "9.59.0", "image": "r.io/a:v1.35.2", "expander": "cheapest"}`:                                "expander: must be one of",
		`{"chartVersion": "9.59.0", "image": "r.io/a:v1.35.2", "maxNodeProvisionTime": "15 min"}`:                      "maxNodeProvisionTime: must be a duration",
		`{"chartVersion": "9.59.0", "image": "r.io/a:v1.35.2", "expanderPriorities": [{"priority": 0, "groups": []}]}`: "expanderPriorities[0]",
	} {
		_, problems := read(t, text)
		require.ErrorContains(t, problems.Err(), want)
	}
}

func TestEachProblemIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	preferred := []autoscaling.Priority{{Priority: 1, Groups: []string{".*"}}}
	for _, c := range []struct {
		name   string
		change func(*autoscaling.Args)
		want   string
	}{
		{"range as version", func(a *autoscaling.Args) { a.ChartVersion = "9.x" }, "chartVersion: must be an exact chart version"},
		{"other minor", func(a *autoscaling.Args) { a.ClusterVersion = "1.36" }, "image: must match the cluster's Kubernetes minor, v1.36, got v1.35.2"},
		{"similar minor", func(a *autoscaling.Args) { a.ClusterVersion = "1.3" }, "image: must match the cluster's Kubernetes minor, v1.3, got v1.35.2"},
		{"tag without version", func(a *autoscaling.Args) { a.Image = "registry.k8s.io/autoscaling/cluster-autoscaler:stable" }, "image: must have the autoscaler's version as its tag, such as v1.35.1, got \"stable\""},
		{"image without registry", func(a *autoscaling.Args) { a.Image = "cluster-autoscaler:v1.35.2" }, "image: \"cluster-autoscaler:v1.35.2\" names no registry"},
		{"expander", func(a *autoscaling.Args) { a.Expander = "price" }, "expander: must be one of least-waste, most-pods, least-nodes, priority, random, got \"price\""},
		{"no priorities", func(a *autoscaling.Args) { a.Expander = autoscaling.ByPriority }, "expanderPriorities: is required with expander priority"},
		{"needless priorities", func(a *autoscaling.Args) { a.ExpanderPriorities = preferred }, "expanderPriorities: has no effect with expander least-waste"},
		{"rank of nothing", func(a *autoscaling.Args) {
			a.Expander, a.ExpanderPriorities = autoscaling.ByPriority, []autoscaling.Priority{{Priority: 0, Groups: []string{"a"}}}
		}, "expanderPriorities[0].priority: must be at least 1, got 0"},
		{"rank twice", func(a *autoscaling.Args) {
			a.Expander, a.ExpanderPriorities = autoscaling.ByPriority, append(preferred, preferred...)
		}, "expanderPriorities[1].priority: 1 is already the rank of expanderPriorities[0]"},
		{"no groups", func(a *autoscaling.Args) {
			a.Expander, a.ExpanderPriorities = autoscaling.ByPriority, []autoscaling.Priority{{Priority: 1}}
		}, "expanderPriorities[0].groups: is required"},
		{"no expression", func(a *autoscaling.Args) {
			a.Expander, a.ExpanderPriorities = autoscaling.ByPriority, []autoscaling.Priority{{Priority: 1, Groups: []string{"a", "*spot"}}}
		}, "expanderPriorities[0].groups[1]: must be a regular expression"},
		{"provision time", func(a *autoscaling.Args) { a.MaxNodeProvisionTime = "0m" }, "maxNodeProvisionTime: must be a duration such as 10m or 1m30s, got \"0m\""},
		{"unneeded time", func(a *autoscaling.Args) { a.ScaleDown.UnneededTime = "10" }, "scaleDown.unneededTime: must be a duration"},
		{"delay", func(a *autoscaling.Args) { a.ScaleDown.DelayAfterAdd = "soon" }, "scaleDown.delayAfterAdd: must be a duration"},
		{"too much utilization", func(a *autoscaling.Args) { a.ScaleDown.UtilizationPercent = 101 }, "scaleDown.utilizationPercent: must be at most 100, got 101"},
		{"cpu", func(a *autoscaling.Args) { a.Resources.CPU = "one" }, "resources.cpu: must be a quantity"},
		{"memory", func(a *autoscaling.Args) { a.Resources.Memory = "600MB" }, "resources.memory: must be a quantity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := arguments(t)
			c.change(args)
			problems := args.Problems()
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0].Error(), c.want)
		})
	}
}

func TestAMirroredImageWithADigestIsHeldAgainstTheMinorToo(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.Image = "mirror.example.com/cluster-autoscaler:1.35.2-build.4@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	assert.Empty(t, args.Problems())
	args.ClusterVersion = "1.34"
	assert.Len(t, args.Problems(), 1)
}

func TestNothingIsRegisteredWhenSettingsAreWrong(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.ChartVersion, args.Expander = "", "price"
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error { return stack(ctx, args) })
	require.ErrorContains(t, err, "chartVersion: is required")
	require.ErrorContains(t, err, "expander: must be one of")
	assert.Empty(t, regs.WithTypePrefix("eks-platform:"))
	assert.Empty(t, regs.ByType(roleType))
}

func TestForgottenArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	settings := arguments(t).Settings
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := autoscaling.New(ctx, "nonprod", &autoscaling.Args{Settings: settings})
		return err
	})
	for _, field := range []string{"Region", "AccountID", "ClusterName", "ClusterNameOutput", "ClusterVersion"} {
		require.ErrorContains(t, err, "field "+field+" of Args is required")
	}
}
