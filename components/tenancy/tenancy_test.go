package tenancy_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"

	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/schema"
)

const (
	roleType        = "aws:iam/role:Role"
	rolePolicyType  = "aws:iam/rolePolicy:RolePolicy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	entryType       = "aws:eks/accessEntry:AccessEntry"
	groupType       = "aws:ec2/securityGroup:SecurityGroup"
	ingressType     = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType      = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

	namespaceType     = "kubernetes:core/v1:Namespace"
	quotaType         = "kubernetes:core/v1:ResourceQuota"
	limitsType        = "kubernetes:core/v1:LimitRange"
	accountType       = "kubernetes:core/v1:ServiceAccount"
	networkPolicyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	bindingType       = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	priorityType      = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
	providerClassType = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
	groupPolicyType   = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"

	clusterType = "aws:eks/cluster:Cluster"
	releaseType = "kubernetes:helm.sh/v3:Release"
)

// stackFile has everything that the component can do.
const stackFile = `{
	"capacity": "spot",
	"quota": {"requests.cpu": "20", "limits.memory": "65536Mi", "pods": "100", "count/jobs.batch": "50"},
	"namespaces": [
		{"name": "dev"},
		{"name": "dev-shared", "podSecurity": "privileged", "quota": {}, "networkPolicy": {"egress": [], "peers": "environment"},
		 "limits": {"max": {"cpu": "4"}, "min": {"memory": "64Mi"}}}
	],
	"tenants": [
		{
			"name": "payments",
			"namespaces": [
				{"name": "dev-payments", "networkPolicy": {"loadBalancer": "public"}, "serviceAccounts": [
					{"name": "api", "secrets": ["dev/payments/db", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:shared/key-AbC123"],
					 "parameters": ["/dev/payments/url", "flag"],
					 "policyArns": ["arn:aws:iam::aws:policy/service-role/AmazonSSMReadOnlyAccess"],
					 "statements": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::payments/*"]}]},
					{"name": "legacy", "identity": "irsa"},
					{"name": "plain", "identity": "none"}
				]},
				{"name": "dev-payments-jobs", "networkPolicy": {
					"loadBalancer": "internal", "peers": "namespace",
					"egress": [{"cidrs": ["10.16.64.0/20"], "ports": [5432]}, {"cidrs": ["10.0.0.2/32"], "ports": [123], "protocol": "udp"}, {"cidrs": ["192.0.2.0/24"]}]
				}}
			],
			"access": [{"name": "developers", "principalArn": "arn:aws:iam::111111111111:role/payments", "role": "edit"},
			           {"name": "leads", "principalArn": "arn:aws:iam::111111111111:role/teams/lead", "role": "admin"}],
			"podSecurityGroup": {"serviceAccounts": ["api"]}
		},
		{"name": "search", "access": [{"name": "leads", "principalArn": "arn:aws:iam::111111111111:role/teams/lead", "role": "admin"}],
		 "podSecurityGroup": {}}
	],
	"access": [{"name": "support", "principalArn": "arn:aws:iam::111111111111:role/support", "role": "view"},
	           {"name": "leads", "principalArn": "arn:aws:iam::111111111111:role/teams/lead", "role": "view"}],
	"priorityClasses": [{"name": "batch", "value": -10, "preemption": false, "description": "can wait"}, {"name": "serving", "value": 1000}]
}`

// read decodes settings as the program does: checked by the schema, defaults filled in.
func read(t *testing.T, text string) (tenancy.Settings, problem.List) {
	t.Helper()
	raw, err := schema.Generate(&tenancy.Settings{}, "github.com/eks-platform/eks-platform")
	require.NoError(t, err)
	sch, err := schema.Parse(raw)
	require.NoError(t, err)
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var s tenancy.Settings
	problems, err := sch.Decode(value, &s)
	require.NoError(t, err)
	return s, problems
}

