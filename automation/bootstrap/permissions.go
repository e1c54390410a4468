package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// ownerPolicies and nodePolicies are the managed policies that the program attaches to roles: those of a cluster's owner,
// and those of every environment's nodes.
var (
	ownerPolicies = []string{
		"AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController", "AmazonEKS_CNI_Policy", "AmazonEBSCSIDriverPolicyV2",
		"service-role/AmazonEFSCSIDriverPolicy",
	}
	nodePolicies = []string{
		"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore",
	}
)

// serviceLinked are the services whose service-linked roles EKS, EC2 and EFS create at first use, with the caller's
// permissions (https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html).
var serviceLinked = []string{
	"autoscaling.amazonaws.com", "backup.amazonaws.com", "eks-nodegroup.amazonaws.com", "eks.amazonaws.com",
	"elasticfilesystem.amazonaws.com", "elasticloadbalancing.amazonaws.com", "spot.amazonaws.com",
}

// prefixes begin the names of what the environment creates: its own, and those of the cluster that it owns.
func (e Environment) prefixes() []string {
	if e.Owner != "" || e.Cluster == e.label {
		return []string{e.label}
	}
	return []string{e.label, e.Cluster}
}

// named returns a list with one entry per prefix.
func (e Environment) named(format func(prefix string) string) []string {
	var out []string
	for _, p := range e.prefixes() {
		out = append(out, format(p))
	}
	return out
}

func (s *Site) roles(e Environment) []string {
	return e.named(func(p string) string { return s.global("iam", "role/"+p+"-*") })
}

// clusterProviders are the OIDC providers of EKS clusters in the region.
func (s *Site) clusterProviders() string {
	return s.global("iam", fmt.Sprintf("oidc-provider/oidc.eks.%s.%s/id/*", s.Region, region.DNSSuffix(s.Region)))
}

// inRegion limits a statement to the site's region.
func (s *Site) inRegion() map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"aws:RequestedRegion": {s.Region}}}
}

// readPolicy is what both roles may read: the settings of resources, never their contents. AWS allows most of it for all
// resources or none.
func (s *Site) readPolicy(e Environment) iamdoc.Document {
	regional := []string{"tag:GetResources"} // a repair finds what a killed run was creating by its tags
	for _, service := range services {
		if service.prefix != "iam" {
			regional = append(regional, e.actions(service.prefix, false)...)
		}
	}
	resources := s.roles(e)
	if e.Owner == "" {
		resources = append(resources, s.clusterProviders())
	}
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{Sid: "Resources", Actions: regional, Resources: []string{"*"}, Conditions: s.inRegion()},
		{Sid: "Roles", Actions: e.actions("iam", false), Resources: resources},
	}}
}

// take removes the actions with certain prefixes from a list and returns them.
func take(list *[]string, prefixes ...string) []string {
	var taken []string
	*list = slices.DeleteFunc(*list, func(a string) bool {
		hit := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(a, p) })
		if hit {
			taken = append(taken, a)
		}
		return hit
	})
	return taken
}

// statementList collects statements that allow something.
type statementList []iamdoc.Statement

func (l *statementList) add(sid string, actions, resources []string, conditions map[string]map[string][]string) {
	if len(actions) > 0 {
		*l = append(*l, iamdoc.Statement{Sid: sid, Actions: actions, Resources: resources, Conditions: conditions})
	}
}

// writePolicy is what the deploy role may change outside IAM: resources named after the environment or its cluster where
// IAM can match names, and everything in the region where it cannot. limitsPolicy restricts it.
func (s *Site) writePolicy(e Environment) iamdoc.Document {
	var out statementList
	wide := slices.Concat(e.actions("ec2", true), e.actions("elasticfilesystem", true))
	eks := e.actions("eks", true)
	wide = append(wide, take(&eks, "eks:CreateCluster")...)
	logs := e.actions("logs", true)
	wide = append(wide, take(&logs, "logs:PutQueryDefinition", "logs:DeleteQueryDefinition")...)
	kms := e.actions("kms", true)
	out.add("CreateKey", take(&kms, "kms:CreateKey"), []string{"*"}, map[string]map[string][]string{
		"StringEquals": {"aws:RequestTag/environment": e.tags, "aws:RequestedRegion": {s.Region}},
	})
	out.add("Region", wide, []string{"*"}, s.inRegion())
	out.add("Cluster", eks, s.clusterResources(e), nil)
	out.add("Logs", logs, s.logGroups(e), nil)
	out.add("Keys", kms, append(e.named(func(p string) string { return s.arn("kms", "alias/"+p+"-*") }), s.arn("kms", "key/*")), nil)
	out.add("Groups", e.actions("autoscaling", true), []string{
		s.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/eks-"+e.label+"-*"),
	}, nil)
	return iamdoc.Document{Statements: out}
}

// limitsPolicy is what the deploy role must not do, whatever else it is allowed.
func (s *Site) limitsPolicy(e Environment, keyARN string) iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{s.foundation(keyARN), otherEnvironments(e)}}
}

