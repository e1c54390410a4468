package ingress

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// The controller tags everything that it creates with the cluster's name, in the request that creates it.
const (
	requestTag  = "aws:RequestTag/elbv2.k8s.aws/cluster"
	resourceTag = "aws:ResourceTag/elbv2.k8s.aws/cluster"
)

type conditions = map[string]map[string][]string

// made is true for requests that create something for this cluster. The controller's own policy
// (https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json) only checks
// that the tag exists, so that one cluster's controller may delete what another's has created.
func (a *Args) made() conditions { return conditions{"StringEquals": {requestTag: {a.ClusterName}}} }

// tagged is the same for tagging as part of one of the create actions.
func (a *Args) tagged(key string, actions ...string) conditions {
	out := a.made()
	out["StringEquals"][key] = actions
	return out
}

// owned is true for what this cluster's controller has created.
func (a *Args) owned() conditions { return conditions{"StringEquals": {resourceTag: {a.ClusterName}}} }

// retagged is true for tags on what this cluster's controller has created, except the owner tag itself.
func (a *Args) retagged() conditions {
	out := a.owned()
	out["Null"] = map[string][]string{requestTag: {"true"}}
	return out
}

// arn returns ARNs of a service in the cluster's account and region; the controller's own policy does not limit them.
func (a *Args) arn(service string, resources ...string) []string {
	out := make([]string, 0, len(resources))
	for _, r := range resources {
		out = append(out, fmt.Sprintf("arn:%s:%s:%s:%s:%s", region.Partition(a.Region), service, a.Region, a.AccountID, r))
	}
	return out
}

