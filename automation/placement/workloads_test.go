package placement_test

import (
	"testing"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/placement"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/helm"
)

// template is a pod template with a specification.
func template(spec corev1.PodSpecArgs) corev1.PodTemplateSpecArgs {
	spec.Containers = corev1.ContainerArray{corev1.ContainerArgs{Name: pulumi.String("main"), Image: pulumi.String("busybox:1.37.0")}}
	return corev1.PodTemplateSpecArgs{Spec: spec}
}

func meta(namespace, name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Namespace: pulumi.String(namespace), Name: pulumi.String(name)}
}

func onDemand() pulumi.StringMap { return pulumi.ToStringMap(convention.OnDemand()) }

func TestEveryKindOfObjectWithAPodIsPlaced(t *testing.T) {
	t.Parallel()
	selecting := corev1.PodSpecArgs{NodeSelector: onDemand()}
	objects := func(ctx *pulumi.Context) error {
		everywhere := template(corev1.PodSpecArgs{Tolerations: corev1.TolerationArray{corev1.TolerationArgs{Operator: pulumi.String("Exists")}}})
		if _, err := appsv1.NewDaemonSet(ctx, "logs", &appsv1.DaemonSetArgs{
			Metadata: meta("logging", "fluent-bit"), Spec: appsv1.DaemonSetSpecArgs{Template: everywhere},
		}); err != nil {
			return err
		}
		if _, err := appsv1.NewDeployment(ctx, "web", &appsv1.DeploymentArgs{
			Metadata: meta("tools", "web"), Spec: appsv1.DeploymentSpecArgs{Template: template(selecting)},
		}); err != nil {
			return err
		}
		if _, err := appsv1.NewStatefulSet(ctx, "store", &appsv1.StatefulSetArgs{
			Metadata: meta("tools", "store"), Spec: appsv1.StatefulSetSpecArgs{Template: template(selecting)},
		}); err != nil {
			return err
		}
		job := template(selecting)
		if _, err := batchv1.NewJob(ctx, "once", &batchv1.JobArgs{
			Metadata: meta("tools", "once"), Spec: batchv1.JobSpecArgs{Template: job},
		}); err != nil {
			return err
		}
		if _, err := batchv1.NewCronJob(ctx, "nightly", &batchv1.CronJobArgs{
			Metadata: meta("tools", "nightly"),
			Spec:     batchv1.CronJobSpecArgs{JobTemplate: batchv1.JobTemplateSpecArgs{Spec: batchv1.JobSpecArgs{Template: job}}},
		}); err != nil {
			return err
		}
		_, err := corev1.NewPod(ctx, "debug", &corev1.PodArgs{Spec: job.Spec.(corev1.PodSpecArgs)})
		return err
	}
	report := place(t, "stg", stack(t, "dev", []nodes{system, spot}, objects), stack(t, "stg", []nodes{general}))
	assert.Empty(t, report.Problems)
	logs := find(t, report, "logging/fluent-bit")
	assert.Equal(t, placement.DaemonSet, logs.Class)
	assert.Equal(t, []string{"dev/spot", "dev/system", "stg/general"}, homes(logs))
	assert.Equal(t, "dev: kubernetes:apps/v1:DaemonSet logs", logs.Declared)
	for _, name := range []string{"tools/web", "tools/store", "tools/once", "tools/nightly", "default/debug"} {
		p := find(t, report, name)
		assert.Equal(t, placement.SystemAddon, p.Class, name)
		assert.Equal(t, []string{"dev/system", "stg/general"}, homes(p), name)
		assert.Equal(t, []string{
			"has the taint spotInstance=true:NoSchedule, which the pod does not tolerate",
			"node selector eks.amazonaws.com/capacityType=ON_DEMAND does not match: the nodes have eks.amazonaws.com/capacityType=SPOT",
		}, why(p, "dev/spot"), name)
	}
	assert.Equal(t, "logging/fluent-bit", report.Workloads[len(report.Workloads)-1].String(), "daemon sets come last")
}