func arguments(t *testing.T, text string) *tenancy.Args {
	t.Helper()
	s, problems := read(t, text)
	require.Empty(t, problems)
	return &tenancy.Args{
		Settings: s, Environment: "dev", Region: "eu-west-1", AccountID: "111111111111", ClusterName: "nonprod",
		ClusterVersion: "1.35", NetworkPolicy: true, PodSecurityGroups: true, SecretsDriverInstalled: true,
		PublicSubnetCIDRs: []string{"10.16.0.0/24", "10.16.1.0/24"}, PrivateSubnetCIDRs: []string{"10.16.64.0/20"},
		VPCID: pulumi.String("vpc-1"), ClusterSecurityGroupID: pulumi.String("sg-cluster"),
		OIDC: &identity.OIDC{
			Issuer: pulumi.String("oidc.test/id/1"), ProviderARN: pulumi.String("arn:aws:iam::111111111111:oidc-provider/oidc.test/id/1"),
		},
		Tags: map[string]string{"cost-center": "web"},
	}
}

type resource struct{ pulumi.CustomResourceState }

type component struct{ pulumi.ResourceState }

// run registers a cluster and the secrets driver, and then an environment as the stacks do.
func run(t *testing.T, preview bool, args *tenancy.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error { return program(ctx, args) })
	require.NoError(t, err)
	return regs
}

func program(ctx *pulumi.Context, args *tenancy.Args) error {
	cloud, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
	if err != nil {
		return err
	}
	kube, err := kubernetes.NewProvider(ctx, "kubernetes", nil)
	if err != nil {
		return err
	}
	control, driver := &resource{}, &resource{}
	if err := ctx.RegisterResource(clusterType, "control", pulumi.Map{}, control, pulumi.Provider(cloud)); err != nil {
		return err
	}
	inCluster := &component{}
	if err := ctx.RegisterComponentResource("test:index:InCluster", "dev", inCluster,
		pulumi.Providers(kube), pulumi.DeletedWith(control)); err != nil {
		return err
	}
	if err := ctx.RegisterResource(releaseType, "secrets", pulumi.Map{}, driver, pulumi.Parent(inCluster)); err != nil {
		return err
	}
	args.ClusterNameOutput = control.ID().ApplyT(func(pulumi.ID) string { return "nonprod" }).(pulumi.StringOutput)
	args.SecretsDriver = []pulumi.Resource{driver}
	tenants, err := tenancy.New(ctx, "dev", args, pulumi.Providers(cloud))
	if err != nil {
		return err
	}
	return tenants.Install(ctx, pulumi.Parent(inCluster))
}

func one(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "%s %s is not among %v", token, name, regs.ByType(token).Names())
	return r
}

// object decodes a registration as the API server would: unknown fields are refused.
func object[T any](t *testing.T, r ptest.Registration) T {
	t.Helper()
	whole := map[string]any{}
	for key := range r.Inputs {
		whole[string(key)] = r.Input(string(key))
	}
	raw, err := json.Marshal(whole)
	require.NoError(t, err)
	var out T
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&out), "%s: %s", r.URN, raw)
	return out
}

func TestEveryChildIsBelowItsSideAndUsesThatSidesProvider(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{false, true} {
		regs := run(t, preview, arguments(t, stackFile))
		cloud, kube := 0, 0
		for _, r := range regs {
			switch {
			case strings.Contains(r.Parent, tenancy.Type):
				cloud++
				assert.Contains(t, r.Provider, "pulumi:providers:aws::aws", r.URN)
				assert.True(t, strings.HasPrefix(r.Type, "aws:"), r.URN)
				assert.Empty(t, r.DeletedWith, r.URN)
				for _, d := range r.Dependencies {
					assert.NotContains(t, d, "kubernetes:", "%s cannot be had without the cluster's inside", r.URN)
				}
			case strings.Contains(r.Parent, tenancy.NamespacesType):
				kube++
				assert.Contains(t, r.Provider, "pulumi:providers:kubernetes::kubernetes", r.URN)
				assert.True(t, strings.HasPrefix(r.Type, "kubernetes:"), r.URN)
				labels, _ := r.Input("metadata.labels").(map[string]any)
				assert.Equal(t, "eks-platform", labels["app.kubernetes.io/managed-by"], r.URN)
				assert.NotEmpty(t, labels["app.kubernetes.io/name"], r.URN)
				assert.NotEmpty(t, r.Input("metadata.name"), r.URN)
				if r.Type != namespaceType && r.Type != priorityType {
					namespace, _ := r.Input("metadata.namespace").(string)
					assert.True(t, r.DependsOn(one(t, regs, namespaceType, "dev-namespace-"+namespace).URN), r.URN)
				}
			}
		}
		// Two roles, an attachment, two policies, an association, two groups with three rules each, three access entries.
		assert.Equal(t, 17, cloud)
		// Five namespaces and limit ranges, four quotas, 22 network policies, 15 bindings, three accounts, a
		// SecretProviderClass, three SecurityGroupPolicies, two priority classes.
		assert.Equal(t, 60, kube)
	}
}

