package logging_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	groupType       = "aws:cloudwatch/logGroup:LogGroup"
	queryType       = "aws:cloudwatch/queryDefinition:QueryDefinition"
	keyType         = "aws:kms/key:Key"
	roleType        = "aws:iam/role:Role"
	policyType      = "aws:iam/rolePolicy:RolePolicy"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	clusterType     = "aws:eks/cluster:Cluster"
	daemonSetType   = "kubernetes:apps/v1:DaemonSet"
	namespaceType   = "kubernetes:core/v1:Namespace"
	configMapType   = "kubernetes:core/v1:ConfigMap"
	accountType     = "kubernetes:core/v1:ServiceAccount"
	clusterRoleType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	bindingType     = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
)

const pin = "public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15"

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (logging.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&logging.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s logging.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

// owner is the stack dev, which owns the cluster; its partition's name shows where one is hard-coded.
func owner(t *testing.T) *logging.Args {
	t.Helper()
	s, problems := read(t, `{"fluentBit": {"image": "`+pin+`"}}`)
	require.Empty(t, problems)
	return &logging.Args{
		Settings: s, Environment: "dev", ClusterName: "nonprod", Region: "us-gov-west-1", AccountID: "111111111111",
		Owner: true, ControlPlaneLogGroup: pulumi.String("/aws/eks/nonprod/cluster"),
		Tags: map[string]string{"environment": "dev"},
	}
}

// joined is the stack stg, which joins it.
func joined(t *testing.T) *logging.Args {
	t.Helper()
	s, problems := read(t, `{"retentionDays": 14}`)
	require.Empty(t, problems)
	return &logging.Args{
		Settings: s, Environment: "stg", ClusterName: "nonprod", Region: "us-gov-west-1", AccountID: "111111111111",
		ControlPlaneLogGroup: pulumi.String("/aws/eks/nonprod/cluster"),
	}
}

type resource struct{ pulumi.CustomResourceState }

type component struct{ pulumi.ResourceState }

// run registers a cluster, the logging of a stack, and what is in the cluster under a component with its provider.
func run(t *testing.T, preview bool, args *logging.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-gov-west-1")})
		if err != nil {
			return err
		}
		control := &resource{}
		if err := ctx.RegisterResource(clusterType, "control", pulumi.Map{}, control, pulumi.Provider(p)); err != nil {
			return err
		}
		args.ClusterNameOutput = control.ID().ApplyT(func(pulumi.ID) string { return "nonprod" }).(pulumi.StringOutput)
		l, err := logging.New(ctx, args.Environment, args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		k, err := kubernetes.NewProvider(ctx, "kubernetes", &kubernetes.ProviderArgs{})
		if err != nil {
			return err
		}
		inCluster := &component{}
		if err := ctx.RegisterComponentResource("test:in:Cluster", "in-cluster", inCluster, pulumi.Providers(k)); err != nil {
			return err
		}
		return l.Install(ctx, pulumi.Parent(inCluster))
	})
	require.NoError(t, err)
	return regs
}

// each runs a test for a preview and an update.
func each(t *testing.T, args func(*testing.T) *logging.Args, test func(*testing.T, ptest.Registrations)) {
	t.Helper()
	for name, preview := range map[string]bool{"preview": true, "up": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, run(t, preview, args(t)))
		})
	}
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.ByType(token).Names())
	return r
}

// groups returns the names of the log groups.
func groups(regs ptest.Registrations) []string {
	var out []string
	for _, g := range regs.ByType(groupType) {
		name, _ := g.Input("name").(string)
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestAnOwnerHasTheGroupsOfItsEnvironmentAndOfTheCluster(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		assert.Equal(t, []string{
			"/eks-platform/nonprod/cluster", "/eks-platform/nonprod/dataplane", "/eks-platform/nonprod/environments/dev",
			"/eks-platform/nonprod/host",
		}, groups(regs))
		for _, g := range regs.ByType(groupType) {
			assert.EqualValues(t, 30, g.Input("retentionInDays"), g.Name)
			assert.Nil(t, g.Input("kmsKeyId"), g.Name)
			assert.True(t, g.Protect, g.Name)
			assert.Equal(t, g.Input("name"), g.Input("tags.Name"))
			assert.Equal(t, "dev", g.Input("tags.environment"))
		}
		assert.Empty(t, regs.ByType(keyType))
	})
}

func TestAStackThatJoinsHasItsOwnGroupAndNothingElse(t *testing.T) {
	t.Parallel()
	each(t, joined, func(t *testing.T, regs ptest.Registrations) {
		assert.Equal(t, []string{"/eks-platform/nonprod/environments/stg"}, groups(regs))
		assert.EqualValues(t, 14, one(t, regs, groupType, "stg-environment").Input("retentionInDays"))
		for _, token := range []string{roleType, policyType, associationType, daemonSetType, namespaceType, configMapType, logging.FluentBitType} {
			assert.Empty(t, regs.ByType(token))
		}
		for _, q := range regs.ByType(queryType) {
			assert.Equal(t, []any{"/eks-platform/nonprod/environments/stg"}, q.Input("logGroupNames"), q.Name)
		}
	})
}