func TestWhatAPodAsksForIsHeldAgainstTheLabelsThatNodesReallyHave(t *testing.T) {
	t.Parallel()
	two := spot
	two.taints = nil
	two.ami = "" // an image of one's own: the architecture is that of the instance types
	type ask = map[string]string
	for _, c := range []struct {
		name     string
		selector ask
		affinity []corev1.NodeSelectorRequirementArgs
		homes    []string
		group    string
		why      string
	}{
		{"the operating system", ask{"kubernetes.io/os": "linux"}, nil, []string{"dev/general", "dev/spot", "dev/system"}, "", ""},
		{"an architecture", ask{"kubernetes.io/arch": "arm64"}, nil, []string{"dev/general"},
			"dev/spot", "node selector kubernetes.io/arch=arm64 does not match: the nodes have kubernetes.io/arch=amd64"},
		{"one instance type of several", ask{"node.kubernetes.io/instance-type": "m6a.large"}, nil, []string{"dev/spot"},
			"dev/system", "node selector node.kubernetes.io/instance-type=m6a.large does not match: the nodes have node.kubernetes.io/instance-type=m6i.large"},
		{"a zone", ask{"topology.k8s.aws/zone-id": "euw1-az2"}, nil, []string{"dev/general", "dev/spot", "dev/system"}, "", ""},
		{"a zone by its name", ask{"topology.kubernetes.io/zone": declared.ZoneName("euw1-az2")}, nil, []string{"dev/general", "dev/spot", "dev/system"}, "", ""},
		{"a zone that is not there", ask{"topology.k8s.aws/zone-id": "euw1-az3"}, nil, nil,
			"dev/system", "node selector topology.k8s.aws/zone-id=euw1-az3 does not match: the nodes have topology.k8s.aws/zone-id=euw1-az1, euw1-az2"},
		{"a node group", ask{"eks.amazonaws.com/nodegroup": "dev-spot-nodes"}, nil, []string{"dev/spot"}, "", ""},
		{"several things, of which each group lacks one", ask{"topology.k8s.aws/zone-id": "euw1-az1", "node.kubernetes.io/instance-type": "m5.large", "lifecycle": "OnDemand"}, nil, nil,
			"dev/general", "node selector node.kubernetes.io/instance-type=m5.large does not match: the nodes have node.kubernetes.io/instance-type=m7g.large"},
		{"affinity without values", nil, []corev1.NodeSelectorRequirementArgs{{Key: pulumi.String("lifecycle"), Operator: pulumi.String("DoesNotExist")}},
			[]string{"dev/system"}, "dev/spot", "node affinity lifecycle DoesNotExist does not match: the nodes have lifecycle=Ec2Spot"},
		{"affinity to what is not there", nil, []corev1.NodeSelectorRequirementArgs{
			{Key: pulumi.String("lifecycle"), Operator: pulumi.String("Exists")},
			{Key: pulumi.String("kubernetes.io/arch"), Operator: pulumi.String("NotIn"), Values: pulumi.ToStringArray([]string{"amd64", "s390x"})},
		}, []string{"dev/general"}, "dev/spot", "node affinity kubernetes.io/arch NotIn [amd64, s390x] does not match: the nodes have kubernetes.io/arch=amd64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := corev1.PodSpecArgs{NodeSelector: pulumi.ToStringMap(c.selector)}
			if c.affinity != nil {
				var all corev1.NodeSelectorRequirementArray
				for _, r := range c.affinity {
					all = append(all, r)
				}
				spec.Affinity = affinity(corev1.NodeSelectorTermArgs{MatchExpressions: all})
			}
			dev := stack(t, "dev", []nodes{system, two, general}, deployment(spec))
			p := find(t, place(t, "dev", dev), "tools/web")
			assert.Equal(t, c.homes, homes(p))
			if c.group != "" {
				assert.Contains(t, why(p, c.group), c.why)
			}
		})
	}
}

func TestTheArchitectureIsThatOfTheImageWhateverIsKnownOfTheInstanceType(t *testing.T) {
	t.Parallel()
	group := func(name, ami string) nodes {
		return nodes{name: name, capacity: "ON_DEMAND", ami: ami, types: []string{"m99x.large"}}
	}
	dev := stack(t, "dev", []nodes{group("arm", "BOTTLEROCKET_ARM_64"), group("intel", "BOTTLEROCKET_x86_64"), group("own", "")},
		deployment(corev1.PodSpecArgs{NodeSelector: pulumi.ToStringMap(map[string]string{"kubernetes.io/arch": "arm64"})}))
	p := find(t, place(t, "dev", dev), "tools/web")
	assert.Equal(t, []string{"dev/arm"}, homes(p))
	assert.Contains(t, why(p, "dev/own"), "node selector kubernetes.io/arch=arm64 does not match: the nodes do not have the label kubernetes.io/arch")
}

func affinity(terms ...corev1.NodeSelectorTermArgs) corev1.AffinityArgs {
	var all corev1.NodeSelectorTermArray
	for _, t := range terms {
		all = append(all, t)
	}
	return corev1.AffinityArgs{NodeAffinity: corev1.NodeAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.NodeSelectorArgs{NodeSelectorTerms: all},
	}}
}

