package facts

import (
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

// otherIDs are the forms of ids that the facts of the AWS provider do not give: of the type that a bucket once had, of
// rules on the default event bus, and of Helm releases.
var otherIDs = map[string]string{
	"aws:cloudwatch/eventRule:EventRule": "{name}",
	"aws:s3/bucket:Bucket":               "{bucket}",
	"kubernetes:helm.sh/v3:Release":      "{namespace}/{name}",
}

// given is an input in the form of an id: {clusterName}.
var given = regexp.MustCompile(`\{([a-zA-Z0-9]+)\}`)

// IDOf returns the id that a resource of these inputs has, where it is made up of them and the cloud can be asked for it by
// that id: {clusterName}:{addonName}. It returns false for ids that AWS makes up, and where an input is missing.
func IDOf(typ string, inputs map[string]any) (string, bool) {
	form, known := otherIDs[typ]
	if !known {
		r := aws.ResourceOf(typ)
		if r == nil || r.Import == nil || *r.Import != r.ID {
			return "", false
		}
		form = r.ID
	}
	id, complete := fill(form, inputs)
	// What is left of a form is a part that is optional or that AWS makes up.
	if !complete || strings.ContainsAny(given.ReplaceAllString(form, ""), "{}[]* ") {
		return "", false
	}
	return id, true
}

// importIDs are the forms under which the AWS provider imports types whose id AWS makes up, as far as they are made up of
// inputs; the first whose inputs are all there counts.
var importIDs = map[string][]string{
	"aws:autoscaling/schedule:Schedule": {"{autoscalingGroupName}/{scheduledActionName}"},
	"aws:ec2/route:Route": {
		"{routeTableId}_{destinationCidrBlock}", "{routeTableId}_{destinationIpv6CidrBlock}", "{routeTableId}_{destinationPrefixListId}",
	},
	"aws:ec2/routeTableAssociation:RouteTableAssociation": {"{subnetId}/{routeTableId}", "{gatewayId}/{routeTableId}"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":   {"{role}/{policyArn}"},
}

// ImportIDOf returns what the AWS provider finds a resource of these inputs by when it imports it, where that is not its id.
func ImportIDOf(typ string, inputs map[string]any) (string, bool) {
	for _, form := range importIDs[typ] {
		if id, complete := fill(form, inputs); complete {
			return id, true
		}
	}
	return "", false
}

// fill puts inputs into a form, and reports whether all were there.
func fill(form string, inputs map[string]any) (string, bool) {
	complete := true
	id := given.ReplaceAllStringFunc(form, func(part string) string {
		value, _ := inputs[strings.Trim(part, "{}")].(string)
		complete = complete && value != ""
		return value
	})
	return id, complete
}

// Findable reports whether a resource of a type can be found in the cloud by what it was made of: see IDOf and ImportIDOf.
func Findable(typ string) bool {
	if importIDs[typ] != nil || strings.HasPrefix(typ, "kubernetes:") {
		return true
	}
	inputs := map[string]any{}
	if r := aws.ResourceOf(typ); r != nil {
		for name, p := range r.Props {
			if !p.Output() {
				inputs[name] = name
			}
		}
	}
	_, known := IDOf(typ, inputs)
	return known
}

// Tagged are the types that are found by their tags, and what the tagging API calls them: service and kind of their ARNs,
// which end in the resource's ID
// (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html).
var Tagged = map[string]string{
	"aws:ec2/eip:Eip":                         "ec2:elastic-ip",
	"aws:ec2/internetGateway:InternetGateway": "ec2:internet-gateway",
	"aws:ec2/launchTemplate:LaunchTemplate":   "ec2:launch-template",
	"aws:ec2/natGateway:NatGateway":           "ec2:natgateway",
	"aws:ec2/routeTable:RouteTable":           "ec2:route-table",
	"aws:ec2/securityGroup:SecurityGroup":     "ec2:security-group",
	"aws:ec2/vpc:Vpc":                         "ec2:vpc",
	"aws:ec2/vpcEndpoint:VpcEndpoint":         "ec2:vpc-endpoint",
	"aws:efs/fileSystem:FileSystem":           "elasticfilesystem:file-system",
	"aws:kms/key:Key":                         "kms:key",
}

// Repeatable are the types of which the cloud silently creates a second one, and how a person tells them apart, where tags
// do not.
var Repeatable = map[string]string{
	"aws:cloudwatch/queryDefinition:QueryDefinition": "by its name, among the saved queries of CloudWatch Logs Insights",
	"aws:ec2/eip:Eip":                                     "by its Name tag, among the Elastic IP addresses without an association",
	"aws:ec2/internetGateway:InternetGateway":             "by its Name tag, among the internet gateways",
	"aws:ec2/launchTemplate:LaunchTemplate":               "by the prefix of its name, among the launch templates",
	"aws:ec2/natGateway:NatGateway":                       "by its Name tag, among the NAT gateways of its subnet",
	"aws:ec2/routeTable:RouteTable":                       "by its Name tag, among the route tables of its VPC",
	"aws:ec2/securityGroup:SecurityGroup":                 "by the prefix of its name, among the security groups of its VPC",
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation": "by its CIDR, among the reservations of its subnet",
	"aws:ec2/vpc:Vpc":                                     "by its Name tag, among the VPCs",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                     "by its service, among the endpoints of its VPC",
	"aws:efs/fileSystem:FileSystem":                       "by its Name tag, among the file systems",
	"aws:kms/key:Key":                                     "by its description, among the customer managed keys without an alias",
}

// Unique are the types of which the cloud refuses a second one with the same inputs, or treats it as the first: creating it
// again after an interrupted creation makes no duplicate. None of them has a name that Pulumi may make up, for that would
// be another one the next time: see UniqueByName.
var Unique = map[string]bool{
	"aws:autoscaling/schedule:Schedule":                                         true,
	"aws:autoscaling/tag:Tag":                                                   true,
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                        true,
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                         true,
	"aws:ec2/flowLog:FlowLog":                                                   true,
	"aws:ec2/route:Route":                                                       true,
	"aws:ec2/routeTableAssociation:RouteTableAssociation":                       true,
	"aws:ec2/securityGroupRule:SecurityGroupRule":                               true,
	"aws:ec2/subnet:Subnet":                                                     true,
	"aws:ec2/tag:Tag":                                                           true,
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation":           true,
	"aws:efs/mountTarget:MountTarget":                                           true,
	"aws:eks/accessPolicyAssociation:AccessPolicyAssociation":                   true,
	"aws:eks/podIdentityAssociation:PodIdentityAssociation":                     true,
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                       true,
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                         true,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":                   true,
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":                 true,
	"aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": true,
}

// UniqueByName are the types of which the cloud refuses a second one with the same name, or takes it for the first, and the input
// with the name. That holds for a name from the program. One that Pulumi makes up is another one the next time.
var UniqueByName = map[string]string{
	"aws:cloudwatch/eventTarget:EventTarget": "targetId",
	"aws:ec2/launchTemplate:LaunchTemplate":  "name",
	"aws:ec2/securityGroup:SecurityGroup":    "name",
	"aws:iam/policy:Policy":                  "name",
}
