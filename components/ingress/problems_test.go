package ingress_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/ingress"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

func TestAStackFileThatSaysOnlyWhatIsRequiredIsValid(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	assert.Empty(t, args.Problems())
	args.Tags = map[string]string{"team": "a b+c=d/e:f@g", "owner:name": "", "empty": ""}
	args.WAF, args.Shield, args.Cognito = true, true, true
	assert.Empty(t, args.Problems())
}

func TestEachProblemIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*ingress.Args)
		want   string
	}{
		{"range as version", func(a *ingress.Args) { a.ChartVersion = "~3.5" }, "chartVersion: must be an exact chart version"},
		{"image without registry", func(a *ingress.Args) { a.Image = "controller:v3.5.0" }, "image: \"controller:v3.5.0\" names no registry"},
		{"image without version", func(a *ingress.Args) { a.Image = "public.ecr.aws/eks/c" }, "image: \"public.ecr.aws/eks/c\" has no version"},
		{"one replica", func(a *ingress.Args) { a.Replicas = 1 }, "replicas: must be at least 2, got 1"},
		{"many replicas", func(a *ingress.Args) { a.Replicas = 6 }, "replicas: must be at most 5, got 6"},
		{"cpu", func(a *ingress.Args) { a.Resources.CPU = "lots" }, "resources.cpu: must be a quantity such as 250m, 200Mi or 1Gi, got \"lots\""},
		{"memory", func(a *ingress.Args) { a.Resources.Memory = "-1Gi" }, "resources.memory: must be more than zero"},
		{"isolated waf", func(a *ingress.Args) { a.Isolated, a.WAF = true, true }, "waf: must be off in a network without NAT"},
		{"isolated shield", func(a *ingress.Args) { a.Isolated, a.Shield = true, true }, "shield: must be off in a network without NAT"},
		{"isolated cognito", func(a *ingress.Args) { a.Isolated, a.Cognito = true, true }, "cognito: must be off in a network without NAT"},
		{"controller's tag", func(a *ingress.Args) { a.Tags["elbv2.k8s.aws/cluster"] = "x" }, "the stack's tag elbv2.k8s.aws/cluster is reserved for the load balancer controller"},
		{"tag with equals sign", func(a *ingress.Args) { a.Tags["a=b"] = "x" }, "cannot take the stack's tag a=b"},
		{"tag that is yaml", func(a *ingress.Args) { a.Tags["note"] = "owner: me" }, "cannot take the stack's tag note with the value \"owner: me\""},
		{"tag that ends in a colon", func(a *ingress.Args) { a.Tags["note"] = "me:" }, "cannot take the stack's tag note"},
		{"tag with a comma", func(a *ingress.Args) { a.Tags["note"] = "a,b" }, "cannot take the stack's tag note"},
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

func TestNothingIsRegisteredWhenSettingsAreWrong(t *testing.T) {
	t.Parallel()
	args := arguments(t)
	args.ChartVersion, args.Replicas = "", 9
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error { return stack(ctx, args, nil) })
	require.ErrorContains(t, err, "chartVersion: is required")
	require.ErrorContains(t, err, "replicas: must be at most 5")
	assert.Empty(t, regs.WithTypePrefix("eks-platform:"))
	assert.Empty(t, regs.ByType(roleType))
}

func TestForgottenArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	settings := arguments(t).Settings
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := ingress.New(ctx, "nonprod", &ingress.Args{Settings: settings})
		return err
	})
	for _, field := range []string{"Region", "AccountID", "ClusterName", "ClusterNameOutput", "VPCID"} {
		require.ErrorContains(t, err, "field "+field+" of Args is required")
	}
}
