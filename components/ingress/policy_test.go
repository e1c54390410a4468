package ingress_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/ingress"
)

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string
}

// policies returns the statements of both policies, and their length together.
func policies(t *testing.T, change func(*ingress.Args)) (statements []statement, length int) {
	t.Helper()
	regs := register(t, false, change)
	for _, name := range []string{"balancing", "security-groups"} {
		text, ok := one(t, regs, policyType, "nonprod-load-balancer-controller-"+name).Input("policy").(string)
		require.True(t, ok)
		var doc struct{ Statement []statement }
		require.NoError(t, json.Unmarshal([]byte(text), &doc))
		statements = append(statements, doc.Statement...)
		length += len(text)
	}
	return statements, length
}

func all(a *ingress.Args) { a.WAF, a.Shield, a.Cognito = true, true, true }

// upstream are the actions of the controller's policy for v3.5.0
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json), without
// those of WAF Classic.
const upstream = `iam:CreateServiceLinkedRole
ec2:DescribeAccountAttributes ec2:DescribeAddresses ec2:DescribeAvailabilityZones ec2:DescribeInternetGateways
ec2:DescribeVpcs ec2:DescribeVpcPeeringConnections ec2:DescribeSubnets ec2:DescribeSecurityGroups ec2:DescribeInstances
ec2:DescribeNetworkInterfaces ec2:DescribeTags ec2:GetCoipPoolUsage ec2:DescribeCoipPools ec2:GetSecurityGroupsForVpc
ec2:DescribeIpamPools ec2:DescribeRouteTables
elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes
elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerCertificates
elasticloadbalancing:DescribeSSLPolicies elasticloadbalancing:DescribeRules elasticloadbalancing:DescribeTargetGroups
elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeTargetHealth
elasticloadbalancing:DescribeTags elasticloadbalancing:DescribeTrustStores elasticloadbalancing:DescribeListenerAttributes
elasticloadbalancing:DescribeCapacityReservation
cognito-idp:DescribeUserPoolClient acm:ListCertificates acm:DescribeCertificate iam:ListServerCertificates
iam:GetServerCertificate wafv2:GetWebACL wafv2:GetWebACLForResource wafv2:AssociateWebACL wafv2:DisassociateWebACL
shield:GetSubscriptionState shield:DescribeProtection shield:CreateProtection shield:DeleteProtection
ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress ec2:CreateSecurityGroup ec2:CreateTags ec2:DeleteTags
ec2:DeleteSecurityGroup
elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:CreateTargetGroup elasticloadbalancing:CreateListener
elasticloadbalancing:DeleteListener elasticloadbalancing:CreateRule elasticloadbalancing:DeleteRule
elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags elasticloadbalancing:ModifyLoadBalancerAttributes
elasticloadbalancing:SetIpAddressType elasticloadbalancing:SetSecurityGroups elasticloadbalancing:SetSubnets
elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:ModifyTargetGroup
elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:DeleteTargetGroup
elasticloadbalancing:ModifyListenerAttributes elasticloadbalancing:ModifyCapacityReservation
elasticloadbalancing:ModifyIpPools elasticloadbalancing:RegisterTargets elasticloadbalancing:DeregisterTargets
elasticloadbalancing:SetWebAcl elasticloadbalancing:ModifyListener elasticloadbalancing:AddListenerCertificates
elasticloadbalancing:RemoveListenerCertificates elasticloadbalancing:ModifyRule elasticloadbalancing:SetRulePriorities`

