package stacks_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// stgMore puts keys into stg's file.
func stgMore(keys string) map[string][]string {
	return map[string][]string{"stg": {"  eks-platform:logging:\n", keys + "  eks-platform:logging:\n"}}
}

// Each case breaks what the frozen estate's files say of the inside of a cluster in one way, and names everything that is
// said about it: file, line and config path, and the beginning of the message.
func TestAWrongInsideIsRefusedByConfigPath(t *testing.T) {
	t.Parallel()
	const (
		autoscaling = "  eks-platform:autoscaling:\n    chartVersion: 9.59.0\n    image: registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2\n"
		fluentBit   = "    fluentBit:\n      image: public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15\n"
		taints      = "      taints:\n        - {key: spotInstance, value: \"true\", effect: NoSchedule}\n"
		size        = "scaling: {min: 2, max: 4, desired: 2}"
	)
	for _, c := range []struct {
		name  string
		edits map[string][]string
		want  []string
	}{
		{"an unknown key of a tenant", map[string][]string{"dev": {"      - name: search\n", "      - name: search\n        namspaces: []\n"}},
			[]string{"Pulumi.dev.yaml:84: tenancy.tenants[1].namspaces: unknown key; did you mean namespaces?"}},
		{"a quota that cannot be parsed", map[string][]string{"stg": {"requests.memory: 40Gi", "requests.memory: 40GB"}},
			[]string{`Pulumi.stg.yaml:22: tenancy.quota.requests.memory: must be a Kubernetes quantity, such as 500m, 4 or 16Gi, got "40GB"`}},
		{"a quota of nothing that there is", map[string][]string{"dev": {"requests.cpu:", "request.cpu:"}},
			[]string{"Pulumi.dev.yaml:69: tenancy.quota.request.cpu: is not a resource that a quota can limit; did you mean requests.cpu?"}},
		{"a namespace twice in a file", map[string][]string{"dev": {"      - name: search\n", "      - name: search\n        namespaces: [{name: dev-payments}]\n"}},
			[]string{`Pulumi.dev.yaml:84: tenancy.tenants[1].namespaces[0].name: it would be called "dev-payments", which is already the name of tenants[0].namespaces[0]`}},
		{"a tenant twice", map[string][]string{"stg": {"      - name: search\n", "      - name: payments\n"}},
			[]string{"Pulumi.stg.yaml:36: tenancy.tenants[1].name: \"payments\" is already the name of tenants[0]"}},
		{"a namespace that could be another environment's", map[string][]string{"stg": {"name: stg-payments", "name: dev-payments"}},
			[]string{"Pulumi.stg.yaml:30: tenancy.tenants[0].namespaces[0].name: must be stg, or begin with stg-"}},
		{"a namespace in two files", map[string][]string{"stg": {"environment: stg", "environment: dev-search", "name: stg-payments", "name: dev-search-payments"}},
			[]string{
				`Pulumi.stg.yaml:4: environment: one of "dev-search" and "dev" of stack "dev" is a prefix of the other`,
			}},
		{"an image without a version", map[string][]string{"dev": {"aws-for-fluent-bit:3.4.15", "aws-for-fluent-bit"}},
			[]string{`Pulumi.dev.yaml:87: logging.fluentBit.image: "public.ecr.aws/aws-observability/aws-for-fluent-bit" has no version: add a tag or a digest`}},
		{"an image whose version moves", map[string][]string{"dev": {"controller:v3.5.0", "controller:latest"}},
			[]string{`Pulumi.dev.yaml:90: ingress.image: "public.ecr.aws/eks/aws-load-balancer-controller:latest" has the tag latest`}},
		{"an image of no registry", map[string][]string{"prod": {"registry.k8s.io/kubectl:v1.35.7", "kubectl:v1.35.7"}},
			[]string{`Pulumi.prod.yaml:112: podCleanup.image: "kubectl:v1.35.7" names no registry`}},
		{"an autoscaler of another minor", map[string][]string{"dev": {"cluster-autoscaler:v1.35.2", "cluster-autoscaler:v1.34.2"}},
			[]string{"Pulumi.dev.yaml:93: autoscaling.image: must match the cluster's Kubernetes minor, v1.35, got v1.34.2"}},
		{"secrets without the driver", map[string][]string{"dev": {"  eks-platform:secrets:\n    chartVersion: 3.1.1\n", ""}},
			[]string{
				"Pulumi.dev.yaml:81: tenancy.tenants[0].namespaces[0].serviceAccounts[0].secrets: the cluster has no Secrets Store CSI driver",
				"Pulumi.stg.yaml:34: tenancy.tenants[0].namespaces[0].serviceAccounts[0].secrets: the cluster has no Secrets Store CSI driver",
			}},
		{"security groups of pods without the plugin's setting", map[string][]string{"prod": {"      podSecurityGroups: true\n", ""}},
			[]string{"Pulumi.prod.yaml:82: tenancy.tenants[0].podSecurityGroup: the cluster does not support security groups for pods: turn on addons.vpcCni.podSecurityGroups"}},
		{"network policies that nobody enforces", map[string][]string{"dev": {"      version: v1.22.4-eksbuild.3\n", "      version: v1.22.4-eksbuild.3\n      networkPolicy: false\n"}},
			[]string{
				"Pulumi.dev.yaml:68: tenancy.networkPolicy: the cluster does not enforce network policies",
				"Pulumi.stg.yaml:21: tenancy.networkPolicy: the cluster does not enforce network policies",
			}},
		{"two stacks that give one principal access", map[string][]string{"stg": {"role/stg-developer", "role/dev-developer"}},
			[]string{`Pulumi.stg.yaml:25: tenancy.access[0].principalArn: already has access by tenancy.access[0].principalArn of stack "dev"`}},
		{"a principal that the owner's cluster knows", map[string][]string{"stg": {"role/stg-developer", "role/platform-admin"}},
			[]string{"Pulumi.stg.yaml:25: tenancy.access[0].principalArn: already has access by cluster.access[0]"}},
		{"a principal that the own cluster knows", map[string][]string{"dev": {"role/dev-developer", "role/platform-admin"}},
			[]string{"Pulumi.dev.yaml:72: tenancy.access[0].principalArn: already has access by cluster.access[0]"}},
		{"a role that there is not", map[string][]string{"dev": {"role: edit", "role: owner"}},
			[]string{"Pulumi.dev.yaml:73: tenancy.access[0].role: must be one of view, edit, admin, got \"owner\""}},
		{"logs that nobody ships", map[string][]string{"dev": {fluentBit, ""}},
			[]string{`Pulumi.stg.yaml:37: logging: nothing would write to the log group, because the cluster has no Fluent Bit`}},
		{"a Fluent Bit more", map[string][]string{"stg": {"    retentionDays: 14\n", "    retentionDays: 14\n" + fluentBit}},
			[]string{"Pulumi.stg.yaml:39: logging.fluentBit: only the stack that owns the cluster runs Fluent Bit"}},
		{"spot pods without spot nodes", map[string][]string{"prod": {"    podSecurity: restricted\n", "    podSecurity: restricted\n    capacity: spot\n"}},
			[]string{"Pulumi.prod.yaml:70: tenancy.capacity: the environment is bound to spot nodes but has no spot node group without further taints"}},
		{"spot nodes that another taint closes to spot pods", map[string][]string{"dev": {taints, taints + "        - {key: dedicated, value: batch, effect: NoSchedule}\n"}},
			[]string{"Pulumi.dev.yaml:69: tenancy.capacity: the environment is bound to spot nodes but has no spot node group without further taints"}},
		{"a spot group without the label", map[string][]string{"dev": {"      labels:\n        lifecycle: Ec2Spot\n", ""}},
			[]string{"Pulumi.dev.yaml:53: nodeGroups[1].labels: a spot group needs lifecycle=Ec2Spot"}},
		{"a spot group without the taint", map[string][]string{"dev": {taints, ""}},
			[]string{`Pulumi.dev.yaml:53: nodeGroups[1].taints: a spot group needs {key: spotInstance, value: "true", effect: NoSchedule}`}},
		{"a spot group with another taint", map[string][]string{"dev": {"effect: NoSchedule", "effect: PreferNoSchedule"}},
			[]string{"Pulumi.dev.yaml:62: nodeGroups[1].taints: a spot group needs"}},
		{"an on-demand group with the label of spot nodes", map[string][]string{"stg": {"lifecycle: OnDemand", "lifecycle: Ec2Spot"}},
			[]string{"Pulumi.stg.yaml:19: nodeGroups[0].labels: lifecycle=Ec2Spot is only for spot nodes"}},
		{"a tainted home of the system add-ons", map[string][]string{"dev": {size, size + "\n      taints: [{key: dedicated, value: system, effect: NoSchedule}]"}},
			[]string{"Pulumi.dev.yaml:46: nodeGroups: every group is tainted, spot or at times empty"}},
		{"an autoscaled group without an autoscaler", map[string][]string{"prod": {autoscaling, ""}},
			[]string{"Pulumi.prod.yaml:65: nodeGroups[1].scaling.autoscaled: the cluster has no Cluster Autoscaler"}},
		{"an autoscaled group without the owner's autoscaler", map[string][]string{"dev": {autoscaling, ""}, "stg": {"max: 6, desired: 2}", "max: 6, desired: 2, autoscaled: true}"}},
			[]string{"Pulumi.stg.yaml:18: nodeGroups[0].scaling.autoscaled: the cluster has no Cluster Autoscaler"}},
		{"a mirror that is a URL", map[string][]string{"dev": {"  eks-platform:ingress:\n", "  eks-platform:imageRegistries: {public.ecr.aws: \"https://mirror.example\"}\n  eks-platform:ingress:\n"}},
			[]string{`Pulumi.dev.yaml:88: imageRegistries.public.ecr.aws: "https://mirror.example" is not a registry with an optional path`}},
		{"a mirror of nothing", map[string][]string{"dev": {"  eks-platform:ingress:\n", "  eks-platform:imageRegistries: {aws: mirror.example}\n  eks-platform:ingress:\n"}},
			[]string{`Pulumi.dev.yaml:88: imageRegistries.aws: "aws" is not the name of a registry, such as public.ecr.aws`}},
		{"mirrors of a stack that joins", stgMore("  eks-platform:imageRegistries: {public.ecr.aws: a.example/b}\n"),
			[]string{"Pulumi.stg.yaml:37: imageRegistries: cannot be combined with join"}},
		{"a load balancer controller of a stack that joins", stgMore("  eks-platform:ingress: {chartVersion: 3.5.0, image: \"public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0\"}\n"),
			[]string{"Pulumi.stg.yaml:37: ingress: cannot be combined with join"}},
		{"an autoscaler of a stack that joins", stgMore(autoscaling), []string{"Pulumi.stg.yaml:37: autoscaling: cannot be combined with join"}},
		{"a secrets driver of a stack that joins", stgMore("  eks-platform:secrets: {chartVersion: 3.1.1}\n"),
			[]string{"Pulumi.stg.yaml:37: secrets: cannot be combined with join"}},
		{"storage classes of a stack that joins", stgMore("  eks-platform:storage: {}\n"), []string{"Pulumi.stg.yaml:37: storage: cannot be combined with join"}},
		{"a cleanup of a stack that joins", stgMore("  eks-platform:podCleanup: {image: \"registry.k8s.io/kubectl:v1.35.7\"}\n"),
			[]string{"Pulumi.stg.yaml:37: podCleanup: cannot be combined with join"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.LoadEstate(estate(t, c.edits))
			require.Error(t, err)
			said := strings.Split(err.Error(), "\n")
			require.Len(t, said, len(c.want), "%v", err)
			for i, want := range c.want {
				assert.True(t, strings.HasPrefix(said[i], want), "%s\nis not\n%s", said[i], want)
			}
		})
	}
}

