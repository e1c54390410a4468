package placement_test

import (
	"testing"

	awsec2 "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-eks/sdk/v2/go/eks"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
)

// nodes describes a node group in EKS's spelling.
type nodes struct {
	name, capacity, ami string
	types               []string
	labels              map[string]string
	taints              [][3]string
}

var (
	system = nodes{name: "system", capacity: "ON_DEMAND", ami: "AL2023_x86_64_STANDARD"}
	spot   = nodes{
		name: "spot", capacity: "SPOT", ami: "AL2023_x86_64_STANDARD", types: []string{"m5.large", "m6a.large"},
		labels: map[string]string{"lifecycle": "Ec2Spot"}, taints: [][3]string{{"spotInstance", "true", "NO_SCHEDULE"}},
	}
	general = nodes{name: "general", capacity: "ON_DEMAND", ami: "AL2023_ARM_64_STANDARD", types: []string{"m7g.large"}, labels: map[string]string{"lifecycle": "OnDemand"}}
)

type component struct{ pulumi.ResourceState }

// register registers a group as the program does: inside a component that has the environment's name in its own.
func (n nodes) register(ctx *pulumi.Context, environment string) error {
	parent := &component{}
	name := environment + "-" + n.name
	if err := ctx.RegisterComponentResource("eks-platform:nodegroup:Group", name, parent); err != nil {
		return err
	}
	var taints awseks.NodeGroupTaintArray
	for _, t := range n.taints {
		taint := awseks.NodeGroupTaintArgs{Key: pulumi.String(t[0]), Effect: pulumi.String(t[2])}
		if t[1] != "" {
			taint.Value = pulumi.String(t[1])
		}
		taints = append(taints, taint)
	}
	types := n.types
	if len(types) == 0 {
		types = []string{"m6i.large"}
	}
	args := &eks.ManagedNodeGroupArgs{
		Cluster: eks.CoreDataArgs{}, CapacityType: pulumi.String(n.capacity), InstanceTypes: pulumi.ToStringArray(types),
		Labels: pulumi.ToStringMap(n.labels), Taints: taints, SubnetIds: pulumi.ToStringArray([]string{"private-1-id", "private-2-id"}),
	}
	if n.ami != "" {
		args.AmiType = pulumi.String(n.ami)
	}
	_, err := eks.NewManagedNodeGroup(ctx, name+"-nodes", args, pulumi.Parent(parent))
	return err
}

// stack declares an environment: node groups, and whatever else.
func stack(t *testing.T, environment string, groups []nodes, more ...pulumi.RunFunc) declared.Stack {
	t.Helper()
	result, err := declared.Run(func(ctx *pulumi.Context) error {
		for zone, name := range map[string]string{"euw1-az1": "private-1", "euw1-az2": "private-2"} {
			if _, err := awsec2.NewSubnet(ctx, name, &awsec2.SubnetArgs{VpcId: pulumi.String("vpc"), AvailabilityZoneId: pulumi.String(zone)}); err != nil {
				return err
			}
		}
		for _, g := range groups {
			if err := g.register(ctx, environment); err != nil {
				return err
			}
		}
		for _, f := range more {
			if err := f(ctx); err != nil {
				return err
			}
		}
		return nil
	}, declared.Options{Stack: environment})
	require.NoError(t, err)
	return declared.Stack{Name: environment, Environment: environment, Registrations: result.Registrations}
}

// namespace declares a namespace with labels.
func namespace(name string, labels map[string]string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := corev1.NewNamespace(ctx, name+"-namespace", &corev1.NamespaceArgs{
			Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: pulumi.ToStringMap(labels)},
		})
		return err
	}
}

func place(t *testing.T, environment string, stacks ...declared.Stack) *placement.Report {
	t.Helper()
	report, err := placement.Place(stacks, environment)
	require.NoError(t, err)
	return report
}

// find returns the placement of a workload.
func find(t *testing.T, r *placement.Report, name string) placement.Placement {
	t.Helper()
	for _, p := range r.Workloads {
		if p.String() == name {
			return p
		}
	}
	require.Fail(t, "there is no workload "+name, "%v", r.Workloads)
	return placement.Placement{}
}

