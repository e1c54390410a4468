package secrets_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/secrets"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	releaseType = "kubernetes:helm.sh/v3:Release"
	groupType   = "aws:eks/nodeGroup:NodeGroup"
	classType   = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
)

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (secrets.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&secrets.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s secrets.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T) *secrets.Args {
	t.Helper()
	s, problems := read(t, `{"chartVersion": "3.1.1"}`)
	require.Empty(t, problems)
	return &secrets.Args{Settings: s, Region: "eu-west-1"}
}

type resource struct{ pulumi.CustomResourceState }

// run registers a node group, the driver, and a class that needs it.
func run(t *testing.T, preview bool, args *secrets.Args, opts ...ptest.Option) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
		if err != nil {
			return err
		}
		group, class := &resource{}, &resource{}
		if err := ctx.RegisterResource(groupType, "system", pulumi.Map{}, group); err != nil {
			return err
		}
		args.After = []pulumi.Resource{group}
		s, err := secrets.New(ctx, "nonprod", args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		return ctx.RegisterResource(classType, "web", pulumi.Map{}, class, pulumi.Provider(p), pulumi.DependsOn(s.Ready()))
	}, opts...)
	require.NoError(t, err)
	return regs
}

func driver(t *testing.T, regs ptest.Registrations) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(releaseType, "nonprod-driver")
	require.True(t, ok, "%v", regs.ByType(releaseType).Names())
	return r
}

// known are the keys that the charts have, as far as anything here sets them. Neither chart has a schema: one that is
// misspelt would change nothing, and nobody would notice.
//
// aws/secrets-store-csi-driver-provider-aws, charts/secrets-store-csi-driver-provider-aws/values.yaml, and
// kubernetes-sigs/secrets-store-csi-driver, charts/secrets-store-csi-driver/values.yaml, below its name.
var known = map[string]any{
	"awsRegion": nil, "priorityClassName": nil, "tolerations": nil, "affinity": nil, "resources": nil,
	"image": map[string]any{"repository": nil},
	"secrets-store-csi-driver": map[string]any{
		"enableSecretRotation": nil, "rotationPollInterval": nil,
		"syncSecret": map[string]any{"enabled": nil},
		"linux": map[string]any{
			"priorityClassName": nil, "tolerations": nil, "affinity": nil,
			"driver":             map[string]any{"resources": nil},
			"image":              map[string]any{"repository": nil},
			"crds":               map[string]any{"image": map[string]any{"repository": nil}},
			"registrarImage":     map[string]any{"repository": nil},
			"livenessProbeImage": map[string]any{"repository": nil},
		},
	},
}

// unknown returns the paths of keys that are not known.
func unknown(values, known map[string]any, at string) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		inner, ok := known[key]
		if !ok {
			out = append(out, at+key)
			continue
		}
		nested, _ := values[key].(map[string]any)
		if deeper, _ := inner.(map[string]any); deeper != nil {
			out = append(out, unknown(nested, deeper, at+key+".")...)
		}
	}
	return out
}

// values returns the chart's values, and holds them against the keys that it knows.
func values(t *testing.T, r ptest.Registration) map[string]any {
	t.Helper()
	v, ok := r.Input("values").(map[string]any)
	require.True(t, ok)
	assert.Empty(t, unknown(v, known, ""))
	return v
}

// everything turns all settings on.
func everything(t *testing.T) *secrets.Args {
	t.Helper()
	s, problems := read(t, `{
		"chartVersion": "3.1.1", "rotation": {"interval": "5m"}, "syncSecrets": true,
		"provider": {"cpu": "0.1", "cpuLimit": "1", "memory": "1Gi", "memoryLimit": "2Gi"}, "driver": {"memoryLimit": "300Mi"}
	}`)
	require.Empty(t, problems)
	return &secrets.Args{Settings: s, Region: "eu-west-1", Registries: image.Registries{
		"public.ecr.aws":  "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public",
		"registry.k8s.io": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s",
	}}
}

func TestTheReleaseHangsUnderTheComponentWaitsForNodesAndClassesWaitForIt(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		var opts []ptest.Option
		if !preview {
			opts = append(opts, ptest.InOrder(t, groupType, releaseType)) // the chart's jobs need a node
		}
		regs := run(t, preview, arguments(t), opts...)
		r := driver(t, regs)
		assert.Contains(t, r.Parent, secrets.Type)
		assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes")
		group, ok := regs.Named(groupType, "system")
		require.True(t, ok)
		assert.NotContains(t, regs.WaitsFor(r.URN), group.URN, "it keeps no node group")
		class, ok := regs.Named(classType, "web")
		require.True(t, ok)
		assert.True(t, class.DependsOn(r.URN), "its definition comes with the chart")
	}
}