// What is wrong with one file stops the program itself, too, before it registers anything.
func TestAWrongInsideIsRefusedBeforeAnythingRegisters(t *testing.T) {
	t.Parallel()
	for key, edit := range map[string][2]string{
		"tenancy.quota.requests.memory": {`"requests.memory":"40Gi"`, `"requests.memory":"40GB"`},
		"tenancy.tenants[0].nam":        {`"name":"payments"`, `"nam":"payments"`},
		"logging.fluentBit.image":       {`aws-for-fluent-bit:3.4.15`, `aws-for-fluent-bit`},
	} {
		config := configOf(t, "dev")
		top := "eks-platform:" + regexp.MustCompile(`^[a-z]+`).FindString(key)
		require.Contains(t, config[top], edit[0])
		config[top] = strings.Replace(config[top], edit[0], edit[1], 1)
		regs, err := run(t, "dev", true, ptest.WithConfig(config))
		require.ErrorContains(t, err, "stack file Pulumi.dev.yaml is invalid:\n"+key)
		assert.Empty(t, regs, key)
	}
}

// What does not fit the cluster that is joined stops it as well: only its owner's contract tells.
func TestWhatDoesNotFitTheJoinedClusterIsRefusedBeforeAnythingRegisters(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"secretsDriver": "tenancy.tenants[0].namespaces[0].serviceAccounts[0].secrets: the cluster has no Secrets Store CSI driver",
		"networkPolicy": "tenancy.networkPolicy: the cluster does not enforce network policies",
		"version":       "nodeGroups[0].ami.release: 1.35.8-20260930 is a release for Kubernetes 1.35, but the cluster is on 1.36",
	} {
		outputs := published()
		control, _ := outputs["contract"].(map[string]any)["cluster"].(map[string]any)
		control[setting] = false
		if setting == "version" {
			control[setting] = "1.36"
		}
		regs, err := run(t, "stg", true, ptest.WithStackOutputs("organization/eks-platform/dev", outputs))
		require.ErrorContains(t, err, "the stack file does not fit the cluster of \"dev\":\n"+want)
		for _, r := range regs {
			assert.True(t, r.Read, "%s is registered", r.URN)
		}
	}
}