func TestAnOwnerWithoutFluentBitHasTheGroupOfItsEnvironmentAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T) *logging.Args {
		a := owner(t)
		a.FluentBit = nil
		return a
	}, func(t *testing.T, regs ptest.Registrations) {
		assert.Equal(t, []string{"/eks-platform/nonprod/environments/dev"}, groups(regs))
		assert.Empty(t, regs.ByType(roleType))
		assert.Empty(t, regs.WithTypePrefix("kubernetes:"))
	})
}

func TestEncryptedGroupsShareAKeyThatServesThemAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T) *logging.Args {
		a := owner(t)
		a.Encrypt = true
		return a
	}, func(t *testing.T, regs ptest.Registrations) {
		key := one(t, regs, keyType, "dev-logs")
		assert.True(t, key.Protect)
		assert.Equal(t, true, key.Input("enableKeyRotation"))
		for _, g := range regs.ByType(groupType) {
			assert.True(t, g.DependsOn(key.URN), g.Name)
		}
		text, _ := key.Input("policy").(string)
		var doc struct {
			Statement []struct {
				Sid       string
				Principal map[string][]string
				Action    []string
				Condition map[string]map[string][]string
			}
		}
		require.NoError(t, json.Unmarshal([]byte(text), &doc))
		require.Len(t, doc.Statement, 2)
		assert.Equal(t, map[string][]string{"AWS": {"arn:aws-us-gov:iam::111111111111:root"}}, doc.Statement[0].Principal)
		assert.NotContains(t, doc.Statement[0].Action, "kms:*")
		assert.NotContains(t, doc.Statement[0].Action, "kms:Decrypt")
		use := doc.Statement[1]
		assert.Equal(t, map[string][]string{"Service": {"logs.us-gov-west-1.amazonaws.com"}}, use.Principal)
		assert.Equal(t, map[string]map[string][]string{"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": {
			"arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/eks-platform/nonprod/environments/dev",
			"arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/eks-platform/nonprod/cluster",
			"arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/eks-platform/nonprod/host",
			"arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/eks-platform/nonprod/dataplane",
		}}}, use.Condition)
	})
}

func TestProtectionCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	off := false
	args := owner(t)
	args.Protect, args.Encrypt = &off, true
	for _, r := range run(t, false, args) {
		assert.False(t, r.Protect, r.URN)
	}
}