func TestANamespaceSaysWhoseItIsAndWhatItsPodsMay(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t, stackFile))
	assert.Equal(t, []string{
		"dev-namespace-dev", "dev-namespace-dev-payments", "dev-namespace-dev-payments-jobs", "dev-namespace-dev-search", "dev-namespace-dev-shared",
	}, regs.ByType(namespaceType).Names())
	n := object[corev1.Namespace](t, one(t, regs, namespaceType, "dev-namespace-dev-payments"))
	assert.Equal(t, "dev-payments", n.Name)
	assert.Equal(t, map[string]string{
		"app.kubernetes.io/name": "tenancy", "app.kubernetes.io/managed-by": "eks-platform",
		"eks-platform/environment": "dev", "eks-platform/tenant": "payments", "eks-platform/capacity": "spot",
		"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/enforce-version": "v1.35",
		"pod-security.kubernetes.io/audit": "restricted", "pod-security.kubernetes.io/audit-version": "v1.35",
		"pod-security.kubernetes.io/warn": "restricted", "pod-security.kubernetes.io/warn-version": "v1.35",
	}, n.Labels)
	shared := object[corev1.Namespace](t, one(t, regs, namespaceType, "dev-namespace-dev-shared"))
	assert.Equal(t, "privileged", shared.Labels["pod-security.kubernetes.io/enforce"])
	assert.NotContains(t, shared.Labels, "eks-platform/tenant")
}

func TestAnEnvironmentThatSaysNothingHasOneClosedNamespaceOnDemand(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t, `{}`))
	n := object[corev1.Namespace](t, one(t, regs, namespaceType, "dev-namespace-dev"))
	assert.NotContains(t, n.Labels, "eks-platform/capacity")
	assert.Empty(t, regs.ByType(quotaType))
	assert.Equal(t, []string{"dev-policy-dev.default-deny", "dev-policy-dev.dns", "dev-policy-dev.egress", "dev-policy-dev.peers"},
		regs.ByType(networkPolicyType).Names())
	limits := object[corev1.LimitRange](t, one(t, regs, limitsType, "dev-limits-dev"))
	require.Len(t, limits.Spec.Limits, 1)
	assert.Equal(t, "512Mi", limits.Spec.Limits[0].Default.Memory().String())
	assert.NotContains(t, limits.Spec.Limits[0].Default, corev1.ResourceCPU, "nothing is throttled that no quota counts")

	none := arguments(t, `{"namespaces": [], "tenants": [{"name": "web"}]}`)
	assert.Equal(t, []string{"dev-namespace-dev-web"}, run(t, false, none).ByType(namespaceType).Names())
}