func term(key string, values ...string) corev1.NodeSelectorTermArgs {
	return corev1.NodeSelectorTermArgs{MatchExpressions: corev1.NodeSelectorRequirementArray{corev1.NodeSelectorRequirementArgs{
		Key: pulumi.String(key), Operator: pulumi.String("In"), Values: pulumi.ToStringArray(values),
	}}}
}

// deployment declares the Deployment tools/web.
func deployment(spec corev1.PodSpecArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := appsv1.NewDeployment(ctx, "web", &appsv1.DeploymentArgs{
			Metadata: meta("tools", "web"), Spec: appsv1.DeploymentSpecArgs{Template: template(spec)},
		})
		return err
	}
}

func TestOneOfSeveralTermsIsEnoughAndAllAreNamedWhenNoneHolds(t *testing.T) {
	t.Parallel()
	dev := stack(t, "dev", []nodes{system, general}, deployment(corev1.PodSpecArgs{
		Affinity: affinity(term("lifecycle", "OnDemand"), term("node.kubernetes.io/instance-type", "x1.large")),
	}))
	p := find(t, place(t, "dev", dev), "tools/web")
	assert.Equal(t, []string{"dev/general"}, homes(p))
	assert.Equal(t, []string{"node affinity lifecycle In [OnDemand] does not match: the nodes do not have the label lifecycle, " +
		"and not node.kubernetes.io/instance-type In [x1.large] does not match: the nodes have node.kubernetes.io/instance-type=m6i.large"}, why(p, "dev/system"))
}

func TestWhatNoSingleNodeHasAtOnceIsSaid(t *testing.T) {
	t.Parallel()
	mixed := nodes{name: "mixed", capacity: "ON_DEMAND", types: []string{"m7g.large", "m6i.large"}}
	both := corev1.NodeSelectorTermArgs{MatchExpressions: corev1.NodeSelectorRequirementArray{
		corev1.NodeSelectorRequirementArgs{Key: pulumi.String("kubernetes.io/arch"), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{"arm64"})},
		corev1.NodeSelectorRequirementArgs{
			Key: pulumi.String("node.kubernetes.io/instance-type"), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{"m6i.large"}),
		},
	}}
	selectors := pulumi.ToStringMap(map[string]string{"kubernetes.io/arch": "arm64", "node.kubernetes.io/instance-type": "m6i.large"})
	for want, spec := range map[string]corev1.PodSpecArgs{
		"node affinity kubernetes.io/arch In [arm64] and node.kubernetes.io/instance-type In [m6i.large] are not met together by any node": {Affinity: affinity(both)},
		"no node of the group meets all of the pod's node selector and node affinity at once":                                              {NodeSelector: selectors},
	} {
		p := find(t, place(t, "dev", stack(t, "dev", []nodes{mixed}, deployment(spec))), "tools/web")
		assert.Equal(t, []string{want}, why(p, "dev/mixed"))
	}
}

// addon declares an EKS add-on.
func addon(name, configuration string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		args := &awseks.AddonArgs{ClusterName: pulumi.String("nonprod"), AddonName: pulumi.String(name)}
		if configuration != "" {
			args.ConfigurationValues = pulumi.String(configuration)
		}
		_, err := awseks.NewAddon(ctx, name, args)
		return err
	}
}

