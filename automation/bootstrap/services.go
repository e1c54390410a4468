package bootstrap

import (
	"slices"
	"strings"
)

// kind is what the roles need for resources of some types: the actions that the AWS provider calls to read them, and those
// that it calls to create, change and delete them.
type kind struct {
	// types are Pulumi's, below aws:<module>.
	types []string
	// joined means that joining environments register them as well.
	joined      bool
	read, write []string
}

// service is what the roles need of one AWS service, by its prefix in IAM.
type service struct {
	prefix string
	kinds  []kind
}

// services covers every type that the program registers. Reading uses no wildcards, so that a plan role never reads
// contents: objects, log records, parameters, secrets.
var services = []service{
	{"ec2", []kind{
		{
			types:  []string{"ec2/vpc:Vpc", "ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"},
			joined: true, // its zones and its default security group are looked up
			read: []string{
				"DescribeAvailabilityZones", "DescribeNetworkAcls", "DescribeVpcAttribute", "DescribeVpcs",
			},
		},
		{
			types: []string{"ec2/vpc:Vpc", "ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"},
			write: []string{
				"AssociateVpcCidrBlock", "CreateVpc", "DeleteVpc", "DisassociateVpcCidrBlock", "ModifyVpcAttribute",
			},
		},
		{
			types: []string{"ec2/subnet:Subnet", "ec2/subnetCidrReservation:SubnetCidrReservation"}, joined: true,
			read: []string{"DescribeSubnets", "GetSubnetCidrReservations"},
		},
		{
			types: []string{"ec2/subnet:Subnet", "ec2/subnetCidrReservation:SubnetCidrReservation"},
			write: []string{
				"AssociateSubnetCidrBlock", "CreateSubnet", "CreateSubnetCidrReservation", "DeleteSubnet",
				"DeleteSubnetCidrReservation", "DisassociateSubnetCidrBlock", "ModifySubnetAttribute",
			},
		},
		{
			types: []string{
				"ec2/internetGateway:InternetGateway", "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
				"ec2/eip:Eip", "ec2/natGateway:NatGateway",
			},
			read: []string{
				"DescribeAddresses", "DescribeAddressesAttribute", "DescribeEgressOnlyInternetGateways",
				"DescribeInternetGateways", "DescribeNatGateways",
			},
			write: []string{
				"AllocateAddress", "AttachInternetGateway", "CreateEgressOnlyInternetGateway", "CreateInternetGateway",
				"CreateNatGateway", "DeleteEgressOnlyInternetGateway", "DeleteInternetGateway", "DeleteNatGateway",
				"DetachInternetGateway", "DisassociateAddress", "ReleaseAddress",
			},
		},
		{
			types: []string{"ec2/routeTable:RouteTable", "ec2/route:Route", "ec2/routeTableAssociation:RouteTableAssociation"},
			read:  []string{"DescribeRouteTables"},
			write: []string{
				"AssociateRouteTable", "CreateRoute", "CreateRouteTable", "DeleteRoute", "DeleteRouteTable",
				"DisassociateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation",
			},
		},
		{
			types: []string{"ec2/vpcEndpoint:VpcEndpoint"},
			read:  []string{"DescribePrefixLists", "DescribeVpcEndpointServices", "DescribeVpcEndpoints"},
			write: []string{"CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"},
		},
		{
			types: []string{"ec2/flowLog:FlowLog"},
			read:  []string{"DescribeFlowLogs"},
			write: []string{"CreateFlowLogs", "DeleteFlowLogs"},
		},
		{
			types: []string{
				"ec2/securityGroup:SecurityGroup", "ec2/defaultSecurityGroup:DefaultSecurityGroup",
				"vpc/securityGroupEgressRule:SecurityGroupEgressRule", "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
			},
			joined: true,
			read:   []string{"DescribeNetworkInterfaces", "DescribeSecurityGroupRules", "DescribeSecurityGroups"},
			write: []string{
				"AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "DeleteSecurityGroup",
				"ModifySecurityGroupRules", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
				"UpdateSecurityGroupRuleDescriptionsEgress", "UpdateSecurityGroupRuleDescriptionsIngress",
			},
		},
		{
			types:  []string{"ec2/launchTemplate:LaunchTemplate", "eks/nodeGroup:NodeGroup"},
			joined: true,
			read:   []string{"DescribeImages", "DescribeInstanceTypes", "DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"},
			// EKS starts nodes from a launch template with the permissions of whoever creates the group
			// (https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html).
			write: []string{
				"CreateLaunchTemplate", "CreateLaunchTemplateVersion", "DeleteLaunchTemplate", "DeleteLaunchTemplateVersions",
				"ModifyLaunchTemplate", "RunInstances",
			},
		},
		// EFS creates the network interface of a mount target with the caller's permissions
		// (https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html).
		{
			types: []string{"efs/mountTarget:MountTarget"},
			write: []string{"CreateNetworkInterface", "DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute"},
		},
		// Tagging is a separate action in EC2, even at creation.
		{joined: true, read: []string{"DescribeTags"}, write: []string{"CreateTags", "DeleteTags"}},
	}},
	{"eks", []kind{
		{
			types: []string{"eks/cluster:Cluster"}, joined: true,
			read: []string{"DescribeCluster", "DescribeInsight", "DescribeUpdate", "ListInsights", "ListTagsForResource"},
		},
		{
			types: []string{"eks/cluster:Cluster"},
			write: []string{
				"AssociateEncryptionConfig", "CreateCluster", "DeleteCluster", "UpdateClusterConfig", "UpdateClusterVersion",
			},
		},
		{
			types: []string{"eks/addon:Addon"},
			read:  []string{"DescribeAddon", "DescribeAddonConfiguration", "DescribeAddonVersions"},
			write: []string{"CreateAddon", "DeleteAddon", "UpdateAddon"},
		},
		{
			types: []string{"eks/nodeGroup:NodeGroup"}, joined: true,
			read:  []string{"DescribeNodegroup"},
			write: []string{"CreateNodegroup", "DeleteNodegroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion"},
		},
		{
			types:  []string{"eks/accessEntry:AccessEntry", "eks/accessPolicyAssociation:AccessPolicyAssociation"},
			joined: true,
			read:   []string{"DescribeAccessEntry", "ListAssociatedAccessPolicies"},
			write: []string{
				"AssociateAccessPolicy", "CreateAccessEntry", "DeleteAccessEntry", "DisassociateAccessPolicy", "UpdateAccessEntry",
			},
		},
		{
			types: []string{"eks/podIdentityAssociation:PodIdentityAssociation"}, joined: true,
			read: []string{"DescribePodIdentityAssociation", "ListPodIdentityAssociations"},
			write: []string{
				"CreatePodIdentityAssociation", "DeletePodIdentityAssociation", "UpdatePodIdentityAssociation",
			},
		},
		{joined: true, write: []string{"TagResource", "UntagResource"}},
	}},
	{"autoscaling", []kind{
		{
			types: []string{"autoscaling/tag:Tag", "autoscaling/schedule:Schedule"}, joined: true,
			read: []string{"DescribeAutoScalingGroups", "DescribeScheduledActions", "DescribeTags"},
			write: []string{
				"CreateOrUpdateTags", "DeleteScheduledAction", "DeleteTags", "PutScheduledUpdateGroupAction",
			},
		},
	}},
	{"logs", []kind{
		{
			types: []string{"cloudwatch/logGroup:LogGroup"}, joined: true,
			read: []string{"DescribeLogGroups", "ListTagsForResource"},
			write: []string{
				"AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey",
				"PutRetentionPolicy", "TagResource", "UntagResource",
			},
		},
		{
			types: []string{"cloudwatch/queryDefinition:QueryDefinition"}, joined: true,
			read:  []string{"DescribeQueryDefinitions"},
			write: []string{"DeleteQueryDefinition", "PutQueryDefinition"},
		},
	}},
	{"kms", []kind{
		{
			types: []string{"kms/key:Key", "kms/alias:Alias"}, joined: true,
			read: []string{"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListResourceTags"},
			write: []string{
				"CancelKeyDeletion", "CreateAlias", "CreateKey", "DeleteAlias", "DisableKeyRotation", "EnableKeyRotation",
				"PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
			},
		},
		// EKS and EFS use a key through a grant, which they create with the caller's permissions.
		{types: []string{"eks/cluster:Cluster", "efs/fileSystem:FileSystem"}, write: []string{"CreateGrant"}},
	}},
	{"elasticfilesystem", []kind{
		{
			types: []string{
				"efs/fileSystem:FileSystem", "efs/fileSystemPolicy:FileSystemPolicy", "efs/backupPolicy:BackupPolicy",
				"efs/mountTarget:MountTarget",
			},
			read: []string{
				"DescribeBackupPolicy", "DescribeFileSystemPolicy", "DescribeFileSystems", "DescribeLifecycleConfiguration",
				"DescribeMountTargetSecurityGroups", "DescribeMountTargets", "ListTagsForResource",
			},
			write: []string{
				"CreateFileSystem", "CreateMountTarget", "DeleteFileSystem", "DeleteFileSystemPolicy", "DeleteMountTarget",
				"ModifyMountTargetSecurityGroups", "PutBackupPolicy", "PutFileSystemPolicy", "PutLifecycleConfiguration",
				"TagResource", "UntagResource", "UpdateFileSystem", "UpdateFileSystemProtection",
			},
		},
	}},
	{"iam", []kind{
		{
			types: []string{
				"iam/role:Role", "iam/rolePolicy:RolePolicy", "iam/rolePolicyAttachment:RolePolicyAttachment",
			},
			joined: true,
			read: []string{
				"GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies",
				"ListRoleTags",
			},
			write: []string{
				"AttachRolePolicy", "CreateRole", "CreateServiceLinkedRole", "DeleteRole", "DeleteRolePolicy",
				"DetachRolePolicy", "PassRole", "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole",
				"UpdateRoleDescription",
			},
		},
		{
			types: []string{"iam/openIdConnectProvider:OpenIdConnectProvider"},
			read:  []string{"GetOpenIDConnectProvider"},
			write: []string{
				"AddClientIDToOpenIDConnectProvider", "CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider",
				"RemoveClientIDFromOpenIDConnectProvider", "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider",
				"UpdateOpenIDConnectProviderThumbprint",
			},
		},
	}},
}

// covers reports whether the table has actions for a resource type, aws:ec2/vpc:Vpc for example, as a joining environment
// registers it or as an owner does.
func covers(typ string, joined bool) bool {
	below, isAWS := strings.CutPrefix(typ, "aws:")
	return isAWS && slices.ContainsFunc(services, func(s service) bool {
		return slices.ContainsFunc(s.kinds, func(k kind) bool {
			return slices.Contains(k.types, below) && (k.joined || !joined) && (len(k.write) > 0 || !joined)
		})
	})
}

// actions returns the actions of a service, with its prefix, sorted.
func (e Environment) actions(prefix string, write bool) []string {
	var out []string
	for _, s := range services {
		if s.prefix != prefix {
			continue
		}
		for _, k := range s.kinds {
			if e.Owner != "" && !k.joined {
				continue
			}
			list := k.read
			if write {
				list = k.write
			}
			for _, a := range list {
				out = append(out, prefix+":"+a)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