func TestAQuotaComesWithTheDefaultsThatPlainPodsNeed(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t, stackFile))
	quota := object[corev1.ResourceQuota](t, one(t, regs, quotaType, "dev-quota-dev-search"))
	memory := quota.Spec.Hard[corev1.ResourceLimitsMemory]
	assert.Equal(t, "64Gi", one(t, regs, quotaType, "dev-quota-dev-search").Input("spec.hard").(map[string]any)["limits.memory"],
		"as the API server writes it")
	assert.EqualValues(t, 64<<30, memory.Value())
	assert.NotContains(t, regs.ByType(quotaType).Names(), "dev-quota-dev-shared", "an empty quota is none")

	all := arguments(t, `{"quota": {"cpu": "1", "limits.cpu": "2", "requests.memory": "1Gi", "limits.memory": "2Gi",
		"ephemeral-storage": "10Gi", "limits.ephemeral-storage": "20Gi"}}`)
	item := object[corev1.LimitRange](t, one(t, run(t, false, all), limitsType, "dev-limits-dev")).Spec.Limits[0]
	assert.Equal(t, corev1.LimitTypeContainer, item.Type)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		assert.Contains(t, item.Default, name)
		assert.Contains(t, item.DefaultRequest, name)
	}
	// What the API server would fill in is written down, so that a refresh finds nothing new.
	item = object[corev1.LimitRange](t, one(t, regs, limitsType, "dev-limits-dev-shared")).Spec.Limits[0]
	assert.Equal(t, "4", item.Default.Cpu().String())
	assert.Equal(t, "100m", item.DefaultRequest.Cpu().String())
	assert.Equal(t, "64Mi", item.Min.Memory().String())
}

func policies(t *testing.T, regs ptest.Registrations, namespace string) map[string]networkingv1.NetworkPolicySpec {
	t.Helper()
	out := map[string]networkingv1.NetworkPolicySpec{}
	for _, r := range regs.ByType(networkPolicyType) {
		if p := object[networkingv1.NetworkPolicy](t, r); p.Namespace == namespace {
			assert.Empty(t, p.Spec.PodSelector, "all pods of the namespace")
			out[p.Name] = p.Spec
		}
	}
	return out
}

func TestANamespaceDeniesEverythingAndAllowsWhatItMust(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t, stackFile))
	all := policies(t, regs, "dev-payments")
	require.Len(t, all, 6)
	deny := all["default-deny"]
	assert.Equal(t, []networkingv1.PolicyType{"Ingress", "Egress"}, deny.PolicyTypes)
	assert.Empty(t, deny.Ingress)
	assert.Empty(t, deny.Egress)

	dns := all["dns"]
	assert.Equal(t, []networkingv1.PolicyType{"Egress"}, dns.PolicyTypes)
	assert.Equal(t, map[string]string{"kubernetes.io/metadata.name": "kube-system"}, dns.Egress[0].To[0].NamespaceSelector.MatchLabels)
	assert.Equal(t, map[string]string{"k8s-app": "kube-dns"}, dns.Egress[0].To[0].PodSelector.MatchLabels)
	assert.Equal(t, []string{"UDP 53", "TCP 53"}, ports(dns.Egress[0].Ports))

	tenant := map[string]string{"eks-platform/environment": "dev", "eks-platform/tenant": "payments"}
	assert.Equal(t, tenant, all["peers"].Ingress[0].From[0].NamespaceSelector.MatchLabels)
	assert.Equal(t, tenant, all["peers"].Egress[0].To[0].NamespaceSelector.MatchLabels)

	assert.Equal(t, []string{"169.254.170.23/32"}, cidrs(all["pod-identity"].Egress[0].To))
	assert.Equal(t, []string{"TCP 80"}, ports(all["pod-identity"].Egress[0].Ports))
	assert.Equal(t, []networkingv1.PolicyType{"Ingress"}, all["load-balancers"].PolicyTypes)
	assert.Equal(t, []string{"10.16.0.0/24", "10.16.1.0/24"}, cidrs(all["load-balancers"].Ingress[0].From))
	assert.Equal(t, []string{"0.0.0.0/0"}, cidrs(all["egress"].Egress[0].To))
	assert.Equal(t, []string{"TCP 443"}, ports(all["egress"].Egress[0].Ports))

	jobs := policies(t, regs, "dev-payments-jobs")
	require.Len(t, jobs, 5, "no account of it has Pod Identity")
	assert.Nil(t, jobs["peers"].Ingress[0].From[0].NamespaceSelector, "its own pods alone")
	assert.NotNil(t, jobs["peers"].Ingress[0].From[0].PodSelector)
	assert.Equal(t, []string{"10.16.64.0/20"}, cidrs(jobs["load-balancers"].Ingress[0].From))
	require.Len(t, jobs["egress"].Egress, 3)
	assert.Equal(t, []string{"TCP 5432"}, ports(jobs["egress"].Egress[0].Ports))
	assert.Equal(t, []string{"UDP 123"}, ports(jobs["egress"].Egress[1].Ports))
	assert.Empty(t, jobs["egress"].Egress[2].Ports)

	shared := policies(t, regs, "dev-shared")
	assert.NotContains(t, shared, "egress", "an empty list allows nothing")
	assert.Equal(t, map[string]string{"eks-platform/environment": "dev"}, shared["peers"].Ingress[0].From[0].NamespaceSelector.MatchLabels)
	closed := policies(t, run(t, false, arguments(t, `{"networkPolicy": {"peers": "none", "egress": []}}`)), "dev")
	assert.Len(t, closed, 2, "default-deny and dns")
}