// homes returns the groups on which a workload may run.
func homes(p placement.Placement) []string {
	var out []string
	for _, f := range p.Groups {
		if f.Fits {
			out = append(out, f.Environment+"/"+f.Group)
		}
	}
	return out
}

// why returns why a workload may not run on a group.
func why(p placement.Placement, group string) []string {
	for _, f := range p.Groups {
		if f.Environment+"/"+f.Group == group {
			return f.Why
		}
	}
	return []string{"there is no group " + group}
}

func environmentLabels(environment, tenant string, bound bool) map[string]string {
	out := map[string]string{convention.Environment: environment}
	if tenant != "" {
		out[convention.Tenant] = tenant
	}
	if bound {
		out[convention.Capacity] = convention.Spot
	}
	return out
}

func TestADevPodFitsOnlySpotGroupsAndAStgPodNeverDoes(t *testing.T) {
	t.Parallel()
	dev := stack(t, "dev", []nodes{system, spot},
		namespace("dev", environmentLabels("dev", "", true)), namespace("shop", environmentLabels("dev", "shop", true)))
	stg := stack(t, "stg", []nodes{general},
		namespace("stg", environmentLabels("stg", "", false)), namespace("shop-stg", environmentLabels("stg", "shop", false)))

	report := place(t, "dev", dev, stg)
	require.Len(t, report.Groups, 3)
	require.Len(t, report.Workloads, 2, "pods of stg are not dev's")
	assert.Empty(t, report.Problems)
	pod := find(t, report, "dev/any pod")
	assert.Equal(t, placement.EnvironmentPod, pod.Class)
	assert.True(t, pod.SpotBound)
	assert.Equal(t, "dev: kubernetes:core/v1:Namespace dev-namespace", pod.Declared)
	assert.Equal(t, []string{"dev/spot"}, homes(pod))
	assert.Equal(t, []string{"node affinity lifecycle In [Ec2Spot] does not match: the nodes do not have the label lifecycle"}, why(pod, "dev/system"))
	assert.Equal(t, []string{"node affinity lifecycle In [Ec2Spot] does not match: the nodes have lifecycle=OnDemand"}, why(pod, "stg/general"))
	tenant := find(t, report, "shop/any pod")
	assert.Equal(t, placement.TenantPod, tenant.Class)
	assert.Equal(t, []string{"dev/spot"}, homes(tenant))

	report = place(t, "stg", dev, stg)
	assert.Empty(t, report.Problems)
	for _, name := range []string{"stg/any pod", "shop-stg/any pod"} {
		pod := find(t, report, name)
		assert.Equal(t, []string{"dev/system", "stg/general"}, homes(pod))
		assert.Equal(t, []string{"has the taint spotInstance=true:NoSchedule, which the pod does not tolerate"}, why(pod, "dev/spot"))
	}
	assert.Equal(t, placement.TenantPod, find(t, report, "shop-stg/any pod").Class)
}