func TestTheReleaseIsThePinnedChartUnderANameOfItsOwn(t *testing.T) {
	t.Parallel()
	r := driver(t, run(t, true, arguments(t)))
	assert.Equal(t, "secrets-store-csi-driver-provider-aws", r.Input("chart"))
	assert.Equal(t, "https://aws.github.io/secrets-store-csi-driver-provider-aws", r.Input("repositoryOpts.repo"))
	assert.Equal(t, "3.1.1", r.Input("version"))
	assert.Equal(t, "kube-system", r.Input("namespace"))
	name, ok := r.Input("name").(string)
	require.True(t, ok)
	for _, chart := range []string{"secrets-store-csi-driver", "secrets-store-csi-driver-provider-aws"} {
		assert.NotContains(t, name, chart, "a chart whose name is in the release's names its DaemonSet like the release")
	}
}

func TestTheDefaultsRunBothDaemonSetsOnEveryNodeAndCopyNothing(t *testing.T) {
	t.Parallel()
	tolerations := []any{map[string]any{"operator": "Exists"}}
	affinity := map[string]any{"nodeAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{
		"nodeSelectorTerms": []any{map[string]any{"matchExpressions": []any{
			map[string]any{"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": []any{"fargate"}},
		}}},
	}}}
	resources := map[string]any{
		"requests": map[string]any{"cpu": "50m", "memory": "100Mi"}, "limits": map[string]any{"cpu": "200m", "memory": "200Mi"},
	}
	for _, preview := range []bool{false, true} {
		assert.Equal(t, map[string]any{
			"awsRegion": "eu-west-1", "priorityClassName": "system-node-critical",
			"tolerations": tolerations, "affinity": affinity, "resources": resources,
			"secrets-store-csi-driver": map[string]any{
				"linux": map[string]any{
					"priorityClassName": "system-node-critical", "tolerations": tolerations, "affinity": affinity,
					"driver": map[string]any{"resources": resources},
				},
				"syncSecret":           map[string]any{"enabled": false},
				"enableSecretRotation": false,
			},
		}, values(t, driver(t, run(t, preview, arguments(t)))))
	}
}

func TestEverySettingReachesItsKey(t *testing.T) {
	t.Parallel()
	v := values(t, driver(t, run(t, false, everything(t))))
	assert.Equal(t, map[string]any{
		"requests": map[string]any{"cpu": "100m", "memory": "1Gi"}, "limits": map[string]any{"cpu": "1", "memory": "2Gi"},
	}, v["resources"])
	assert.Equal(t, map[string]any{"repository": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public/aws-secrets-manager/secrets-store-csi-driver-provider-aws"}, v["image"])
	sub, ok := v["secrets-store-csi-driver"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, true, sub["enableSecretRotation"])
	assert.Equal(t, "5m", sub["rotationPollInterval"])
	assert.Equal(t, map[string]any{"enabled": true}, sub["syncSecret"])
	linux, ok := sub["linux"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, map[string]any{"resources": map[string]any{
		"requests": map[string]any{"cpu": "50m", "memory": "100Mi"}, "limits": map[string]any{"cpu": "200m", "memory": "300Mi"},
	}}, linux["driver"])
	mirror := func(path string) map[string]any {
		return map[string]any{"repository": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/k8s/" + path}
	}
	assert.Equal(t, mirror("csi-secrets-store/driver"), linux["image"])
	assert.Equal(t, map[string]any{"image": mirror("csi-secrets-store/driver-crds")}, linux["crds"])
	assert.Equal(t, mirror("sig-storage/csi-node-driver-registrar"), linux["registrarImage"])
	assert.Equal(t, mirror("sig-storage/livenessprobe"), linux["livenessProbeImage"])
}

func TestTheTestNoticesAKeyThatNoChartHas(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"secrets-store-csi-driver.linux.toleration", "tolerance"}, unknown(map[string]any{
		"tolerance": nil, "awsRegion": nil,
		"secrets-store-csi-driver": map[string]any{"linux": map[string]any{"toleration": nil, "tolerations": nil}},
	}, known, ""))
}

func TestInvalidArgumentsRegisterNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*secrets.Args)
		want   string
	}{
		{"no version", func(a *secrets.Args) { a.ChartVersion = "" }, "chartVersion: is required"},
		{"no region", func(a *secrets.Args) { a.Region = "" }, "field Region of Args is required"},
		{"no nodes", func(*secrets.Args) {}, "field After of Args is required"},
	} {
		args := arguments(t)
		tc.change(args)
		regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
			_, err := secrets.New(ctx, "nonprod", args)
			return err
		})
		require.ErrorContains(t, err, tc.want, tc.name)
		assert.Empty(t, regs, tc.name)
	}
}