func TestAddonsArePlacedByTheirDefaultsAndTheirConfiguration(t *testing.T) {
	t.Parallel()
	const selects = `{"nodeSelector":{"eks.amazonaws.com/capacityType":"ON_DEMAND"}}`
	critical := system
	critical.name, critical.taints = "critical", [][3]string{{"CriticalAddonsOnly", "true", "NO_SCHEDULE"}}
	dev := stack(t, "dev", []nodes{system, spot, critical},
		addon("vpc-cni", `{"env":{"WARM_PREFIX_TARGET":"1"}}`), addon("kube-proxy", "{}"), addon("eks-pod-identity-agent", ""),
		addon("eks-node-monitoring-agent", ""), addon("coredns", selects), addon("metrics-server", selects),
		addon("aws-ebs-csi-driver", `{"controller":`+selects+`}`), addon("aws-efs-csi-driver", `{"controller":`+selects+`}`))
	report := place(t, "dev", dev)
	assert.Empty(t, report.Problems)
	assert.Empty(t, report.Unjudged)
	all := []string{"dev/critical", "dev/spot", "dev/system"}
	for name, want := range map[string][]string{
		"aws-node": all, "kube-proxy": all, "eks-pod-identity-agent": all, "eks-node-monitoring-agent": all, "ebs-csi-node": all, "efs-csi-node": all,
		"coredns": {"dev/critical", "dev/system"}, "ebs-csi-controller": {"dev/critical", "dev/system"}, "efs-csi-controller": {"dev/critical", "dev/system"},
		"metrics-server": {"dev/system"},
	} {
		p := find(t, report, "kube-system/"+name)
		assert.Equal(t, want, homes(p), name)
		class := placement.SystemAddon
		if len(want) == len(all) {
			class = placement.DaemonSet
		}
		assert.Equal(t, class, p.Class, name)
	}
	assert.Len(t, report.Workloads, 10)

	// What the configuration says takes the place of the defaults.
	report = place(t, "dev", stack(t, "dev", []nodes{system, spot, critical},
		addon("coredns", `{"tolerations":[{"key":"spotInstance","operator":"Exists"}]}`),
		addon("aws-ebs-csi-driver", `{"node":{"tolerateAllTaints":false},"controller":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":
			{"nodeSelectorTerms":[{"matchExpressions":[{"key":"lifecycle","operator":"Exists"}]}]}}}}}`)))
	assert.Equal(t, []string{"dev/spot", "dev/system"}, homes(find(t, report, "kube-system/coredns")))
	assert.Equal(t, []string{"dev/system"}, homes(find(t, report, "kube-system/ebs-csi-node")))
	assert.Empty(t, homes(find(t, report, "kube-system/ebs-csi-controller")))

	_, err := placement.Place([]declared.Stack{stack(t, "dev", []nodes{system}, addon("coredns", "{"))}, "dev")
	assert.ErrorContains(t, err, "dev: aws:eks/addon:Addon coredns: configurationValues is not JSON")
	_, err = placement.Place([]declared.Stack{stack(t, "dev", []nodes{system}, addon("aws-ebs-csi-driver", `{"controller":{"tolerations":"all"}}`))}, "dev")
	assert.ErrorContains(t, err, `the values at "controller"`)
}

// release declares a Helm release.
func release(chart string, values pulumi.Map) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		return ctx.RegisterResource(helm.ReleaseType, chart, pulumi.Map{
			"name": pulumi.String("my-release"), "namespace": pulumi.String("kube-system"), "chart": pulumi.String(chart), "values": values,
		}, &helm.Installed{})
	}
}

func TestHelmReleasesArePlacedByTheirValues(t *testing.T) {
	t.Parallel()
	exists := pulumi.Array{pulumi.Map{"operator": pulumi.String("Exists")}}
	for _, chart := range []string{"aws-load-balancer-controller", "cluster-autoscaler"} {
		report := place(t, "dev", stack(t, "dev", []nodes{system, spot}, release(chart, pulumi.Map{"nodeSelector": onDemand(), "tolerations": exists})))
		p := find(t, report, "kube-system/my-release")
		assert.Equal(t, []string{"dev/system"}, homes(p), chart)
		assert.Equal(t, placement.SystemAddon, p.Class)
		assert.Empty(t, report.Problems)
	}
	report := place(t, "dev", stack(t, "dev", []nodes{system, spot},
		release("secrets-store-csi-driver-provider-aws", pulumi.Map{"tolerations": exists})))
	for _, name := range []string{"my-release", "secrets-store-csi-driver"} {
		p := find(t, report, "kube-system/"+name)
		assert.Equal(t, placement.DaemonSet, p.Class)
		assert.Equal(t, []string{"dev/spot", "dev/system"}, homes(p), name)
	}
	report = place(t, "dev", stack(t, "dev", []nodes{system, spot}, release("secrets-store-csi-driver-provider-aws", pulumi.Map{
		"secrets-store-csi-driver": pulumi.Map{"linux": pulumi.Map{"tolerations": pulumi.Array{}}},
	})))
	assert.Equal(t, []string{"dev/system"}, homes(find(t, report, "kube-system/my-release")), "this chart tolerates nothing by itself")
	assert.Equal(t, []string{"dev/system"}, homes(find(t, report, "kube-system/secrets-store-csi-driver")))
	report = place(t, "dev", stack(t, "dev", []nodes{system, spot}, release("secrets-store-csi-driver-provider-aws", pulumi.Map{
		"secrets-store-csi-driver": pulumi.Map{"install": pulumi.Bool(false)},
	})))
	assert.Len(t, report.Workloads, 1)
}

