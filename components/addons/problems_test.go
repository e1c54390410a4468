package addons_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/addons"
)

func TestProblemsNameTheirPathAndRule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*addons.Args)
		path   string
		text   string
	}{
		{"a plugin with a known vulnerability", func(a *addons.Args) { a.VPCCNI.Version = "v1.22.3-eksbuild.9" }, "vpcCni.version", "CVE-2026-86831"},
		{"a plugin of an older minor", func(a *addons.Args) { a.VPCCNI.Version = "v1.9.30-eksbuild.9" }, "vpcCni.version", "at least v1.22.4"},
		{"no pin", func(a *addons.Args) { a.CoreDNS.Version = "" }, "coredns.version", "is required"},
		{"a pin without EKS's build", func(a *addons.Args) { a.MetricsServer.Version = "v0.9.0" }, "metricsServer.version", "EKS's build"},
		{"a pin without its v", func(a *addons.Args) { a.NodeMonitoringAgent.Version = "1.6.5-eksbuild.1" }, "nodeMonitoringAgent.version", "EKS's build"},
		{"a number that overflows", func(a *addons.Args) { a.PodIdentityAgent.Version = "v99999999999999999999.0.0-eksbuild.1" }, "podIdentityAgent.version", "full version"},
		{"a kube-proxy of another minor", func(a *addons.Args) { a.KubeProxy.Version = "v1.34.6-eksbuild.29" }, "kubeProxy.version", "v1.35"},
		{"a kube-proxy mode that does not exist", func(a *addons.Args) { a.KubeProxy.Mode = "userspace" }, "kubeProxy.mode", "one of iptables, ipvs"},
		{"a coredns left behind by an upgrade", func(a *addons.Args) { a.CoreDNS.Version = "v1.12.4-eksbuild.38" }, "coredns.version", "at least v1.13"},
		{"replicas beside autoscaling", func(a *addons.Args) {
			a.CoreDNS.Replicas, a.CoreDNS.AutoScaling = 2, &addons.AutoScaling{Min: 2, Max: 4}
		}, "coredns.replicas", "combined with autoScaling"},
		{"one replica by autoscaling", func(a *addons.Args) { a.CoreDNS.AutoScaling = &addons.AutoScaling{Min: 1, Max: 4} }, "coredns.autoScaling.min", "at least 2"},
		{"a maximum below the minimum", func(a *addons.Args) { a.CoreDNS.AutoScaling = &addons.AutoScaling{Min: 5, Max: 4} }, "coredns.autoScaling.max", "below min (5)"},
		{"too many replicas", func(a *addons.Args) { a.CoreDNS.Replicas = 2000 }, "coredns.replicas", "at most 1000"},
		{"too many metrics servers", func(a *addons.Args) { a.MetricsServer.Replicas = 11 }, "metricsServer.replicas", "at most 10"},
		{"too many warm blocks", func(a *addons.Args) { a.VPCCNI.WarmPrefixTarget = 17 }, "vpcCni.warmPrefixTarget", "at most 16"},
		{"a driver older than Pod Identity", func(a *addons.Args) { a.EBSCSI.Version = "v1.25.0-eksbuild.1" }, "ebsCsi.version", "Pod Identity"},
		{"no pin of the EFS driver", func(a *addons.Args) { a.EFSCSI = &addons.EFSCSI{} }, "efsCsi.version", "is required"},
		{"an EFS driver older than Pod Identity", func(a *addons.Args) { a.EFSCSI = &addons.EFSCSI{Version: "v2.0.4-eksbuild.1"} }, "efsCsi.version", "Pod Identity"},
		{"an alias for a key", func(a *addons.Args) { a.EBSCSI.VolumeKeyARN = "arn:aws:kms:eu-west-1:111111111111:alias/x" }, "ebsCsi.volumeKeyArn", "aliases are not accepted"},
		{"a key elsewhere", func(a *addons.Args) { a.EBSCSI.VolumeKeyARN = "arn:aws:kms:eu-west-2:111111111111:key/x" }, "ebsCsi.volumeKeyArn", "in eu-west-1"},
		{"IPv6 without prefixes", func(a *addons.Args) { a.IPv6, a.VPCCNI.PrefixDelegation = true, new(false) }, "vpcCni.prefixDelegation", "ipv6"},
		{"IPv6 with custom networking", func(a *addons.Args) {
			a.IPv6 = true
			a.PodNetworks = []addons.PodNetwork{{ZoneName: pulumi.String("a"), SubnetID: pulumi.String("b")}}
		}, "vpcCni", "custom networking"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments(t)
			require.Empty(t, args.Problems())
			tc.change(args)
			got := args.Problems()
			require.Len(t, got, 1, "%v", got)
			assert.Equal(t, tc.path, got[0].Path)
			assert.Contains(t, got[0].Message, tc.text)
		})
	}
}

func TestTheRecommendedPinsOfEveryMinorAreAccepted(t *testing.T) {
	t.Parallel()
	for minor, pins := range map[string][2]string{
		"1.34": {"v1.34.6-eksbuild.29", "v1.12.4-eksbuild.38"},
		"1.35": {"v1.35.3-eksbuild.29", "v1.13.2-eksbuild.31"},
		"1.36": {"v1.36.0-eksbuild.25", "v1.14.3-eksbuild.23"},
	} {
		args := arguments(t)
		args.ClusterVersion, args.KubeProxy.Version, args.CoreDNS.Version = minor, pins[0], pins[1]
		assert.Empty(t, args.Problems(), minor)
	}
}

func TestTheSchemaRefusesWhatASettingCannotBe(t *testing.T) {
	t.Parallel()
	_, problems := read(t, strings.NewReplacer(
		`"vpcCni": {"version"`, `"vpcCni": {"prefixDelegaton": true, "version"`,
		`"v1.13.2-eksbuild.31"`, `"latest"`,
		`"kubeProxy": {"version"`, `"kubeProxy": {"mode": "nftables", "version"`,
	).Replace(stackFile))
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{"vpcCni.prefixDelegaton", "coredns.version", "kubeProxy.mode"}, paths)
}
