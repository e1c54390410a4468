package rules_test

type attributes = map[string]any

// The types that the rules look for.
const (
	addonType    = "aws:eks/addon:Addon"
	clusterType  = "aws:eks/cluster:Cluster"
	endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"
	natType      = "aws:ec2/natGateway:NatGateway"
	routeType    = "aws:ec2/route:Route"
	subnetType   = "aws:ec2/subnet:Subnet"
	templateType = "aws:ec2/launchTemplate:LaunchTemplate"
)