func TestAnIPv6ClustersPoliciesAreAboutIPv6Addresses(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"networkPolicy": {"loadBalancer": "publicAndInternal"}, "namespaces": [{"name": "dev", "serviceAccounts": [{"name": "api"}]}],
		"tenants": [{"name": "web", "podSecurityGroup": {"podLabels": {"db": "yes"}}}]}`)
	args.IPv6 = true
	args.PublicSubnetIPv6CIDRs = pulumi.StringArray{pulumi.String("2001:db8:0:6::/64")}
	args.PrivateSubnetIPv6CIDRs = pulumi.StringArray{pulumi.String("2001:db8::/64")}
	regs := run(t, false, args)
	all := policies(t, regs, "dev")
	assert.Equal(t, []string{"fd00:ec2::23/128"}, cidrs(all["pod-identity"].Egress[0].To))
	assert.Equal(t, []string{"::/0"}, cidrs(all["egress"].Egress[0].To))
	require.Len(t, all["load-balancers"].Ingress, 2)
	assert.Equal(t, []string{"2001:db8:0:6::/64"}, cidrs(all["load-balancers"].Ingress[0].From))
	assert.Equal(t, []string{"2001:db8::/64"}, cidrs(all["load-balancers"].Ingress[1].From))
	assert.Equal(t, []string{"dev-pods-web.out", "dev-pods-web.out-ipv6"}, regs.ByType(egressType).Names())
	assert.Equal(t, map[string]any{"matchLabels": map[string]any{"db": "yes"}}, one(t, regs, groupPolicyType, "dev-pods-dev-web").Input("spec.podSelector"))

	args.PublicSubnetIPv6CIDRs = nil
	_, err := ptest.Run(t, true, func(ctx *pulumi.Context) error { return program(ctx, args) })
	assert.ErrorContains(t, err, "let load balancers into namespace dev: the IPv6 ranges of the subnets are required")
}

func ports(all []networkingv1.NetworkPolicyPort) []string {
	var out []string
	for _, p := range all {
		out = append(out, string(*p.Protocol)+" "+p.Port.String())
	}
	return out
}

func cidrs(peers []networkingv1.NetworkPolicyPeer) []string {
	var out []string
	for _, p := range peers {
		out = append(out, p.IPBlock.CIDR)
	}
	return out
}

type document struct {
	Statement []struct{ Action, Resource []string }
}

func policyOf(t *testing.T, regs ptest.Registrations, name string) document {
	t.Helper()
	var doc document
	text, _ := one(t, regs, rolePolicyType, name).Input("policy").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	return doc
}

func TestAServiceAccountReadsItsOwnSecretsAndNothingElse(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t, stackFile))
	doc := policyOf(t, regs, "dev-dev-payments.api-policy.secrets")
	require.Len(t, doc.Statement, 2)
	assert.Equal(t, []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, doc.Statement[0].Action)
	assert.Equal(t, []string{
		"arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/payments/db-??????",
		"arn:aws:secretsmanager:eu-west-1:111111111111:secret:shared/key-AbC123",
	}, doc.Statement[0].Resource)
	assert.Equal(t, []string{"ssm:GetParameters", "ssm:GetParameter"}, doc.Statement[1].Action)
	assert.Equal(t, []string{
		"arn:aws:ssm:eu-west-1:111111111111:parameter/dev/payments/url", "arn:aws:ssm:eu-west-1:111111111111:parameter/flag",
	}, doc.Statement[1].Resource)

	class := one(t, regs, providerClassType, "dev-secrets-dev-payments.api")
	assert.Equal(t, "api", class.Input("metadata.name"))
	assert.Equal(t, "aws", class.Input("spec.provider"))
	assert.Equal(t, "eu-west-1", class.Input("spec.parameters.region"))
	assert.Equal(t, "true", class.Input("spec.parameters.usePodIdentity"))
	objects, _ := class.Input("spec.parameters.objects").(string)
	assert.JSONEq(t, `[
		{"objectName": "dev/payments/db", "objectType": "secretsmanager"},
		{"objectName": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:shared/key-AbC123", "objectType": "secretsmanager", "objectAlias": "shared/key"},
		{"objectName": "/dev/payments/url", "objectType": "ssmparameter"},
		{"objectName": "flag", "objectType": "ssmparameter"}]`, objects)
	assert.True(t, class.DependsOn(one(t, regs, releaseType, "secrets").URN), "the kind comes with the driver")
}

func TestAServiceAccountActsAsItsRole(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t, stackFile))
	assert.Equal(t, []string{"dev-dev-payments.api", "dev-dev-payments.legacy"}, regs.ByType(roleType).Names())
	own := policyOf(t, regs, "dev-dev-payments.api-policy.own")
	assert.Equal(t, []string{"s3:GetObject"}, own.Statement[0].Action)
	assert.Equal(t, []string{"arn:aws:s3:::payments/*"}, own.Statement[0].Resource)
	require.Len(t, regs.ByType(attachmentType), 1)
	attached := regs.ByType(attachmentType)[0]
	assert.Regexp(t, `^dev-dev-payments\.api-policy\.AmazonSSMReadOnlyAccess-[0-9a-f]{8}$`, attached.Name)
	assert.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonSSMReadOnlyAccess", attached.Input("policyArn"))

	association := one(t, regs, associationType, "dev-dev-payments.api-association")
	assert.Equal(t, "dev-payments", association.Input("namespace"))
	assert.Equal(t, "api", association.Input("serviceAccount"))
	assert.Contains(t, regs.WaitsFor(association.URN), one(t, regs, clusterType, "control").URN)
	for _, role := range regs.ByType(roleType) {
		assert.NotContains(t, regs.WaitsFor(role.URN), one(t, regs, clusterType, "control").URN, "roles wait for nothing")
	}

	legacy := object[corev1.ServiceAccount](t, one(t, regs, accountType, "dev-account-dev-payments.legacy"))
	assert.Equal(t, map[string]string{"eks.amazonaws.com/role-arn": ptest.ARN(roleType, "dev-dev-payments.legacy")}, legacy.Annotations)
	for _, name := range []string{"api", "plain"} {
		sa := object[corev1.ServiceAccount](t, one(t, regs, accountType, "dev-account-dev-payments."+name))
		assert.Empty(t, sa.Annotations, name)
		assert.Equal(t, "dev-payments", sa.Namespace)
	}
}

func TestAPrincipalHasOneAccessEntryWithAllItsGroups(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t, stackFile))
	groups := map[string]any{}
	for _, e := range regs.ByType(entryType) {
		arn, _ := e.Input("principalArn").(string)
		groups[arn] = e.Input("kubernetesGroups")
		assert.Equal(t, "nonprod", e.Input("clusterName"))
		assert.Regexp(t, `^dev-access-[a-z]+-[0-9a-f]{8}$`, e.Name, "named after the principal")
	}
	assert.Equal(t, map[string]any{
		"arn:aws:iam::111111111111:role/support":    []any{"dev:support"},
		"arn:aws:iam::111111111111:role/payments":   []any{"dev:payments:developers"},
		"arn:aws:iam::111111111111:role/teams/lead": []any{"dev:leads", "dev:payments:leads", "dev:search:leads"},
	}, groups)

	bound := map[string][]string{}
	for _, r := range regs.ByType(bindingType) {
		b := object[rbacv1.RoleBinding](t, r)
		require.Len(t, b.Subjects, 1)
		assert.Equal(t, rbacv1.Subject{Kind: "Group", APIGroup: "rbac.authorization.k8s.io", Name: b.Name}, b.Subjects[0])
		assert.Equal(t, "ClusterRole", b.RoleRef.Kind)
		bound[b.Namespace] = append(bound[b.Namespace], b.Name+" "+b.RoleRef.Name)
	}
	for _, all := range bound {
		slices.Sort(all)
	}
	own := []string{"dev:leads view", "dev:support view"}
	payments := []string{"dev:leads view", "dev:payments:developers edit", "dev:payments:leads admin", "dev:support view"}
	assert.Equal(t, map[string][]string{
		"dev": own, "dev-shared": own, "dev-payments": payments, "dev-payments-jobs": payments,
		"dev-search": {"dev:leads view", "dev:search:leads admin", "dev:support view"},
	}, bound)
}

func TestATenantsPodsAreInItsSecurityGroupAndTheClusters(t *testing.T) {
	t.Parallel()
	regs := run(t, false, arguments(t, stackFile))
	group := one(t, regs, groupType, "dev-pods-payments")
	assert.Equal(t, map[string]any{"cost-center": "web", "Name": "dev-pods-payments"}, group.Input("tags"))
	assert.Equal(t, "dev-pods-payments-id", one(t, regs, ingressType, "dev-pods-payments.self").Input("referencedSecurityGroupId"))
	assert.Equal(t, "sg-cluster", one(t, regs, ingressType, "dev-pods-payments.cluster").Input("referencedSecurityGroupId"))
	assert.Equal(t, "0.0.0.0/0", one(t, regs, egressType, "dev-pods-payments.out").Input("cidrIpv4"))
	assert.Equal(t, []string{"dev-pods-payments.out", "dev-pods-search.out"}, regs.ByType(egressType).Names())

	assert.Equal(t, []string{"dev-pods-dev-payments", "dev-pods-dev-payments-jobs", "dev-pods-dev-search"}, regs.ByType(groupPolicyType).Names())
	policy := one(t, regs, groupPolicyType, "dev-pods-dev-payments")
	assert.Equal(t, []any{"dev-pods-payments-id", "sg-cluster"}, policy.Input("spec.securityGroups.groupIds"))
	assert.Equal(t, map[string]any{"matchExpressions": []any{
		map[string]any{"key": "app.kubernetes.io/name", "operator": "In", "values": []any{"api"}},
	}}, policy.Input("spec.serviceAccountSelector"))
	api := object[corev1.ServiceAccount](t, one(t, regs, accountType, "dev-account-dev-payments.api"))
	assert.Equal(t, "api", api.Labels["app.kubernetes.io/name"], "what the selector selects")
	assert.Equal(t, map[string]any{}, one(t, regs, groupPolicyType, "dev-pods-dev-search").Input("spec.podSelector"), "all pods")
	assert.True(t, one(t, regs, namespaceType, "dev-namespace-dev-search").DependsOn(one(t, regs, groupType, "dev-pods-search").URN),
		"the pods go before their group")
}

func TestPriorityClassesStayWithinTheirEnvironment(t *testing.T) {
	t.Parallel()
	regs := run(t, true, arguments(t, stackFile))
	batch := object[schedulingv1.PriorityClass](t, one(t, regs, priorityType, "dev-priority-batch"))
	assert.Equal(t, "dev-batch", batch.Name)
	assert.EqualValues(t, -10, batch.Value)
	assert.Equal(t, corev1.PreemptNever, *batch.PreemptionPolicy)
	assert.Equal(t, "can wait", batch.Description)
	serving := object[schedulingv1.PriorityClass](t, one(t, regs, priorityType, "dev-priority-serving"))
	assert.Equal(t, corev1.PreemptLowerPriority, *serving.PreemptionPolicy)
	for _, r := range regs.ByType(priorityType) {
		assert.Equal(t, []string{"value", "preemptionPolicy"}, r.ReplaceOnChanges, "which Kubernetes does not change in place")
		assert.True(t, r.DeleteBeforeReplace, "the new one has the old one's name")
		assert.False(t, object[schedulingv1.PriorityClass](t, r).GlobalDefault, r.Name)
	}
}

func TestANewTenantIsExactlyItsOwnObjects(t *testing.T) {
	t.Parallel()
	before := arguments(t, stackFile)
	after := arguments(t, stackFile)
	added := arguments(t, `{"tenants": [{"name": "web", "access": [{"name": "developers", "principalArn": "arn:aws:iam::111111111111:role/web", "role": "edit"}],
		"namespaces": [{"name": "dev-web", "serviceAccounts": [{"name": "api", "parameters": ["/dev/web/url"]}]}], "podSecurityGroup": {}}]}`).Tenants
	after.Tenants = slices.Concat(after.Tenants[:1], added, after.Tenants[1:]) // in the middle, which would move indexes
	for _, preview := range []bool{false, true} {
		old, new := run(t, preview, before), run(t, preview, after)
		for _, r := range old {
			now, still := new.ByURN(r.URN)
			require.True(t, still, "%s would be deleted", r.URN)
			if r.Custom {
				assert.Equal(t, r, now, "%s would change", r.URN)
			}
		}
		var names []string
		for _, r := range new {
			if _, had := old.ByURN(r.URN); !had {
				names = append(names, r.Type[strings.LastIndex(r.Type, ":")+1:]+" "+r.Name)
			}
		}
		slices.Sort(names)
		entry := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, "AccessEntry dev-access-web-") })
		require.GreaterOrEqual(t, entry, 0)
		assert.Equal(t, []string{
			"LimitRange dev-limits-dev-web",
			"Namespace dev-namespace-dev-web",
			"NetworkPolicy dev-policy-dev-web.default-deny",
			"NetworkPolicy dev-policy-dev-web.dns",
			"NetworkPolicy dev-policy-dev-web.egress",
			"NetworkPolicy dev-policy-dev-web.peers",
			"NetworkPolicy dev-policy-dev-web.pod-identity",
			"PodIdentityAssociation dev-dev-web.api-association",
			"ResourceQuota dev-quota-dev-web",
			"Role dev-dev-web.api",
			"RoleBinding dev-access-dev-web.leads",
			"RoleBinding dev-access-dev-web.support",
			"RoleBinding dev-access-dev-web.web.developers",
			"RolePolicy dev-dev-web.api-policy.secrets",
			"SecretProviderClass dev-secrets-dev-web.api",
			"SecurityGroup dev-pods-web",
			"SecurityGroupEgressRule dev-pods-web.out",
			"SecurityGroupIngressRule dev-pods-web.cluster",
			"SecurityGroupIngressRule dev-pods-web.self",
			"SecurityGroupPolicy dev-pods-dev-web",
			"ServiceAccount dev-account-dev-web.api",
		}, slices.Delete(names, entry, entry+1))
	}
}

func TestNamesThatReadAlikeAreNotOneName(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"namespaces": [
		{"name": "dev-a", "serviceAccounts": [{"name": "b-c", "secrets": ["x"], "policyArns": ["arn:aws:iam::aws:policy/P", "arn:aws:iam::111111111111:policy/P"]}]},
		{"name": "dev-a-b", "serviceAccounts": [{"name": "c", "secrets": ["x"]}]}],
		"tenants": [{"name": "a", "namespaces": [{"name": "dev-t"}], "access": [{"name": "b-c", "principalArn": "arn:aws:iam::111111111111:role/one/r", "role": "view"}]},
			{"name": "a-b", "namespaces": [{"name": "dev-t-a"}], "access": [{"name": "c", "principalArn": "arn:aws:iam::111111111111:role/two/r", "role": "view"}]}]}`)
	regs := run(t, false, args) // which fails where two resources have one URN
	assert.Len(t, regs.ByType(roleType), 2)
	assert.Len(t, regs.ByType(attachmentType), 2)
	assert.Len(t, regs.ByType(entryType), 2)
}