func TestWhatIsNotKnownIsSaidInsteadOfGuessed(t *testing.T) {
	t.Parallel()
	files := func(ctx *pulumi.Context) error {
		return ctx.RegisterResource(helm.ReleaseType, "files", pulumi.Map{
			"chart": pulumi.String("cluster-autoscaler"), "valueYamlFiles": pulumi.AssetOrArchiveArray{pulumi.NewStringAsset("tolerations: []")},
		}, &helm.Installed{})
	}
	report := place(t, "dev", stack(t, "dev", []nodes{system}, release("oci://public.ecr.aws/karpenter/karpenter", nil), addon("adot", ""), files))
	assert.Empty(t, report.Workloads)
	assert.ElementsMatch(t, []placement.Unjudged{
		{Declared: "dev: kubernetes:helm.sh/v3:Release oci://public.ecr.aws/karpenter/karpenter", Why: `the pods of the chart "karpenter" are not known`},
		{Declared: "dev: aws:eks/addon:Addon adot", Why: `the pods of the add-on "adot" are not known`},
		{Declared: "dev: kubernetes:helm.sh/v3:Release files", Why: "its values come from files, which are not read"},
	}, report.Unjudged)
}

func TestPodsWithoutAHomeAndPodsOnForeignNodesAreProblems(t *testing.T) {
	t.Parallel()
	tainted, untainted, mislabelled := system, spot, general
	tainted.taints = [][3]string{{"CriticalAddonsOnly", "", "NO_SCHEDULE"}}
	untainted.taints = nil
	mislabelled.labels = map[string]string{"lifecycle": "Ec2Spot"}
	coredns := addon("coredns", `{"nodeSelector":{"eks.amazonaws.com/capacityType":"ON_DEMAND"}}`)
	intruder := func(ctx *pulumi.Context) error {
		_, err := appsv1.NewDeployment(ctx, "web", &appsv1.DeploymentArgs{
			Metadata: meta("stg", "web"),
			Spec: appsv1.DeploymentSpecArgs{Template: template(corev1.PodSpecArgs{Tolerations: corev1.TolerationArray{
				corev1.TolerationArgs{Key: pulumi.String(convention.SpotTaint), Operator: pulumi.String("Exists")},
			}})},
		})
		return err
	}
	bound := namespace("dev", environmentLabels("dev", "", true))
	free := namespace("stg", environmentLabels("stg", "", false))
	for _, c := range []struct {
		name, environment string
		groups            []nodes
		declared          []pulumi.RunFunc
		want              []string
	}{
		{"an add-on whose only home is tainted", "dev", []nodes{tainted, spot}, []pulumi.RunFunc{coredns},
			[]string{"system add-on kube-system/coredns: it can run on no on-demand node group without taints"}},
		{"an add-on that may run on spot nodes", "dev", []nodes{system, untainted}, []pulumi.RunFunc{addon("metrics-server", "")},
			[]string{"system add-on kube-system/metrics-server: can run on dev/spot, whose spot nodes are reclaimed at two minutes' notice; select eks.amazonaws.com/capacityType=ON_DEMAND"}},
		{"a bound environment without spot nodes", "dev", []nodes{system}, []pulumi.RunFunc{bound},
			[]string{"environment pod dev/any pod: it can run on no node group"}},
		{"a bound environment and on-demand nodes that say they are spot", "dev", []nodes{mislabelled, spot}, []pulumi.RunFunc{bound},
			[]string{"environment pod dev/any pod: its namespace is bound to spot nodes, but it can run on dev/general, whose nodes are on demand"}},
		{"an environment that is not bound, and spot nodes without the taint", "stg", []nodes{general, untainted}, []pulumi.RunFunc{free},
			[]string{"environment pod stg/any pod: its namespace is not bound to spot nodes, but it can run on stg/spot, which is for those that are: " +
				"the nodes lack the taint spotInstance=true:NoSchedule"}},
		{"a pod that tolerates what it must not", "stg", []nodes{general, spot}, []pulumi.RunFunc{free, intruder},
			[]string{"environment pod stg/web: its namespace is not bound to spot nodes, but it can run on stg/spot, which is for those that are: it tolerates their taint"}},
		{"nothing", "dev", []nodes{system, spot}, []pulumi.RunFunc{coredns, bound}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report := place(t, c.environment, stack(t, c.environment, c.groups, c.declared...))
			require.NotEmpty(t, report.Workloads)
			assert.Equal(t, c.want, report.Problems)
		})
	}
}
