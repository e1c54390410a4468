package cluster_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	clusterType     = "aws:eks/cluster:Cluster"
	roleType        = "aws:iam/role:Role"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	keyType         = "aws:kms/key:Key"
	aliasType       = "aws:kms/alias:Alias"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	entryType       = "aws:eks/accessEntry:AccessEntry"
	associationType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	oidcType        = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	sinkType        = "test:index:Sink"
)

func settings() cluster.Settings {
	return cluster.Settings{
		Name:    "nonprod",
		Version: "1.35",
		Access: []cluster.Access{
			{
				Name: "admins", PrincipalARN: "arn:aws:iam::111111111111:role/platform-admin",
				Policies: []cluster.AccessPolicy{{Policy: "AmazonEKSClusterAdminPolicy"}},
			},
			{
				Name: "team-a", PrincipalARN: "arn:aws:iam::111111111111:role/teams/a", Username: "team-a",
				KubernetesGroups: []string{"team-a"},
				Policies: []cluster.AccessPolicy{
					{Policy: "AmazonEKSEditPolicy", Namespaces: []string{"team-a", "team-a-*"}},
					{Policy: "AmazonEKSViewPolicy"},
				},
			},
		},
	}
}

func arguments() *cluster.Args {
	return &cluster.Args{
		Settings: settings(), Region: "eu-west-1", AccountID: "111111111111",
		VPCID: pulumi.String("vpc-1"), SubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}),
		Tags: map[string]string{"environment": "dev"},
	}
}

type sink struct{ pulumi.CustomResourceState }

// run registers a cluster, and a sink that receives its kubeconfig and issuer.
func run(t *testing.T, preview bool, args *cluster.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(args.Region)})
		if err != nil {
			return err
		}
		c, err := cluster.New(ctx, "nonprod", args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		if err := c.Grant(ctx); err != nil {
			return err
		}
		return ctx.RegisterResource(sinkType, "sink", pulumi.Map{
			"kubeconfig": c.Kubeconfig(args.Region), "issuer": c.OIDCIssuer, "provider": c.OIDCProviderARN,
			"logGroup": c.LogGroupName, "name": c.Name, "serviceCidr": c.ServiceCIDR,
		}, &sink{})
	})
	require.NoError(t, err)
	return regs
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.ByType(token).Names())
	return r
}

func TestEveryChildHasTheComponentAsParentAndAnExplicitProvider(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		args := arguments()
		args.Logs.KMS = true
		args.PodSecurityGroups = true
		regs := run(t, preview, args)
		children := regs.WithTypePrefix("aws:")
		require.Len(t, children, 15)
		for _, r := range children {
			assert.Contains(t, r.Parent, cluster.Type, r.URN)
			assert.Contains(t, r.Provider, "pulumi:providers:aws::aws", r.URN)
			if !slices.Contains([]string{attachmentType, aliasType, associationType}, r.Type) {
				assert.Equal(t, "dev", r.Input("tags.environment"), r.URN)
				assert.NotEmpty(t, r.Input("tags.Name"), r.URN)
			}
		}
	}
}

func TestTheControlPlaneIsPrivateAndHasWhatProductionNeeds(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments())
		c := one(t, regs, clusterType, "nonprod-cluster")
		assert.Equal(t, "nonprod", c.Input("name"))
		assert.Equal(t, "1.35", c.Input("version"))
		assert.Equal(t, map[string]any{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false}, c.Input("accessConfig"))
		assert.Equal(t, false, c.Input("bootstrapSelfManagedAddons"))
		assert.Equal(t, map[string]any{
			"endpointPrivateAccess": true, "endpointPublicAccess": false, "subnetIds": []any{"subnet-1", "subnet-2"},
		}, c.Input("vpcConfig"))
		assert.Equal(t, []any{"api", "audit", "authenticator", "controllerManager", "scheduler"}, c.Input("enabledClusterLogTypes"))
		assert.Equal(t, map[string]any{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"}, c.Input("kubernetesNetworkConfig"))
		assert.Equal(t, "STANDARD", c.Input("upgradePolicy.supportType"))
		assert.Equal(t, false, c.Input("zonalShiftConfig.enabled"))
		assert.Equal(t, []any{"secrets"}, c.Input("encryptionConfig.resources"))
		assert.ElementsMatch(t, []string{"bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions"}, c.IgnoreChanges)
		if !preview {
			assert.Equal(t, ptest.ARN(roleType, "nonprod-control-plane"), c.Input("roleArn"))
			assert.Equal(t, ptest.ARN(keyType, "nonprod-secrets"), c.Input("encryptionConfig.provider.keyArn"))
		}
	}
}

