package aws

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"

// gatewayServices can be reached through a gateway endpoint
// (https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html).
var gatewayServices = []string{"s3", "dynamodb", "s3express"}

// interfaceServices can be reached through an interface endpoint: those of
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html that a platform on EKS meets.
var interfaceServices = []string{
	"access-analyzer", "acm-pca", "application-autoscaling", "aps", "aps-workspaces", "athena", "autoscaling", "backup", "batch",
	"bedrock", "bedrock-runtime", "cloudformation", "cloudtrail", "codebuild", "codecommit", "codepipeline", "config", "datasync",
	"dynamodb", "ebs", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "eks", "eks-auth", "elasticache",
	"elasticfilesystem", "elasticloadbalancing", "email-smtp", "events", "execute-api", "firehose", "fsx", "git-codecommit", "glue",
	"grafana", "grafana-workspace", "guardduty", "guardduty-data", "inspector2", "kafka", "kinesis-streams", "kms", "lambda", "logs",
	"monitoring", "network-firewall", "networkflowmonitor", "organizations", "pricing.api", "rds", "rds-data", "s3", "s3express", "sagemaker.api",
	"sagemaker.runtime", "secretsmanager", "securityhub", "servicecatalog", "servicediscovery", "sns", "sqs", "ssm", "ssmmessages",
	"states", "storagegateway", "sts", "synthetics", "transfer", "wafv2", "xray",
}

// withoutPrivateDNS are the services whose interface endpoints have no private DNS name
// (https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html).
var withoutPrivateDNS = []string{"dynamodb", "s3express"}

func init() {
	register(endpointType, &Service{Create: createEndpoint, Update: updateEndpoint})
}

// endpointService returns the short name of an endpoint's service (ecr.api) when the region offers it.
func endpointService(c *Call, a attrs) (string, bool) {
	name := strings.TrimPrefix(a.text("serviceName"), "cn.")
	known := interfaceServices
	if endpointKind(a) == "Gateway" {
		known = gatewayServices
	}
	// Route 53 has one global name (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/vpc-interface-endpoints.html).
	if name == "com.amazonaws.route53" && endpointKind(a) == "Interface" {
		return "route53", true
	}
	short, ok := strings.CutPrefix(name, "com.amazonaws."+c.Scope.Region+".")
	return short, ok && slices.Contains(known, short)
}

func endpointKind(a attrs) string {
	if kind := a.text("vpcEndpointType"); kind != "" {
		return kind
	}
	return "Gateway"
}

func createEndpoint(c *Call) error {
	a := c.attrs()
	vpc, err := findVPC(c, a.text("vpcId"))
	if err != nil {
		return err
	}
	service, ok := endpointService(c, a)
	if !ok {
		return refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist (as a %s endpoint in %s)",
			a.text("serviceName"), endpointKind(a), c.Scope.Region)
	}
	c.Attributes["arn"] = c.arn("ec2", "vpc-endpoint/"+c.ID)
	c.Attributes["ownerId"] = c.Scope.Account
	c.Attributes["state"] = "available"
	c.Attributes["requesterManaged"] = false
	c.fill("vpcEndpointType", "Gateway")
	c.fill("serviceRegion", c.Scope.Region)
	c.fill("policy", `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`)
	return connectEndpoint(c, vpc, service)
}

func updateEndpoint(c *Call) error {
	vpc, err := findVPC(c, c.attrs().text("vpcId"))
	if err != nil {
		return err
	}
	service, _ := endpointService(c, c.attrs())
	return connectEndpoint(c, vpc, service)
}

// connectEndpoint checks and makes what differs between gateway and interface endpoints.
func connectEndpoint(c *Call, vpc *cloud.Object, service string) error {
	if p := documentText(c.Attributes["policy"]); p != "" {
		if _, err := parsePolicy(p, endpointPolicy); err != nil {
			return err
		}
	}
	switch endpointKind(c.attrs()) {
	case "Gateway":
		return connectGateway(c, vpc)
	case "Interface":
		return connectInterface(c, vpc, service)
	default:
		return nil
	}
}

func connectGateway(c *Call, vpc *cloud.Object) error {
	a := c.attrs()
	if a.has("subnetIds") || a.has("securityGroupIds") || a.flag("privateDnsEnabled") {
		return refuse("InvalidParameter", "Endpoint type (Gateway) takes neither subnets nor security groups nor private DNS: it works through route tables")
	}
	for _, id := range a.texts("routeTableIds") {
		table, err := findRouteTable(c, id)
		if err != nil {
			return refuse("InvalidRouteTableId.NotFound", "The routeTable ID '%s' does not exist", id)
		}
		if attrs(table.Attributes).text("vpcId") != vpc.ID {
			return refuse("InvalidParameter", "Route table %s does not belong to VPC %s", id, vpc.ID)
		}
		for _, o := range c.others(c.referring(endpointType, "serviceName", a.text("serviceName"))) {
			if slices.Contains(attrs(o.Attributes).texts("routeTableIds"), id) {
				return refuse("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s (%s)",
					id, attrs(o.Attributes).text("prefixListId"), o.ID)
			}
		}
	}
	c.fill("prefixListId", fmt.Sprintf("pl-%08x", crc32.ChecksumIEEE([]byte(a.text("serviceName")))))
	c.fill("cidrBlocks", []any{"192.0.2.0/24"})
	c.fill("routeTableIds", []any{})
	c.fill("privateDnsEnabled", false)
	return nil
}