// rolesPolicy is what the deploy role may do in IAM: roles of the environment and of its cluster, known policies on them,
// passed to known services, and the cluster's OIDC provider.
func (s *Site) rolesPolicy(e Environment) iamdoc.Document {
	var out statementList
	suffix := region.DNSSuffix(s.Region)
	iam := e.actions("iam", true)
	roles := s.roles(e)
	out.add("PassRole", take(&iam, "iam:PassRole"), roles, map[string]map[string][]string{"StringEquals": {"iam:PassedToService": slices.Compact([]string{
		"ec2." + suffix, "eks.amazonaws.com", "pods.eks.amazonaws.com", "vpc-flow-logs.amazonaws.com",
	})}})
	out.add("ServiceLinkedRoles", take(&iam, "iam:CreateServiceLinkedRole"), []string{s.global("iam", "role/aws-service-role/*")},
		map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": serviceLinked}})
	policies := slices.Clone(nodePolicies)
	if e.Owner == "" {
		policies = append(policies, ownerPolicies...)
	}
	for i, p := range policies {
		policies[i] = fmt.Sprintf("arn:%s:iam::aws:policy/%s", s.partition(), p)
	}
	out.add("AttachPolicies", take(&iam, "iam:AttachRolePolicy"), roles, map[string]map[string][]string{
		"ArnEquals": {"iam:PolicyARN": append(policies, e.policies...)},
	})
	var providers []string
	for _, a := range slices.Clone(iam) {
		if strings.HasSuffix(a, "OpenIDConnectProvider") || strings.Contains(a, "OpenIDConnectProviderThumbprint") {
			providers = append(providers, take(&iam, a)...)
		}
	}
	out.add("ClusterProvider", providers, []string{s.clusterProviders()}, nil)
	out.add("Roles", iam, roles, nil)
	return iamdoc.Document{Statements: out}
}

// clusterResources are the EKS resources that the environment writes: everything of the cluster for its owner; its own
// node groups, and entries and associations of the cluster, for one that joins it.
func (s *Site) clusterResources(e Environment) []string {
	c := e.Cluster
	out := []string{
		s.arn("eks", "cluster/"+c),
		s.arn("eks", "nodegroup/"+c+"/"+e.label+"-*/*"),
		s.arn("eks", "access-entry/"+c+"/*"),
		s.arn("eks", "podidentityassociation/"+c+"/*"),
	}
	if e.Owner == "" {
		out = append(out, s.arn("eks", "addon/"+c+"/*"))
	}
	return out
}

// logGroups are the log groups that the environment owns.
func (s *Site) logGroups(e Environment) []string {
	if e.Owner != "" {
		return []string{s.arn("logs", "log-group:/eks-platform/"+e.Cluster+"/environments/"+e.label+"*")}
	}
	var out []string
	for _, prefix := range []string{"/aws/eks/", "/aws/vpc/", "/eks-platform/"} {
		out = append(out, s.arn("logs", "log-group:"+prefix+e.Cluster+"/*"))
	}
	return out
}

// foundation denies a deploy role what bootstrap created, whatever an environment or a cluster is called.
func (s *Site) foundation(keyARN string) iamdoc.Statement {
	return iamdoc.Statement{
		Sid: "Foundation", Deny: true,
		Actions: []string{
			"iam:*", "kms:*Alias", "kms:CreateGrant", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
			"kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription",
		},
		Resources: []string{
			s.global("iam", "role/"+planPrefix+"*"), s.global("iam", "role/"+deployPrefix+"*"),
			s.policyARN(readPrefix + "*"), s.policyARN(writePrefix + "*"), s.providerARN(),
			keyARN, s.arn("kms", s.KeyAlias),
		},
	}
}

// otherEnvironments denies a deploy role changes of what is tagged as another environment's. What has no tag, or got it
// only a moment ago, is not protected: EC2 creates some resources without tags, and KMS notices tags late.
func otherEnvironments(e Environment) iamdoc.Statement {
	return iamdoc.Statement{
		Sid: "OtherEnvironments", Deny: true,
		Actions: []string{
			"ec2:CreateTags", "ec2:Delete*", "ec2:Detach*", "ec2:Disassociate*", "ec2:Modify*", "ec2:ReleaseAddress", "ec2:Replace*",
			"ec2:Revoke*", "eks:Delete*", "eks:DisassociateAccessPolicy", "eks:UntagResource", "eks:Update*",
			"elasticfilesystem:Delete*", "elasticfilesystem:Modify*", "elasticfilesystem:Put*", "elasticfilesystem:TagResource",
			"elasticfilesystem:U*", "kms:CreateGrant", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
			"kms:TagResource", "kms:UntagResource", "logs:Delete*", "logs:DisassociateKmsKey", "logs:TagResource", "logs:UntagResource",
		},
		Resources: []string{"*"},
		Conditions: map[string]map[string][]string{
			"Null":            {"aws:ResourceTag/environment": {"false"}},
			"StringNotEquals": {"aws:ResourceTag/environment": e.tags},
		},
	}
}