func TestTheControlPlaneWaitsForItsRolePermissionsKeyAndLogGroupOnly(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments())
	c := one(t, regs, clusterType, "nonprod-cluster")
	var waits []string
	for _, urn := range regs.WaitsFor(c.URN) {
		if r, ok := regs.ByURN(urn); ok && strings.HasPrefix(r.Type, "aws:") {
			waits = append(waits, r.Type+" "+r.Name)
		}
	}
	assert.ElementsMatch(t, []string{
		roleType + " nonprod-control-plane",
		attachmentType + " nonprod-control-plane-AmazonEKSClusterPolicy",
		keyType + " nonprod-secrets",
		logGroupType + " nonprod-control-plane",
	}, waits)
}

func TestInputsAreEverythingThatTheControlPlaneWaitsFor(t *testing.T) {
	t.Parallel()
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		args := arguments()
		args.PodSecurityGroups = true
		c, err := cluster.New(ctx, "nonprod", args)
		if err != nil {
			return err
		}
		inputs := c.Inputs()
		// role, two attachments, key, log group, subnets
		assert.Len(t, inputs, 6)
		for _, o := range inputs {
			assert.NotNil(t, o)
		}
		return c.Grant(ctx)
	})
	require.NoError(t, err)
}

func TestProtectCoversWhatMustNotBeLostAndNothingElse(t *testing.T) {
	t.Parallel()
	protected := func(args *cluster.Args) []string {
		var out []string
		for _, r := range run(t, false, args) {
			if r.Protect {
				out = append(out, r.Type+" "+r.Name)
			}
		}
		return out
	}
	args := arguments()
	args.Logs.KMS = true
	assert.ElementsMatch(t, []string{
		clusterType + " nonprod-cluster", roleType + " nonprod-control-plane", logGroupType + " nonprod-control-plane",
		keyType + " nonprod-secrets", keyType + " nonprod-logs",
	}, protected(args))
	off := false
	args.Protect = &off
	assert.Empty(t, protected(args))
}

func TestTheEndpointFollowsItsAccess(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		endpoint cluster.Endpoint
		want     map[string]any
	}{
		{"private", cluster.Endpoint{Access: cluster.Private}, map[string]any{
			"endpointPrivateAccess": true, "endpointPublicAccess": false,
		}},
		{"private and public", cluster.Endpoint{Access: cluster.PrivateAndPublic, PublicCIDRs: []string{"203.0.113.0/24"}}, map[string]any{
			"endpointPrivateAccess": true, "endpointPublicAccess": true, "publicAccessCidrs": []any{"203.0.113.0/24"},
		}},
		{"public", cluster.Endpoint{Access: cluster.Public}, map[string]any{
			"endpointPrivateAccess": false, "endpointPublicAccess": true, "publicAccessCidrs": []any{"0.0.0.0/0"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments()
			args.Endpoint = tc.endpoint
			c := one(t, run(t, false, args), clusterType, "nonprod-cluster")
			tc.want["subnetIds"] = []any{"subnet-1", "subnet-2"}
			assert.Equal(t, tc.want, c.Input("vpcConfig"))
		})
	}
}

func TestAnIPv6ClusterNamesNoServiceRange(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.IPFamily = cluster.IPv6
	args.VPCCIDRs = []string{"172.16.0.0/12"} // would overlap the range that is not used
	c := one(t, run(t, false, args), clusterType, "nonprod-cluster")
	assert.Equal(t, map[string]any{"ipFamily": "ipv6"}, c.Input("kubernetesNetworkConfig"))
}

func TestTheServiceRangeIsOursOnIPv4AndTheClustersOnIPv6(t *testing.T) {
	t.Parallel()
	args := arguments()
	for _, preview := range []bool{true, false} {
		assert.Equal(t, "172.20.0.0/16", one(t, run(t, preview, args), sinkType, "sink").Input("serviceCidr"))
	}
	args.IPFamily = cluster.IPv6
	assert.Equal(t, ptest.IPv6Services, one(t, run(t, false, args), sinkType, "sink").Input("serviceCidr"))
}

func TestTheWholeInternetIsOfBothFamiliesOnIPv6(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.IPFamily, args.Endpoint.Access = cluster.IPv6, cluster.Public
	c := one(t, run(t, false, args), clusterType, "nonprod-cluster")
	assert.Equal(t, []any{"0.0.0.0/0", "::/0"}, c.Input("vpcConfig.publicAccessCidrs"))
}

func TestTheLogGroupIsOursBeforeEKSCanMakeIt(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Logs = cluster.Logs{Types: []cluster.LogType{"scheduler", "audit"}, RetentionDays: 365}
	regs := run(t, false, args)
	group := one(t, regs, logGroupType, "nonprod-control-plane")
	assert.Equal(t, "/aws/eks/nonprod/cluster", group.Input("name"))
	assert.EqualValues(t, 365, group.Input("retentionInDays"))
	assert.Nil(t, group.Input("kmsKeyId"))
	c := one(t, regs, clusterType, "nonprod-cluster")
	assert.True(t, c.DependsOn(group.URN))
	assert.Equal(t, []any{"audit", "scheduler"}, c.Input("enabledClusterLogTypes"))
}