func actions(statements []statement) []string {
	var out []string
	for _, s := range statements {
		out = append(out, s.Action...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTheControllerMayCallWhatItCallsAndNothingElse(t *testing.T) {
	t.Parallel()
	statements, _ := policies(t, all)
	assert.ElementsMatch(t, strings.Fields(upstream), actions(statements))
	for _, s := range statements {
		assert.Equal(t, "Allow", s.Effect, s.Sid)
	}
}

func TestFeaturesThatAreOffHaveNoPermissions(t *testing.T) {
	t.Parallel()
	statements, _ := policies(t, nil)
	for _, action := range actions(statements) {
		service, name, _ := strings.Cut(action, ":")
		assert.NotContains(t, []string{"wafv2", "waf-regional", "shield", "cognito-idp"}, service, action)
		assert.NotEqual(t, "SetWebAcl", name)
	}
	for feature, change := range map[string]func(*ingress.Args){
		"wafv2:AssociateWebACL":              func(a *ingress.Args) { a.WAF = true },
		"shield:CreateProtection":            func(a *ingress.Args) { a.Shield = true },
		"cognito-idp:DescribeUserPoolClient": func(a *ingress.Args) { a.Cognito = true },
	} {
		statements, _ := policies(t, change)
		assert.Contains(t, actions(statements), feature)
	}
}

func bySid(t *testing.T, statements []statement, sid, action string) statement {
	t.Helper()
	at := slices.IndexFunc(statements, func(s statement) bool { return s.Sid == sid && slices.Contains(s.Action, action) })
	require.GreaterOrEqual(t, at, 0, "%s of %s", action, sid)
	return statements[at]
}

func TestOnlyWhatCarriesThisClustersNameIsMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	statements, _ := policies(t, all)
	const request, resource = "aws:RequestTag/elbv2.k8s.aws/cluster", "aws:ResourceTag/elbv2.k8s.aws/cluster"
	for _, c := range []struct {
		sid, action string
		want        map[string]map[string][]string
	}{
		{"Create", "elasticloadbalancing:CreateLoadBalancer", map[string]map[string][]string{"StringEquals": {request: {"nonprod"}}}},
		{"Create", "ec2:CreateSecurityGroup", map[string]map[string][]string{"StringEquals": {request: {"nonprod"}}}},
		{"TagOnCreation", "elasticloadbalancing:AddTags", map[string]map[string][]string{"StringEquals": {
			request: {"nonprod"}, "elasticloadbalancing:CreateAction": {"CreateTargetGroup", "CreateLoadBalancer"},
		}}},
		{"TagOnCreation", "ec2:CreateTags", map[string]map[string][]string{"StringEquals": {
			request: {"nonprod"}, "ec2:CreateAction": {"CreateSecurityGroup"},
		}}},
		{"Retag", "elasticloadbalancing:RemoveTags", map[string]map[string][]string{
			"StringEquals": {resource: {"nonprod"}}, "Null": {request: {"true"}},
		}},
		{"Retag", "ec2:DeleteTags", map[string]map[string][]string{"StringEquals": {resource: {"nonprod"}}, "Null": {request: {"true"}}}},
		{"Change", "elasticloadbalancing:DeleteLoadBalancer", map[string]map[string][]string{"StringEquals": {resource: {"nonprod"}}}},
		{"Delete", "ec2:DeleteSecurityGroup", map[string]map[string][]string{"StringEquals": {resource: {"nonprod"}}}},
	} {
		assert.Equal(t, c.want, bySid(t, statements, c.sid, c.action).Condition, "%s of %s", c.action, c.sid)
	}
	for _, s := range statements {
		for key, values := range s.Condition["Null"] {
			assert.NotContains(t, values, "false", "%s: %s of any cluster would do", s.Sid, key)
		}
	}
}

func TestSecurityGroupsAreOpenedInTheClustersVPCAlone(t *testing.T) {
	t.Parallel()
	statements, _ := policies(t, nil)
	for _, s := range statements {
		if slices.Contains(s.Action, "ec2:AuthorizeSecurityGroupIngress") || slices.Contains(s.Action, "ec2:RevokeSecurityGroupIngress") {
			assert.Equal(t, []string{"arn:aws:ec2:eu-west-1:111111111111:security-group/*"}, s.Resource)
			assert.Equal(t, map[string]map[string][]string{
				"ArnEquals": {"ec2:Vpc": {"arn:aws:ec2:eu-west-1:111111111111:vpc/nonprod-id"}},
			}, s.Condition)
		}
	}
	assert.Equal(t, []string{"arn:aws:ec2:eu-west-1:111111111111:vpc/nonprod-id"},
		bySid(t, statements, "CreateInVPC", "ec2:CreateSecurityGroup").Resource)
}

func TestWhatIsNotTiedToTheClusterIsTiedToItsAccountAndRegion(t *testing.T) {
	t.Parallel()
	statements, _ := policies(t, func(a *ingress.Args) { a.Region, a.WAF = "cn-north-1", true })
	everywhere := map[string]bool{"LookAround": true, "Certificates": true, "WAFLookAround": true}
	for _, s := range statements {
		if everywhere[s.Sid] {
			assert.Equal(t, []string{"*"}, s.Resource)
			continue
		}
		for _, arn := range s.Resource {
			assert.True(t, strings.HasPrefix(arn, "arn:aws-cn:"), "%s: %s", s.Sid, arn)
			assert.Contains(t, arn, ":111111111111:", s.Sid)
			assert.True(t, strings.Contains(arn, ":cn-north-1:") || strings.HasPrefix(arn, "arn:aws-cn:iam::"), "%s: %s", s.Sid, arn)
		}
	}
}

// IAM takes 10,240 characters of inline policies on a role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func TestThePoliciesFitIntoARole(t *testing.T) {
	t.Parallel()
	_, length := policies(t, func(a *ingress.Args) {
		all(a)
		a.Region, a.ClusterName = "us-gov-west-1", strings.Repeat("c", 40)
	})
	assert.Less(t, length, 10240)
}

func TestAPreviewShowsThePolicyThatDoesNotNeedTheVPC(t *testing.T) {
	t.Parallel()
	regs := register(t, true, nil)
	assert.False(t, one(t, regs, policyType, "nonprod-load-balancer-controller-balancing").Inputs["policy"].IsComputed())
	assert.True(t, one(t, regs, policyType, "nonprod-load-balancer-controller-security-groups").Inputs["policy"].IsComputed())
	known := register(t, true, func(a *ingress.Args) { a.VPCID = pulumi.String("vpc-1") })
	assert.False(t, one(t, known, policyType, "nonprod-load-balancer-controller-security-groups").Inputs["policy"].IsComputed())
}