func TestTheRoleMayWriteToTheGroupsOfTheClusterAndDoNothingElse(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		require.Len(t, regs.ByType(roleType), 1)
		require.Len(t, regs.ByType(policyType), 1)
		assert.Empty(t, regs.ByType("aws:iam/rolePolicyAttachment:RolePolicyAttachment"))
		const group = "arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/eks-platform/nonprod/"
		assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{
			"Sid": "WriteLogs", "Effect": "Allow",
			"Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
			"Resource": ["`+group+`environments/*:*", "`+group+`cluster:*", "`+group+`host:*", "`+group+`dataplane:*"]
		}]}`, regs.ByType(policyType)[0].Input("policy").(string))
		a := one(t, regs, associationType, "dev-fluent-bit-association")
		assert.Equal(t, "fluent-bit", a.Input("namespace"))
		assert.Equal(t, "fluent-bit", a.Input("serviceAccount"))
		assert.Contains(t, regs.WaitsFor(a.URN), one(t, regs, clusterType, "control").URN)
		assert.NotContains(t, regs.WaitsFor(regs.ByType(roleType)[0].URN), one(t, regs, clusterType, "control").URN)
	})
}

func TestPodsWaitForGroupsRoleAndConfiguration(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		set := one(t, regs, daemonSetType, "dev-fluent-bit")
		waits := regs.WaitsFor(set.URN)
		for _, token := range []string{
			groupType, policyType, associationType, namespaceType, configMapType, accountType, clusterRoleType, bindingType,
		} {
			require.NotEmpty(t, regs.ByType(token), token)
			for _, r := range regs.ByType(token) {
				assert.Contains(t, waits, r.URN)
			}
		}
	})
}

func TestWhatIsInTheClusterHangsUnderItsComponentAndTheRestDependsOnNoneOfIt(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		top := one(t, regs, logging.FluentBitType, "dev")
		assert.Equal(t, one(t, regs, "test:in:Cluster", "in-cluster").URN, top.Parent)
		provider := one(t, regs, "pulumi:providers:kubernetes", "kubernetes").URN
		inside := map[string]bool{top.URN: true}
		for _, token := range []string{namespaceType, accountType, clusterRoleType, bindingType, configMapType, daemonSetType} {
			r := one(t, regs, token, "dev-fluent-bit")
			inside[r.URN] = true
			assert.Equal(t, top.URN, r.Parent)
			assert.True(t, strings.HasPrefix(r.Provider, provider+"::"), r.URN)
		}
		for _, r := range regs.WithTypePrefix("aws:") {
			for _, dependency := range r.Dependencies {
				assert.False(t, inside[dependency], "%s depends on %s", r.URN, dependency)
			}
		}
	})
}

// pod returns the DaemonSet's pod as JSON has it.
func pod(t *testing.T, regs ptest.Registrations) map[string]any {
	t.Helper()
	spec, ok := one(t, regs, daemonSetType, "dev-fluent-bit").Input("spec.template.spec").(map[string]any)
	require.True(t, ok)
	return spec
}

func container(t *testing.T, regs ptest.Registrations) map[string]any {
	t.Helper()
	list, ok := pod(t, regs)["containers"].([]any)
	require.True(t, ok)
	require.Len(t, list, 1)
	c, ok := list[0].(map[string]any)
	require.True(t, ok)
	return c
}

func TestPodsRunOnEveryNode(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		spec := pod(t, regs)
		assert.Equal(t, []any{map[string]any{"operator": "Exists"}}, spec["tolerations"])
		assert.Equal(t, "system-node-critical", spec["priorityClassName"])
		assert.Equal(t, map[string]any{"kubernetes.io/os": "linux"}, spec["nodeSelector"])
		assert.Equal(t, map[string]any{"nodeAffinity": map[string]any{
			"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{"nodeSelectorTerms": []any{map[string]any{
				"matchExpressions": []any{map[string]any{
					"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": []any{"fargate"},
				}},
			}}},
		}}, spec["affinity"], "nodes of Fargate take no DaemonSet, every other node does")
		assert.Nil(t, spec["hostNetwork"])
		set := one(t, regs, daemonSetType, "dev-fluent-bit")
		assert.Equal(t, map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxUnavailable": "10%"}}, set.Input("spec.updateStrategy"))
		selector, _ := set.Input("spec.selector.matchLabels").(map[string]any)
		podLabels, _ := set.Input("spec.template.metadata.labels").(map[string]any)
		require.NotEmpty(t, selector)
		for k, v := range selector {
			assert.Equal(t, v, podLabels[k])
		}
	})
}

func TestPodsReadTheNodesLogsAndWriteToTheirStateAlone(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		paths := map[string]string{}
		for _, v := range pod(t, regs)["volumes"].([]any) {
			volume := v.(map[string]any)
			if host, ok := volume["hostPath"].(map[string]any); ok {
				assert.Equal(t, "DirectoryOrCreate", host["type"])
				paths[volume["name"].(string)] = host["path"].(string)
			}
		}
		assert.Equal(t, map[string]string{
			"containers": "/var/log/containers", "pods": "/var/log/pods", "data-plane": "/var/log/aws-routed-eni",
			"journal": "/var/log/journal", "state": "/var/fluent-bit/state",
		}, paths)
		var writable []string
		mounted := map[string]bool{}
		for _, m := range container(t, regs)["volumeMounts"].([]any) {
			mount := m.(map[string]any)
			name := mount["name"].(string)
			mounted[name] = true
			if path, isHost := paths[name]; isHost {
				assert.Equal(t, path, mount["mountPath"], "links between the node's directories hold only where the paths are the same")
			}
			if mount["readOnly"] != true {
				writable = append(writable, name)
			}
		}
		assert.ElementsMatch(t, []string{"state", "tmp"}, writable)
		for name := range paths {
			assert.True(t, mounted[name], name)
		}
		assert.Equal(t, map[string]any{
			"runAsUser": 0.0, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"capabilities": map[string]any{"drop": []any{"ALL"}},
		}, container(t, regs)["securityContext"])
		assert.Equal(t, "RuntimeDefault", pod(t, regs)["securityContext"].(map[string]any)["seccompProfile"].(map[string]any)["type"])
	})
}

func TestTheServiceAccountReadsNamespacesAndPodsOfNodes(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		rule := func(resource string) map[string]any {
			return map[string]any{"apiGroups": []any{""}, "resources": []any{resource}, "verbs": []any{"get"}}
		}
		role := one(t, regs, clusterRoleType, "dev-fluent-bit")
		assert.Equal(t, []any{rule("namespaces"), rule("nodes/pods")}, role.Input("rules"))
		binding := one(t, regs, bindingType, "dev-fluent-bit")
		assert.Equal(t, role.Input("metadata.name"), binding.Input("roleRef.name"))
		assert.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "fluent-bit", "namespace": "fluent-bit"}}, binding.Input("subjects"))
		labels, _ := one(t, regs, namespaceType, "dev-fluent-bit").Input("metadata.labels").(map[string]any)
		assert.Equal(t, "true", labels["eks-platform/system"])
		assert.Equal(t, "privileged", labels["pod-security.kubernetes.io/enforce"])
	})
}

func TestThePodStartsFluentBitWithTheConfigurationOfTheConfigMap(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		c := container(t, regs)
		assert.Equal(t, pin, c["image"])
		assert.Equal(t, []any{"/fluent-bit/bin/fluent-bit"}, c["command"])
		assert.Equal(t, []any{"-c", "/etc/fluent-bit/fluent-bit.yaml"}, c["args"])
		data, _ := one(t, regs, configMapType, "dev-fluent-bit").Input("data").(map[string]any)
		require.Len(t, data, 1)
		text, _ := data["fluent-bit.yaml"].(string)
		typed, err := logging.Configuration(owner(t))
		require.NoError(t, err)
		assert.Equal(t, typed.Text, text)
		// Every variable that the configuration refers to is one of the pod's.
		var names []string
		for _, e := range c["env"].([]any) {
			names = append(names, e.(map[string]any)["name"].(string))
		}
		for _, part := range strings.Split(text, "${")[1:] {
			name, _, _ := strings.Cut(part, "}")
			assert.Contains(t, names, name)
		}
		assert.Equal(t, map[string]any{"memory": "416Mi", "ephemeral-storage": "256Mi"}, c["resources"].(map[string]any)["limits"])
	})
}

func TestAnotherConfigurationReplacesThePods(t *testing.T) {
	t.Parallel()
	const annotations = "spec.template.metadata.annotations"
	before := one(t, run(t, true, owner(t)), daemonSetType, "dev-fluent-bit").Input(annotations)
	same := one(t, run(t, true, owner(t)), daemonSetType, "dev-fluent-bit").Input(annotations)
	args := owner(t)
	args.FluentBit.ExcludeNamespaces = []string{"noise"}
	after := one(t, run(t, true, args), daemonSetType, "dev-fluent-bit").Input(annotations)
	require.NotNil(t, before)
	assert.Equal(t, before, same)
	assert.NotEqual(t, before, after)
}

func TestMirrorsAndResourcesReachThePod(t *testing.T) {
	t.Parallel()
	args := owner(t)
	args.Registries = image.Registries{"public.ecr.aws": "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/ecr-public"}
	args.FluentBit.Resources = logging.Resources{CPU: "100m", Memory: "256Mi", MemoryLimit: "1Gi"}
	c := container(t, run(t, false, args))
	assert.Equal(t, "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/ecr-public/aws-observability/aws-for-fluent-bit:3.4.15", c["image"])
	assert.Equal(t, map[string]any{
		"requests": map[string]any{"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
		"limits":   map[string]any{"memory": "1Gi", "ephemeral-storage": "256Mi"},
	}, c["resources"])
}

func TestFluentBitReachesWhatItNeedsAndNothingReachesIt(t *testing.T) {
	t.Parallel()
	each(t, owner, func(t *testing.T, regs ptest.Registrations) {
		policy := one(t, regs, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "dev-fluent-bit")
		assert.Equal(t, "fluent-bit", policy.Input("metadata.namespace"))
		assert.Equal(t, map[string]any{}, policy.Input("spec.podSelector"), "all pods of the namespace")
		assert.Equal(t, []any{"Ingress", "Egress"}, policy.Input("spec.policyTypes"))
		assert.Nil(t, policy.Input("spec.ingress"))
		port := func(protocol string, number float64) map[string]any {
			return map[string]any{"protocol": protocol, "port": number}
		}
		block := func(cidr string) map[string]any { return map[string]any{"ipBlock": map[string]any{"cidr": cidr}} }
		assert.Equal(t, []any{
			map[string]any{"ports": []any{port("UDP", 53), port("TCP", 53)}, "to": []any{map[string]any{
				"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "kube-system"}},
				"podSelector":       map[string]any{"matchLabels": map[string]any{"k8s-app": "kube-dns"}},
			}}},
			map[string]any{"ports": []any{port("TCP", 443), port("TCP", 10250)}},
			map[string]any{"ports": []any{port("TCP", 80)}, "to": []any{block("169.254.170.23/32"), block("fd00:ec2::23/128")}},
		}, policy.Input("spec.egress"))
	})
}

func TestPodsAreGivenLongerToStopThanFluentBitTakes(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(owner(t))
	require.NoError(t, err)
	seconds, _ := pod(t, run(t, true, owner(t)))["terminationGracePeriodSeconds"].(float64)
	assert.Greater(t, seconds, float64(typed.Service["grace"].(int)))
}