type statement struct {
	Sid       string
	Effect    string
	Principal map[string][]string
	Action    []string
	Condition map[string]map[string][]string
}

func policy(t *testing.T, key ptest.Registration) []statement {
	t.Helper()
	text, ok := key.Input("policy").(string)
	require.True(t, ok)
	var doc struct{ Statement []statement }
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	return doc.Statement
}

func TestKeyPoliciesLetTheAccountAdministerButNotDecrypt(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Logs.KMS = true
	args.KeyDeletionWindowDays = 7
	regs := run(t, false, args)
	account := map[string][]string{"AWS": {"arn:aws:iam::111111111111:root"}}
	reading := []string{"kms:*", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:Create*", "*"}

	for _, key := range regs.ByType(keyType) {
		assert.Equal(t, true, key.Input("enableKeyRotation"), key.Name)
		assert.EqualValues(t, 7, key.Input("deletionWindowInDays"), key.Name)
		admin := policy(t, key)[0]
		assert.Equal(t, account, admin.Principal)
		assert.Contains(t, admin.Action, "kms:Put*", "else the key's policy could never be changed again")
		for _, a := range reading {
			assert.NotContains(t, admin.Action, a, key.Name)
		}
	}
	secrets := policy(t, one(t, regs, keyType, "nonprod-secrets"))
	require.Len(t, secrets, 2)
	assert.Equal(t, []string{"kms:CreateGrant"}, secrets[1].Action)
	assert.Empty(t, secrets[1].Condition, "EKS does not support conditions on the grant")

	logs := policy(t, one(t, regs, keyType, "nonprod-logs"))
	require.Len(t, logs, 2)
	assert.Equal(t, map[string][]string{"Service": {"logs.eu-west-1.amazonaws.com"}}, logs[1].Principal)
	assert.Equal(t, []string{"arn:aws:logs:eu-west-1:111111111111:log-group:/aws/eks/nonprod/cluster"},
		logs[1].Condition["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"])
	assert.Equal(t, ptest.ARN(keyType, "nonprod-logs"), one(t, regs, logGroupType, "nonprod-control-plane").Input("kmsKeyId"))
	assert.Equal(t, []string{"nonprod-logs", "nonprod-secrets"}, regs.ByType(aliasType).Names())
}

func TestAKeyOfTheirOwnTakesThePlaceOfOurs(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.SecretsKeyARN = "arn:aws:kms:eu-west-1:111111111111:key/0a1b"
	regs := run(t, true, args)
	assert.Empty(t, regs.ByType(keyType))
	assert.Empty(t, regs.ByType(aliasType))
	c := one(t, regs, clusterType, "nonprod-cluster")
	assert.Equal(t, args.SecretsKeyARN, c.Input("encryptionConfig.provider.keyArn"))
	assert.Equal(t, []string{"encryptionConfig.provider.keyArn", "vpcConfig.subnetIds"}, c.ReplaceOnChanges)
	assert.Equal(t, "vpc-1", c.ReplacementTrigger, "no cluster moves to another VPC")
	assert.True(t, c.DeleteBeforeReplace, "the name is taken until the cluster is gone")
}

func TestAccessComesFromEntriesWithScopedPolicies(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments())
	assert.Equal(t, []string{"nonprod-access-admins", "nonprod-access-team-a"}, regs.ByType(entryType).Names())
	team := one(t, regs, entryType, "nonprod-access-team-a")
	assert.Equal(t, "arn:aws:iam::111111111111:role/teams/a", team.Input("principalArn"))
	assert.Equal(t, "team-a", team.Input("userName"))
	assert.Equal(t, []any{"team-a"}, team.Input("kubernetesGroups"))
	assert.Equal(t, []any{}, one(t, regs, entryType, "nonprod-access-admins").Input("kubernetesGroups"))

	edit := one(t, regs, associationType, "nonprod-access-team-a-AmazonEKSEditPolicy")
	assert.Equal(t, "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy", edit.Input("policyArn"))
	assert.Equal(t, map[string]any{"type": "namespace", "namespaces": []any{"team-a", "team-a-*"}}, edit.Input("accessScope"))
	view := one(t, regs, associationType, "nonprod-access-team-a-AmazonEKSViewPolicy")
	assert.Equal(t, map[string]any{"type": "cluster"}, view.Input("accessScope"))
	for _, a := range regs.ByType(associationType) {
		assert.True(t, a.DeleteBeforeReplace, "%s: the replacement has the identity of what it replaces", a.Name)
	}
	assert.True(t, edit.DependsOn(team.URN))
	assert.True(t, team.DependsOn(one(t, regs, clusterType, "nonprod-cluster").URN))
}

