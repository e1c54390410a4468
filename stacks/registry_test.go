package stacks_test

import (
	"maps"
	"os"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	kubecore "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/service"
	"github.com/eks-platform/eks-platform/stacks"
)

// beacon are the settings of a service that the platform does not have.
type beacon struct {
	Image string `json:"image" jsonschema:"required"`
	// Loud has a default.
	Loud *bool `json:"loud,omitempty" jsonschema:"default=true"`
}

// beaconService is all that is needed to have it.
var beaconService = service.Define(service.Definition[beacon]{
	Name: "beacon", By: service.Owner, Package: "stacks",
	Doc:       "Tells of the cluster. Left out, nobody hears of it.",
	Uses:      []string{"secrets"},
	Endpoints: func(*beacon) []string { return []string{"sns"} },
	Chart:     service.Chart{Name: "beacon", Repository: "https://beacon.example"},
	Images:    func(s *beacon) []string { return []string{s.Image} },
	Announce:  func(_ *beacon, c *contract.Cluster) { c.Network.VPCCIDRs = append(c.Network.VPCCIDRs, "192.0.2.0/24") },
	Problems: func(s service.Stack, settings *beacon) problem.List {
		var out problem.List
		if wrong := image.Problem(settings.Image); wrong != "" {
			out.Add("image", "%s, on %s", wrong, s.Cluster.ControlPlane.Name)
		}
		return out
	},
	New: func(ctx *pulumi.Context, name string, s service.Stack, settings *beacon, aws pulumi.ResourceOption) (service.Install, error) {
		c := &struct{ pulumi.ResourceState }{}
		if err := ctx.RegisterComponentResourceV2("eks-platform:beacon:Beacon", name, pulumi.Map{"loud": pulumi.Bool(*settings.Loud)}, c, aws); err != nil {
			return nil, err
		}
		topic, err := sns.NewTopic(ctx, name+"-beacon", &sns.TopicArgs{Tags: pulumi.ToStringMap(s.Tags)}, pulumi.Parent(c))
		if err != nil {
			return nil, err
		}
		return func(ctx *pulumi.Context, in service.Inside) ([]pulumi.Resource, error) {
			_, err := kubecore.NewConfigMap(ctx, name+"-beacon", &kubecore.ConfigMapArgs{
				Data: pulumi.StringMap{"topic": topic.Arn, "vpc": s.Cluster.Network.VPCID},
			}, append(in.Options, pulumi.DependsOn(in.Ready("secrets")))...)
			return nil, err
		}, nil
	},
})

// TestAServiceIsAPackageAndOneEntry registers a made-up service by one entry in a registry, and finds it everywhere.
func TestAServiceIsAPackageAndOneEntry(t *testing.T) {
	config := map[string]map[string]string{}
	for _, stack := range []string{"stg", "prod"} {
		config[stack] = configOf(t, stack)
		config[stack]["eks-platform:beacon"] = `{"image":"beacon.example/beacon:v1.0.0"}`
	}
	t.Chdir("..")
	registry := append(service.Registry{}, stacks.Services...)
	registry = append(registry, beaconService)
	require.NoError(t, registry.Check())
	raw := schemaOf(t, registry)
	with := func(stack string, config map[string]string) (ptest.Registrations, error) {
		return ptest.Run(t, false, stacks.With(registry, raw), ptest.WithStack(stack), ptest.WithConfig(config),
			ptest.WithStackOutputs("organization/eks-platform/dev", published()))
	}

	// The schema for editors, and the documentation.
	file, err := stacks.FileSchema(raw)
	require.NoError(t, err)
	assert.Contains(t, string(file), `"eks-platform:beacon"`)
	reference, err := stacks.ReferenceOf(raw, registry)
	require.NoError(t, err)
	assert.Contains(t, reference, "## beacon\n\nTells of the cluster. Left out, nobody hears of it.\n\n"+
		"Only the stack that owns the cluster sets it. Installs the Helm chart `beacon` from https://beacon.example.\n")
	assert.Contains(t, reference, "| **`image`** | string |")

	// The checks of a stack file.
	_, err = with("stg", config["stg"])
	assert.ErrorContains(t, err, "beacon: ", "only an owner may set it")
	assert.ErrorContains(t, err, "join")
	broken := edited(config["prod"], "eks-platform:beacon", `{"image":"beacon"}`)
	regs, err := with("prod", broken)
	assert.ErrorContains(t, err, "beacon.image: ")
	assert.ErrorContains(t, err, "on prod", "it is held against the cluster")
	assert.Empty(t, regs)
	_, err = with("prod", edited(config["prod"], "eks-platform:beacon", `{"imgae":"beacon"}`))
	assert.ErrorContains(t, err, "beacon.imgae: unknown key; did you mean image?")

	// Registration, endpoints, and what leaves it out.
	regs, err = with("prod", config["prod"])
	require.NoError(t, err)
	outside, ok := regs.Named("eks-platform:beacon:Beacon", "prod")
	require.True(t, ok)
	assert.Equal(t, true, outside.Input("loud"), "its default is filled in")
	topic, ok := regs.Named("aws:sns/topic:Topic", "prod-beacon")
	require.True(t, ok)
	assert.Equal(t, "platform-prod", topic.Input("tags.cost-center"))
	_, ok = regs.Named("aws:ec2/vpcEndpoint:VpcEndpoint", "prod-endpoint-sns")
	assert.True(t, ok, "the network has the endpoint that it calls")
	object, ok := regs.Named("kubernetes:core/v1:ConfigMap", "prod-beacon")
	require.True(t, ok)
	assert.Contains(t, object.URN, stacks.InClusterType+"$", "--aws-only leaves it out")
	assert.NotContains(t, topic.URN, stacks.InClusterType)
	driver, ok := regs.Named("kubernetes:helm.sh/v3:Release", "prod-driver")
	require.True(t, ok)
	assert.True(t, object.DependsOn(driver.URN), "it depends on what it uses")
	assert.Equal(t, "prod-vpc-id", object.Input("data.vpc"), "it knows the cluster")

	// Nothing of it is there without its key.
	delete(config["prod"], "eks-platform:beacon")
	regs, err = with("prod", config["prod"])
	require.NoError(t, err)
	assert.Empty(t, regs.ByType("aws:sns/topic:Topic"))
}

func edited(config map[string]string, key, value string) map[string]string {
	out := maps.Clone(config)
	out[key] = value
	return out
}

func TestTheRegistryIsInOrder(t *testing.T) {
	t.Parallel()
	require.NoError(t, stacks.Services.Check())
	for _, s := range stacks.Services {
		if !s.AlwaysOn {
			_, err := os.Stat("../" + s.Package)
			assert.NoError(t, err, s.Name)
		}
	}
}

func TestARegistryThatCannotWorkIsFound(t *testing.T) {
	t.Parallel()
	err := append(service.Registry{beaconService, beaconService}, stacks.Services...).Check()
	assert.ErrorContains(t, err, "service beacon: uses secrets, which is not listed before it")
	assert.ErrorContains(t, err, "service beacon: is listed twice")
}