// Pods ask for what their group's instance types must have, whoever adds the request to them.
func TestAPodThatNeedsWhatATypeLacksDoesNotFitIt(t *testing.T) {
	t.Parallel()
	burstable := nodes{name: "burstable", capacity: "ON_DEMAND", ami: "AL2023_x86_64_STANDARD", types: []string{"t3.large"}}
	gpu := nodes{name: "gpu", capacity: "ON_DEMAND", ami: "BOTTLEROCKET_x86_64_NVIDIA", types: []string{"g6.xlarge"}}
	cni := func(ctx *pulumi.Context) error {
		_, err := awseks.NewAddon(ctx, "cni", &awseks.AddonArgs{
			ClusterName: pulumi.String("c"), AddonName: pulumi.String("vpc-cni"),
			ConfigurationValues: pulumi.String(`{"env":{"ENABLE_POD_ENI":"true"}}`),
		})
		return err
	}
	policy := func(namespace string, spec pulumi.Map) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := apiextensions.NewCustomResource(ctx, namespace, &apiextensions.CustomResourceArgs{
				ApiVersion: pulumi.String("vpcresources.k8s.aws/v1beta1"), Kind: pulumi.String("SecurityGroupPolicy"),
				Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("pods"), Namespace: pulumi.String(namespace)}, OtherFields: map[string]any{"spec": spec},
			})
			return err
		}
	}
	learner := func(ctx *pulumi.Context) error {
		_, err := corev1.NewPod(ctx, "learner", &corev1.PodArgs{
			Metadata: metav1.ObjectMetaArgs{Name: pulumi.String("learner"), Namespace: pulumi.String("dev-all")},
			Spec: corev1.PodSpecArgs{Containers: corev1.ContainerArray{corev1.ContainerArgs{
				Name: pulumi.String("main"), Image: pulumi.String("busybox:1.37.0"),
				Resources: corev1.ResourceRequirementsArgs{Limits: pulumi.StringMap{"nvidia.com/gpu": pulumi.String("1")}},
			}}},
		})
		return err
	}
	r := place(t, "dev", stack(t, "dev", []nodes{system, burstable, gpu}, cni, learner,
		namespace("dev-all", environmentLabels("dev", "a", false)), policy("dev-all", pulumi.Map{"podSelector": pulumi.Map{}}),
		namespace("dev-some", environmentLabels("dev", "b", false)),
		policy("dev-some", pulumi.Map{"podSelector": pulumi.Map{"matchLabels": pulumi.Map{"db": pulumi.String("true")}}}),
	))
	apart := []string{"dev/gpu", "dev/system"}
	assert.Equal(t, apart, homes(find(t, r, "dev-all/any pod")))
	assert.Equal(t, apart, homes(find(t, r, "dev-some/any pod with a security group")))
	assert.Len(t, homes(find(t, r, "dev-some/any pod")), 3)
	assert.Equal(t, []string{"dev/gpu"}, homes(find(t, r, "dev-all/learner")))
	assert.Contains(t, why(find(t, r, "dev-all/any pod"), "dev/burstable")[0], "vpc.amazonaws.com/pod-eni")

	r = place(t, "dev", stack(t, "dev", []nodes{system}, namespace("dev-all", environmentLabels("dev", "a", false)), policy("dev-all", pulumi.Map{})))
	assert.NotEmpty(t, r.Problems, "without the plugin's setting no node has a trunk")
}

func TestOnlyTaintsThatTheSchedulerMindsKeepPodsOff(t *testing.T) {
	t.Parallel()
	with := func(name, effect string) nodes {
		n := general
		n.name, n.taints = name, [][3]string{{"team", "", effect}}
		return n
	}
	dev := stack(t, "dev", []nodes{with("no", "NO_SCHEDULE"), with("evict", "NO_EXECUTE"), with("rather", "PREFER_NO_SCHEDULE")},
		namespace("dev", environmentLabels("dev", "", false)))
	pod := find(t, place(t, "dev", dev), "dev/any pod")
	assert.Equal(t, []string{"dev/rather"}, homes(pod))
	assert.Equal(t, []string{"has the taint team:NoSchedule, which the pod does not tolerate"}, why(pod, "dev/no"))
	assert.Equal(t, []string{"has the taint team:NoExecute, which the pod does not tolerate"}, why(pod, "dev/evict"))

	_, err := placement.Place([]declared.Stack{stack(t, "dev", []nodes{with("odd", "NEVER")})}, "dev")
	assert.ErrorContains(t, err, `node group dev-odd-nodes of dev: the taint team has the effect "NEVER"`)
}

func TestGroupsAreDescribedAsTheStackFileHasThem(t *testing.T) {
	t.Parallel()
	report := place(t, "dev", stack(t, "dev", []nodes{spot, system}), stack(t, "stg", []nodes{general}))
	require.Len(t, report.Groups, 3)
	var names []string
	for _, g := range report.Groups {
		names = append(names, g.String())
	}
	assert.Equal(t, []string{"dev/spot", "dev/system", "stg/general"}, names)
	assert.Equal(t, placement.Spot, report.Groups[0].Capacity)
	assert.Equal(t, []string{"spotInstance=true:NoSchedule"}, report.Groups[0].Taints)
	assert.Equal(t, map[string]string{"lifecycle": "Ec2Spot"}, report.Groups[0].Labels)
	assert.Equal(t, placement.OnDemand, report.Groups[1].Capacity)
}