func TestTheOIDCProviderIsTheClustersIssuerWithoutThumbprints(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments())
	p := one(t, regs, oidcType, "nonprod-oidc")
	assert.Equal(t, "https://oidc.eks.test/id/nonprod-cluster", p.Input("url"))
	assert.Equal(t, []any{"sts.amazonaws.com"}, p.Input("clientIdLists"))
	assert.Nil(t, p.Input("thumbprintLists"))
	out := one(t, regs, sinkType, "sink")
	assert.Equal(t, "oidc.eks.test/id/nonprod-cluster", out.Input("issuer"))
	assert.Equal(t, ptest.ARN(oidcType, "nonprod-oidc"), out.Input("provider"))
}

func TestTheKubeconfigSignsInWithTheCallersOwnCredentials(t *testing.T) {
	t.Parallel()
	text, ok := one(t, run(t, false, arguments()), sinkType, "sink").Input("kubeconfig").(string)
	require.True(t, ok)
	var got clientcmd.Config
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &got))
	require.Len(t, got.Clusters, 1)
	assert.Equal(t, clientcmd.Cluster{
		Server: "https://nonprod-cluster.eks.test", CertificateAuthorityData: []byte("ca"),
	}, got.Clusters[0].Cluster)
	require.Len(t, got.AuthInfos, 1)
	exec := got.AuthInfos[0].AuthInfo.Exec
	require.NotNil(t, exec)
	assert.Equal(t, "client.authentication.k8s.io/v1beta1", exec.APIVersion)
	assert.Equal(t, "aws eks get-token --cluster-name nonprod --region eu-west-1 --output json",
		strings.Join(append([]string{exec.Command}, exec.Args...), " "))
	assert.Empty(t, exec.Env, "a profile would tie it to one machine")
	require.Len(t, got.Contexts, 1)
	assert.Equal(t, got.Contexts[0].Name, got.CurrentContext)
}

func TestAPreviewOfAFreshClusterKnowsItsNameAndNotItsEndpoint(t *testing.T) {
	t.Parallel()
	out := one(t, run(t, true, arguments()), sinkType, "sink")
	assert.Equal(t, "nonprod", out.Input("name"))
	assert.Equal(t, "/aws/eks/nonprod/cluster", out.Input("logGroup"))
	assert.True(t, out.Inputs["kubeconfig"].IsComputed())
}

func TestSecurityGroupsForPodsNeedAPolicyOnTheClustersRole(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.PodSecurityGroups = true
	regs := run(t, false, args)
	a := one(t, regs, attachmentType, "nonprod-control-plane-AmazonEKSVPCResourceController")
	assert.Equal(t, "arn:aws:iam::aws:policy/AmazonEKSVPCResourceController", a.Input("policyArn"))
	assert.True(t, one(t, regs, clusterType, "nonprod-cluster").DependsOn(a.URN))
}

func TestARNsAreOfTheRegionsPartition(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Region = "cn-north-1"
	args.Logs.KMS = true
	for i := range args.Access {
		args.Access[i].PrincipalARN = strings.Replace(args.Access[i].PrincipalARN, "arn:aws:", "arn:aws-cn:", 1)
	}
	regs := run(t, true, args)
	for _, r := range regs.WithTypePrefix("aws:") {
		raw, err := json.Marshal(r.Inputs.Mappable())
		require.NoError(t, err)
		assert.NotContains(t, string(raw), "arn:aws:", r.URN)
	}
	assert.Contains(t, one(t, regs, keyType, "nonprod-logs").Input("policy"), "logs.cn-north-1.amazonaws.com.cn")
}

func TestSettingsLeftOutInGoMeanWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	raw, err := schema.Generate(&cluster.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	s, err := schema.Parse(raw)
	require.NoError(t, err)
	short, err := json.Marshal(settings())
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal(short, &value))
	var filled cluster.Settings
	problems, err := s.Decode(value, &filled)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NotEqual(t, settings(), filled, "the schema filled nothing in")

	args := arguments()
	args.Settings = filled
	want, got := run(t, false, arguments()), run(t, false, args)
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, want[i], got[i])
	}
}

func TestInvalidArgumentsRegisterNothing(t *testing.T) {
	t.Parallel()
	args := arguments()
	args.Version = "1.20"
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := cluster.New(ctx, "nonprod", args)
		return err
	})
	require.ErrorContains(t, err, `version: "1.20" is not supported; choose one of 1.34, 1.35, 1.36`)
	assert.Empty(t, regs)

	args = arguments()
	args.SubnetIDs = nil
	regs, err = ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := cluster.New(ctx, "nonprod", args)
		return err
	})
	require.ErrorContains(t, err, "field SubnetIDs of Args is required")
	assert.Empty(t, regs)
}