// balancingPolicy lets the controller look around, and make, change and delete load balancers and what belongs to them.
//
// The statements are those of the controller's own policy for v3.5.0, narrowed to this cluster where the controller
// tags what it touches, and else to the account and region. Those about WAF, Shield and Cognito are there only when the
// feature is on; WAF Classic's (waf-regional) never, which AWS ended in September 2025.
func (a *Args) balancingPolicy() iamdoc.Document {
	everything := []string{"*"}
	targets := a.arn("elasticloadbalancing", "targetgroup/*/*")
	balancers := append(a.arn("elasticloadbalancing", "loadbalancer/app/*/*", "loadbalancer/net/*/*"), targets...)
	listeners := a.arn("elasticloadbalancing", "listener/app/*/*/*", "listener/net/*/*/*",
		"listener-rule/app/*/*/*", "listener-rule/net/*/*/*")
	listening := append(a.arn("elasticloadbalancing", "loadbalancer/app/*/*", "loadbalancer/net/*/*"), listeners...)

	statements := []iamdoc.Statement{
		{
			Sid: "ServiceLinkedRole", Actions: []string{"iam:CreateServiceLinkedRole"},
			Resources: []string{fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/elasticloadbalancing.amazonaws.com/*",
				region.Partition(a.Region), a.AccountID)},
			Conditions: conditions{"StringEquals": {"iam:AWSServiceName": {"elasticloadbalancing.amazonaws.com"}}},
		},
		{Sid: "LookAround", Actions: lookAround, Resources: everything},
		{
			Sid:       "Certificates",
			Actions:   []string{"acm:ListCertificates", "acm:DescribeCertificate", "iam:ListServerCertificates", "iam:GetServerCertificate"},
			Resources: everything,
		},
		{
			Sid: "Create", Actions: []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"},
			Resources: balancers, Conditions: a.made(),
		},
		{
			Sid: "TagOnCreation", Actions: []string{"elasticloadbalancing:AddTags"}, Resources: balancers,
			Conditions: a.tagged("elasticloadbalancing:CreateAction", "CreateTargetGroup", "CreateLoadBalancer"),
		},
		{
			Sid: "Retag", Actions: []string{"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
			Resources: balancers, Conditions: a.retagged(),
		},
		{
			Sid:       "Change",
			Actions:   change,
			Resources: append(a.arn("elasticloadbalancing", "listener/app/*/*/*", "listener/net/*/*/*"), balancers...), Conditions: a.owned(),
		},
		{
			// No condition on tags, as in the controller's own policy: the tagging of listeners can be turned off.
			Sid: "Listen", Actions: listen, Resources: listening,
		},
		{
			Sid: "TagListeners", Actions: []string{"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
			Resources: listeners,
		},
		{
			// No condition on tags, as in the controller's own policy: a TargetGroupBinding may name a target group that
			// was created elsewhere.
			Sid: "Targets", Actions: []string{"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"},
			Resources: targets,
		},
	}
	if a.WAF {
		// For creating and removing an association
		// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html). WAF then calls SetWebAcl
		// on the load balancer with the controller's permissions.
		associated := append(a.arn("wafv2", "regional/webacl/*/*"), a.arn("elasticloadbalancing", "loadbalancer/app/*/*")...)
		statements = append(statements, iamdoc.Statement{
			Sid: "WAFLookAround", Resources: everything,
			Actions: []string{"wafv2:GetWebACL", "wafv2:GetWebACLForResource", "elasticloadbalancing:SetWebAcl"},
		}, iamdoc.Statement{
			Sid: "WAF", Resources: associated, Actions: []string{"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"},
		})
	}
	if a.Shield {
		statements = append(statements, iamdoc.Statement{
			Sid: "Shield", Resources: everything,
			Actions: []string{
				"shield:GetSubscriptionState", "shield:DescribeProtection", "shield:CreateProtection", "shield:DeleteProtection",
			},
		})
	}
	if a.Cognito {
		statements = append(statements, iamdoc.Statement{
			Sid: "Cognito", Actions: []string{"cognito-idp:DescribeUserPoolClient"}, Resources: everything,
		})
	}
	return iamdoc.Document{Statements: statements}
}

// securityGroupsPolicy lets the controller make the security groups of load balancers, and open those of nodes and pods
// to them.
//
// The controller's own policy lets it open and close every security group of the account. It needs to reach groups that
// it has not made: the cluster's on the nodes, and those that pods have of their own, which carry whatever tags their
// makers gave them. What they have in common is the VPC, which belongs to this cluster.
func (a *Args) securityGroupsPolicy() pulumi.StringInput {
	return a.VPCID.ToStringOutput().ApplyT(func(id string) string {
		groups, vpc := a.arn("ec2", "security-group/*"), a.arn("ec2", "vpc/"+id)
		return iamdoc.Document{Statements: []iamdoc.Statement{
			{
				Sid: "OpenAndClose", Actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"},
				Resources: groups, Conditions: conditions{"ArnEquals": {"ec2:Vpc": vpc}},
			},
			// EC2 checks the VPC and the new group separately, and the group has no VPC to compare before it exists
			// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html).
			{Sid: "CreateInVPC", Actions: []string{"ec2:CreateSecurityGroup"}, Resources: vpc},
			{Sid: "Create", Actions: []string{"ec2:CreateSecurityGroup"}, Resources: groups, Conditions: a.made()},
			{
				Sid: "TagOnCreation", Actions: []string{"ec2:CreateTags"}, Resources: groups,
				Conditions: a.tagged("ec2:CreateAction", "CreateSecurityGroup"),
			},
			{Sid: "Retag", Actions: []string{"ec2:CreateTags", "ec2:DeleteTags"}, Resources: groups, Conditions: a.retagged()},
			{Sid: "Delete", Actions: []string{"ec2:DeleteSecurityGroup"}, Resources: groups, Conditions: a.owned()},
		}}.JSON()
	}).(pulumi.StringOutput)
}

// lookAround are the calls that read. They do not support resource-level permissions.
var lookAround = []string{
	"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones", "ec2:DescribeInternetGateways",
	"ec2:DescribeVpcs", "ec2:DescribeVpcPeeringConnections", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups",
	"ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeTags", "ec2:GetCoipPoolUsage",
	"ec2:DescribeCoipPools", "ec2:GetSecurityGroupsForVpc", "ec2:DescribeIpamPools", "ec2:DescribeRouteTables",
	"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes",
	"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerCertificates",
	"elasticloadbalancing:DescribeSSLPolicies", "elasticloadbalancing:DescribeRules",
	"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes",
	"elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeTags",
	"elasticloadbalancing:DescribeTrustStores", "elasticloadbalancing:DescribeListenerAttributes",
	"elasticloadbalancing:DescribeCapacityReservation",
}

// change are the calls that change or delete what has the cluster's tag.
var change = []string{
	"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetIpAddressType",
	"elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets", "elasticloadbalancing:DeleteLoadBalancer",
	"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
	"elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:ModifyListenerAttributes",
	"elasticloadbalancing:ModifyCapacityReservation", "elasticloadbalancing:ModifyIpPools",
}

// listen are the calls for listeners and their rules.
var listen = []string{
	"elasticloadbalancing:CreateListener", "elasticloadbalancing:DeleteListener", "elasticloadbalancing:CreateRule",
	"elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyListener", "elasticloadbalancing:AddListenerCertificates",
	"elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:ModifyRule",
	"elasticloadbalancing:SetRulePriorities",
}