func connectInterface(c *Call, vpc *cloud.Object, service string) error {
	a, v := c.attrs(), attrs(vpc.Attributes)
	if a.has("routeTableIds") {
		return refuse("InvalidParameter", "Endpoint type (Interface) does not support route tables")
	}
	subnets, err := endpointSubnets(c, vpc.ID)
	if err != nil {
		return err
	}
	if !a.has("securityGroupIds") {
		c.Attributes["securityGroupIds"] = []any{defaultGroupOf(c, vpc.ID)}
	}
	if err := groupsIn(c, vpc.ID, a.texts("securityGroupIds")); err != nil {
		return err
	}
	if a.flag("privateDnsEnabled") {
		if slices.Contains(withoutPrivateDNS, service) {
			return refuse("InvalidParameter", "Private DNS can't be enabled because the service %s does not provide a private DNS name.", a.text("serviceName"))
		}
		if !v.flagOr("enableDnsSupport", true) || !v.flag("enableDnsHostnames") {
			return refuse("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", vpc.ID)
		}
		for _, o := range c.others(c.referring(endpointType, "vpcId", vpc.ID)) {
			other := attrs(o.Attributes)
			if other.text("serviceName") == a.text("serviceName") && other.flag("privateDnsEnabled") {
				return refuse("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s (%s)",
					privateName(c, service), vpc.ID, o.ID)
			}
		}
	}
	if err := placeEndpoint(c, subnets); err != nil {
		return err
	}
	c.fill("privateDnsEnabled", false)
	c.fill("ipAddressType", "ipv4")
	c.fill("subnetIds", []any{})
	c.Attributes["dnsEntries"] = endpointNames(c, service, subnets)
	return nil
}

// endpointSubnets checks the subnets of an interface endpoint: in the VPC, and one per zone.
func endpointSubnets(c *Call, vpc string) ([]*cloud.Object, error) {
	var out []*cloud.Object
	zones := map[string]string{}
	for _, id := range c.attrs().texts("subnetIds") {
		s, err := findSubnet(c, id)
		if err != nil {
			return nil, refuse("InvalidSubnetId.NotFound", "The subnet ID '%s' does not exist", id)
		}
		if attrs(s.Attributes).text("vpcId") != vpc {
			return nil, refuse("InvalidParameter", "Subnet %s does not belong to VPC %s", id, vpc)
		}
		z := attrs(s.Attributes).text("availabilityZone")
		if _, twice := zones[z]; twice {
			return nil, refuse("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s. VPC endpoint subnets "+
				"should be in different availability zones supported by the VPC endpoint service.", id)
		}
		zones[z] = id
		out = append(out, s)
	}
	return out, nil
}

// placeEndpoint keeps the interfaces in subnets that stay, places those in new ones and removes the rest.
func placeEndpoint(c *Call, subnets []*cloud.Object) error {
	groups := c.attrs().texts("securityGroupIds")
	have := map[string]*cloud.Object{}
	for _, o := range c.ownInterfaces() {
		have[attrs(o.Attributes).text("subnetId")] = o
	}
	var ids []string
	for _, s := range subnets {
		if o, ok := have[s.ID]; ok {
			delete(have, s.ID)
			o.Attributes["securityGroupIds"] = anyList(groups)
			if err := c.Tx.Put(o); err != nil {
				return err
			}
			ids = append(ids, o.ID)
			continue
		}
		id, _, err := placeInterface(c, netInterface{
			subnet: s, groups: groups, description: "VPC Endpoint Interface " + c.ID,
		})
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, o := range have {
		if err := c.Tx.Delete(o.Scope, o.Type, o.ID); err != nil {
			return err
		}
	}
	slices.Sort(ids)
	c.Attributes["networkInterfaceIds"] = anyList(ids)
	return nil
}

// privateName is the public name of a service that private DNS answers with the endpoint's addresses.
func privateName(c *Call, service string) string {
	if service == "route53" {
		return "route53." + c.dnsSuffix()
	}
	// ecr.dkr answers as dkr.ecr, and so do the few other services of two words.
	words := strings.Split(service, ".")
	slices.Reverse(words)
	return strings.Join(words, ".") + "." + c.Scope.Region + "." + c.dnsSuffix()
}

func endpointNames(c *Call, service string, subnets []*cloud.Object) []any {
	zoneID := fmt.Sprintf("Z%X", crc32.ChecksumIEEE([]byte(c.Scope.Region+service)))
	entry := func(name string) any {
		return map[string]any{"dnsName": name, "hostedZoneId": zoneID}
	}
	suffix := "." + service + "." + c.Scope.Region + ".vpce." + c.dnsSuffix()
	stem := fmt.Sprintf("%s-%08x", c.ID, crc32.ChecksumIEEE([]byte(c.ID)))
	out := []any{entry(stem + suffix)}
	for _, s := range subnets {
		out = append(out, entry(stem+"-"+attrs(s.Attributes).text("availabilityZone")+suffix))
	}
	if c.attrs().flag("privateDnsEnabled") {
		out = append(out, entry(privateName(c, service)))
	}
	return out
}
