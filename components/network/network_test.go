package network_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

const (
	vpcType         = "aws:ec2/vpc:Vpc"
	subnetType      = "aws:ec2/subnet:Subnet"
	natType         = "aws:ec2/natGateway:NatGateway"
	routeType       = "aws:ec2/route:Route"
	tableType       = "aws:ec2/routeTable:RouteTable"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	endpointType    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	groupType       = "aws:ec2/securityGroup:SecurityGroup"
	ruleType        = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	reservationType = "aws:ec2/subnetCidrReservation:SubnetCidrReservation"
	secondaryType   = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	providerType    = "pulumi:providers:aws"
)

// build registers a whole network under an explicit provider, and after it a log group that depends on its egress.
func build(t *testing.T, preview bool, args network.Args) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, preview, func(ctx *pulumi.Context) error {
		p, err := aws.NewProvider(ctx, "main", &aws.ProviderArgs{Region: pulumi.String(args.Region)})
		if err != nil {
			return err
		}
		n, err := network.New(ctx, "dev", &args, pulumi.Providers(p))
		if err != nil {
			return err
		}
		if err := n.Connect(ctx); err != nil {
			return err
		}
		_, err = cloudwatch.NewLogGroup(ctx, "after-egress", &cloudwatch.LogGroupArgs{}, pulumi.Provider(p), pulumi.DependsOn(n.Egress()))
		return err
	})
	require.NoError(t, err)
	return regs
}

// named returns a registration that must exist.
func named(t *testing.T, regs ptest.Registrations, token, name string) ptest.Registration {
	t.Helper()
	r, ok := regs.Named(token, name)
	require.True(t, ok, "no %s named %s", token, name)
	return r
}

// fullArgs switches everything on.
func fullArgs() network.Args {
	args := validArgs()
	args.Endpoints = network.Endpoints{Preset: network.PresetBase, Additional: []string{"sqs", "com.amazonaws.route53"}}
	args.SecondaryCIDR = "100.64.0.0/16"
	args.PrefixDelegation = true
	args.Services = []string{"autoscaling", "ssm", "ssmmessages", "ec2messages"}
	args.KMSKeyARN = pulumi.String("arn:aws-test:kms:::key/k")
	return args
}

func TestEveryChildHasTheComponentAsParentAndTheGivenProvider(t *testing.T) {
	t.Parallel()
	for _, preview := range []bool{true, false} {
		regs := build(t, preview, fullArgs())
		component := named(t, regs, network.Type, "dev")
		children := 0
		for _, r := range regs.WithTypePrefix("aws:") {
			assert.Contains(t, r.Provider, providerType+"::main", r.URN)
			if r.Name == "after-egress" {
				continue
			}
			children++
			assert.Equal(t, component.URN, r.Parent, r.URN)
			assert.True(t, strings.HasPrefix(r.Name, "dev-"), r.URN)
		}
		assert.Equal(t, 70, children)
	}
}

func TestVPCSecondaryRangeAndSubnetsAloneAreProtectedUnlessSwitchedOff(t *testing.T) {
	t.Parallel()
	off := false
	for _, protect := range []*bool{nil, &off} {
		args := fullArgs()
		args.Protect = protect
		for _, r := range build(t, false, args).WithTypePrefix("aws:") {
			kept := slices.Contains([]string{vpcType, subnetType, secondaryType}, r.Type)
			assert.Equal(t, kept && protect == nil, r.Protect, r.URN)
		}
	}
}

func TestSubnetsFollowThePlanAndCarryTheLoadBalancerTags(t *testing.T) {
	t.Parallel()
	regs := build(t, false, fullArgs())
	private := named(t, regs, subnetType, "dev-private-euw1-az2")
	assert.Equal(t, "10.16.32.0/19", private.Input("cidrBlock"))
	assert.Equal(t, "euw1-az2", private.Input("availabilityZoneId"))
	assert.Equal(t, "dev-vpc-id", private.Input("vpcId"))
	assert.Equal(t, map[string]any{
		"Name": "dev-private-euw1-az2", "team": "platform", "kubernetes.io/role/internal-elb": "1",
	}, private.Input("tags"))
	public := named(t, regs, subnetType, "dev-public-euw1-az1")
	assert.Equal(t, map[string]any{
		"Name": "dev-public-euw1-az1", "team": "platform", "kubernetes.io/role/elb": "1",
	}, public.Input("tags"))
	assert.Equal(t, false, public.Input("mapPublicIpOnLaunch"))
	for _, tier := range []string{"control-plane", "pods"} {
		s := named(t, regs, subnetType, "dev-"+tier+"-euw1-az1")
		assert.Equal(t, map[string]any{"Name": s.Name, "team": "platform"}, s.Input("tags"))
	}
	for _, r := range regs {
		tags, _ := r.Input("tags").(map[string]any)
		for key := range tags {
			assert.NotContains(t, key, "kubernetes.io/cluster/", r.URN)
		}
	}
	v := named(t, regs, vpcType, "dev-vpc")
	assert.Equal(t, true, v.Input("enableDnsSupport"))
	assert.Equal(t, true, v.Input("enableDnsHostnames"))

	secondary := named(t, regs, secondaryType, "dev-secondary-cidr")
	assert.Equal(t, "100.64.0.0/16", secondary.Input("cidrBlock"))
	pods := named(t, regs, subnetType, "dev-pods-euw1-az3")
	assert.Equal(t, "100.64.128.0/18", pods.Input("cidrBlock"))
	assert.True(t, pods.DependsOn(secondary.URN), "AWS refuses the subnet before the VPC has the range")
}

func TestNATGatewaysAndRoutesFollowTheSetting(t *testing.T) {
	t.Parallel()
	tests := []struct {
		nat    network.NAT
		nats   []string
		byZone []any
	}{
		{network.NATPerZone, []string{"dev-nat-euw1-az1", "dev-nat-euw1-az2", "dev-nat-euw1-az3"}, []any{
			"dev-nat-euw1-az1-id", "dev-nat-euw1-az2-id", "dev-nat-euw1-az3-id",
		}},
		{network.NATSingle, []string{"dev-nat-euw1-az1"}, []any{"dev-nat-euw1-az1-id", "dev-nat-euw1-az1-id", "dev-nat-euw1-az1-id"}},
		{network.NATNone, []string{}, nil},
	}
	for _, tt := range tests {
		t.Run(string(tt.nat), func(t *testing.T) {
			t.Parallel()
			args := validArgs()
			args.NAT, args.Endpoints.Preset = tt.nat, network.PresetBase
			regs := build(t, false, args)
			assert.Equal(t, tt.nats, regs.ByType(natType).Names())
			assert.Equal(t, tt.nats, regs.ByType("aws:ec2/eip:Eip").Names())
			var routes []any
			for _, zone := range args.Zones {
				table := named(t, regs, tableType, "dev-private-"+zone)
				association := named(t, regs, associationType, "dev-private-"+zone)
				assert.Equal(t, table.ID, association.Input("routeTableId"))
				assert.Equal(t, "dev-private-"+zone+"-id", association.Input("subnetId"))
				if r, ok := regs.Named(routeType, "dev-private-default-"+zone); ok {
					assert.Equal(t, table.ID, r.Input("routeTableId"))
					assert.Equal(t, "0.0.0.0/0", r.Input("destinationCidrBlock"))
					routes = append(routes, r.Input("natGatewayId"))
				}
			}
			assert.Equal(t, tt.byZone, routes)
			igw := named(t, regs, "aws:ec2/internetGateway:InternetGateway", "dev-igw")
			for _, nat := range regs.ByType(natType) {
				assert.True(t, nat.DependsOn(igw.URN), "AWS refuses NAT in a VPC without internet gateway")
				assert.True(t, nat.DeleteBeforeReplace, "its address serves one gateway at a time")
				assert.Equal(t, strings.Replace(nat.ID, "nat", "public", 1), nat.Input("subnetId"))
			}
			assert.Equal(t, named(t, regs, vpcType, "dev-vpc").ID, igw.ReplacementTrigger, "NAT gateways keep it in its VPC")
			assert.Equal(t, igw.ID, named(t, regs, routeType, "dev-public-default").Input("gatewayId"))
			for _, r := range regs.ByType(routeType) {
				assert.NotEqual(t, "dev-control-plane-id", r.Input("routeTableId"), "the control plane's subnets have no way out")
			}
			assert.Equal(t, "dev-control-plane-id", named(t, regs, associationType, "dev-control-plane-euw1-az1").Input("routeTableId"))
		})
	}
}

func TestTheS3GatewayEndpointAlwaysServesAllPrivateTables(t *testing.T) {
	t.Parallel()
	regs := build(t, false, validArgs())
	endpoints := regs.ByType(endpointType)
	require.Len(t, endpoints, 1, "preset none creates no other")
	s3 := endpoints[0]
	assert.Equal(t, "dev-endpoint-s3", s3.Name)
	assert.Equal(t, "Gateway", s3.Input("vpcEndpointType"))
	assert.Equal(t, "com.amazonaws.eu-west-1.s3", s3.Input("serviceName"))
	assert.Equal(t, []any{"dev-private-euw1-az1-id", "dev-private-euw1-az2-id", "dev-private-euw1-az3-id"}, s3.Input("routeTableIds"))
	assert.Empty(t, regs.ByType(groupType), "no interface endpoint, no security group")
}

func TestInterfaceEndpointsHaveOneSubnetPerZoneAndAdmitTheVPCOnly(t *testing.T) {
	t.Parallel()
	regs := build(t, false, fullArgs())
	var names []string
	for _, e := range regs.ByType(endpointType) {
		if e.Input("vpcEndpointType") == "Gateway" {
			continue
		}
		names = append(names, e.Input("serviceName").(string))
		assert.Equal(t, true, e.Input("privateDnsEnabled"))
		assert.Equal(t, []any{"dev-private-euw1-az1-id", "dev-private-euw1-az2-id", "dev-private-euw1-az3-id"}, e.Input("subnetIds"))
		assert.Equal(t, []any{"dev-endpoints-id"}, e.Input("securityGroupIds"))
	}
	const r = "com.amazonaws.eu-west-1."
	assert.ElementsMatch(t, []string{
		r + "ec2", r + "ecr.api", r + "ecr.dkr", r + "sts", r + "logs", r + "eks", r + "eks-auth",
		r + "ssm", r + "ssmmessages", r + "ec2messages", r + "autoscaling", r + "sqs", "com.amazonaws.route53",
	}, names)

	group := named(t, regs, groupType, "dev-endpoints")
	assert.Nil(t, group.Input("ingress"), "rules are resources of their own")
	rules := regs.ByType(ruleType)
	require.Len(t, rules, 2)
	var sources []any
	for _, rule := range rules {
		sources = append(sources, rule.Input("cidrIpv4"))
		assert.EqualValues(t, 443, rule.Input("fromPort"))
		assert.EqualValues(t, 443, rule.Input("toPort"))
		assert.Equal(t, "tcp", rule.Input("ipProtocol"))
		assert.Equal(t, group.ID, rule.Input("securityGroupId"))
	}
	assert.ElementsMatch(t, []any{"10.16.0.0/16", "100.64.0.0/16"}, sources)
}

func TestServicesBringEndpointsOnlyWithAPresetAndOnce(t *testing.T) {
	t.Parallel()
	args := validArgs()
	args.Services = []string{"ssm", "ssmmessages", "ec2messages"}
	args.Endpoints.Additional = []string{"sqs"}
	regs := build(t, false, args)
	assert.Equal(t, []string{"dev-endpoint-s3", "dev-endpoint-sqs"}, regs.ByType(endpointType).Names())

	args.Endpoints.Preset = network.PresetBase
	args.Services = []string{"sqs", "ssm", "ssmmessages", "ec2messages"}
	args.Endpoints.Additional = []string{"sqs", "com.amazonaws.eu-west-1.ssm", "ec2"}
	regs = build(t, false, args)
	assert.Equal(t, []string{
		"dev-endpoint-ec2", "dev-endpoint-ec2messages", "dev-endpoint-ecr.api", "dev-endpoint-ecr.dkr", "dev-endpoint-eks",
		"dev-endpoint-eks-auth", "dev-endpoint-logs", "dev-endpoint-s3", "dev-endpoint-sqs", "dev-endpoint-ssm",
		"dev-endpoint-ssmmessages", "dev-endpoint-sts",
	}, regs.ByType(endpointType).Names())
}

func TestEndpointAndRoleNamesFollowThePartition(t *testing.T) {
	t.Parallel()
	args := validArgs()
	args.Region, args.Zones = "cn-north-1", []string{"cnn1-az1", "cnn1-az2"}
	args.Endpoints.Preset = network.PresetBase
	regs := build(t, false, args)
	assert.Equal(t, "cn.com.amazonaws.cn-north-1.ecr.api", named(t, regs, endpointType, "dev-endpoint-ecr.api").Input("serviceName"))
	assert.Equal(t, "com.amazonaws.cn-north-1.logs", named(t, regs, endpointType, "dev-endpoint-logs").Input("serviceName"))
	policy := named(t, regs, "aws:iam/rolePolicy:RolePolicy", "dev-flow-logs").Input("policy")
	assert.Contains(t, policy, "arn:aws-cn:logs:cn-north-1:111111111111:log-group:/aws/vpc/dev/flow-logs:*")
}

func TestFlowLogsGoToAnOwnGroupWithARoleThatCanDoNothingElse(t *testing.T) {
	t.Parallel()
	regs := build(t, false, fullArgs())
	group := named(t, regs, logGroupType, "dev-flow-logs")
	assert.Equal(t, "/aws/vpc/dev/flow-logs", group.Input("name"))
	assert.EqualValues(t, 30, group.Input("retentionInDays"))
	assert.Equal(t, "arn:aws-test:kms:::key/k", group.Input("kmsKeyId"))
	flow := named(t, regs, "aws:ec2/flowLog:FlowLog", "dev-flow-logs")
	assert.Equal(t, "ALL", flow.Input("trafficType"))
	assert.True(t, flow.DeleteBeforeReplace, "its log group may take one at a time")
	assert.Equal(t, ptest.ARN(logGroupType, "dev-flow-logs"), flow.Input("logDestination"))
	assert.Equal(t, ptest.ARN("aws:iam/role:Role", "dev-flow-logs"), flow.Input("iamRoleArn"))
	trust := named(t, regs, "aws:iam/role:Role", "dev-flow-logs").Input("assumeRolePolicy")
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
		"Principal": {"Service": ["vpc-flow-logs.amazonaws.com"]},
		"Condition": {"StringEquals": {"aws:SourceAccount": ["111111111111"]},
			"ArnLike": {"aws:SourceArn": ["arn:aws:ec2:eu-west-1:111111111111:vpc-flow-log/*"]}}}]}`, trust.(string))
	policy := named(t, regs, "aws:iam/rolePolicy:RolePolicy", "dev-flow-logs").Input("policy").(string)
	assert.NotContains(t, policy, "CreateLogGroup")
	assert.NotContains(t, policy, `"*"`)

	off := false
	args := validArgs()
	args.FlowLogs.Enabled = &off
	regs = build(t, false, args)
	assert.Empty(t, regs.ByType("aws:ec2/flowLog:FlowLog"))
	assert.Equal(t, []string{"after-egress"}, regs.ByType(logGroupType).Names())
	assert.Empty(t, regs.ByType("aws:iam/role:Role"))
}

func TestPrefixDelegationReservesRangesWherePodsLive(t *testing.T) {
	t.Parallel()
	args := validArgs()
	assert.Empty(t, build(t, false, args).ByType(reservationType))

	args.PrefixDelegation = true
	regs := build(t, false, args)
	assert.Len(t, regs.ByType(reservationType), 6)
	upper := named(t, regs, reservationType, "dev-private-euw1-az2-upper-half")
	assert.Equal(t, "10.16.48.0/20", upper.Input("cidrBlock"))
	assert.Equal(t, "prefix", upper.Input("reservationType"))
	assert.Equal(t, "dev-private-euw1-az2-id", upper.Input("subnetId"))
	assert.Equal(t, "10.16.40.0/21", named(t, regs, reservationType, "dev-private-euw1-az2-second-quarter").Input("cidrBlock"))

	args.SecondaryCIDR = "100.64.0.0/16"
	regs = build(t, false, args)
	assert.Len(t, regs.ByType(reservationType), 6)
	assert.Equal(t, "100.64.32.0/19", named(t, regs, reservationType, "dev-pods-euw1-az1-upper-half").Input("cidrBlock"))
}

func TestTheDefaultSecurityGroupHasNoRules(t *testing.T) {
	t.Parallel()
	group := named(t, build(t, false, validArgs()), "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "dev-default")
	assert.Equal(t, []any{}, group.Input("ingress"))
	assert.Equal(t, []any{}, group.Input("egress"))
}

// A control plane that took its subnets from New must not wait for anything that Connect registers, and nothing in
// Connect may wait for what it does not use.
func TestNothingWaitsForWhatItDoesNotNeed(t *testing.T) {
	t.Parallel()
	regs := build(t, false, fullArgs())
	typesBefore := func(token, name string) []string {
		var out []string
		for _, urn := range regs.WaitsFor(named(t, regs, token, name).URN) {
			r, ok := regs.ByURN(urn)
			require.True(t, ok, urn)
			if strings.HasPrefix(r.Type, "aws:") {
				out = append(out, r.Type)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	assert.Equal(t, []string{vpcType}, typesBefore(subnetType, "dev-control-plane-euw1-az1"))
	assert.Equal(t, []string{vpcType}, typesBefore(subnetType, "dev-private-euw1-az1"))
	assert.Equal(t, []string{groupType, subnetType, vpcType}, typesBefore(endpointType, "dev-endpoint-ec2"))
	assert.Equal(t, []string{tableType, vpcType}, typesBefore(endpointType, "dev-endpoint-s3"))
	assert.Equal(t, []string{"aws:ec2/eip:Eip", "aws:ec2/internetGateway:InternetGateway", subnetType, vpcType},
		typesBefore(natType, "dev-nat-euw1-az2"))
	assert.Equal(t, []string{logGroupType, vpcType, "aws:iam/role:Role"}, typesBefore("aws:ec2/flowLog:FlowLog", "dev-flow-logs"))
	assert.Empty(t, typesBefore(logGroupType, "dev-flow-logs"))
}

func TestEgressHoldsRoutesNATAndEndpointsBeforeNodes(t *testing.T) {
	t.Parallel()
	regs := build(t, false, fullArgs())
	before := regs.WaitsFor(named(t, regs, logGroupType, "after-egress").URN)
	for _, r := range regs.WithTypePrefix("aws:") {
		switch {
		case slices.Contains([]string{natType, routeType, endpointType, ruleType}, r.Type),
			r.Type == associationType && !strings.Contains(r.Name, "control-plane"):
			assert.Contains(t, before, r.URN)
		case slices.Contains([]string{"aws:ec2/flowLog:FlowLog", reservationType, "aws:iam/role:Role"}, r.Type):
			assert.NotContains(t, before, r.URN, "nodes join without it")
		}
	}

	args := validArgs()
	args.NAT, args.Endpoints.Preset = network.NATNone, network.PresetBase
	regs = build(t, false, args)
	before = regs.WaitsFor(named(t, regs, logGroupType, "after-egress").URN)
	assert.NotContains(t, before, named(t, regs, routeType, "dev-public-default").URN, "without NAT nodes do not go that way")
	assert.Contains(t, before, named(t, regs, associationType, "dev-private-euw1-az1").URN)
}

func TestANetworkWithProblemsRegistersNothing(t *testing.T) {
	t.Parallel()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		args := validArgs()
		args.CIDR, args.NAT = "10.0.0.0/30", "x"
		_, err := network.New(ctx, "dev", &args)
		return err
	})
	require.ErrorContains(t, err, `network "dev": cidr: `)
	require.ErrorContains(t, err, "nat: must be")
	assert.Empty(t, regs)
}

func TestConnectIsCalledOnce(t *testing.T) {
	t.Parallel()
	_, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		n, err := network.New(ctx, "dev", new(validArgs()))
		return errors.Join(err, n.Connect(ctx), n.Connect(ctx))
	})
	require.ErrorContains(t, err, "Connect was called twice")
}

func TestOutputsAreInTheOrderOfTheZones(t *testing.T) {
	t.Parallel()
	args := fullArgs()
	args.Zones = []string{"euw1-az3", "euw1-az1"}
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		n, err := network.New(ctx, "dev", &args)
		if err != nil {
			return err
		}
		assert.Equal(t, "10.16.0.0/16", n.VPCCIDR)
		assert.Len(t, n.Plan.Rows, 8)
		assert.Empty(t, n.Egress(), "nothing is connected yet")
		// A resource records the values, because a test must not assert within an apply.
		probe := pulumi.StringMap{
			"vpc": n.VPCID, "private3": n.PrivateSubnetIDByZone["euw1-az3"], "pods1": n.PodSubnetIDByZone["euw1-az1"],
			"zone1": n.ZoneNames["euw1-az1"],
		}
		for key, ids := range map[string]pulumi.StringArray{
			"private": n.PrivateSubnetIDs, "public": n.PublicSubnetIDs, "controlPlane": n.ControlPlaneSubnetIDs, "pods": n.PodSubnetIDs,
		} {
			probe[key] = ids.ToStringArrayOutput().ApplyT(func(ids []string) string { return strings.Join(ids, " ") }).(pulumi.StringOutput)
		}
		_, err = cloudwatch.NewLogGroup(ctx, "probe", &cloudwatch.LogGroupArgs{Tags: probe})
		return errors.Join(err, n.Connect(ctx))
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"vpc": "dev-vpc-id", "private3": "dev-private-euw1-az3-id", "pods1": "dev-pods-euw1-az1-id",
		"zone1":   "zone-of-euw1-az1",
		"private": "dev-private-euw1-az3-id dev-private-euw1-az1-id", "public": "dev-public-euw1-az3-id dev-public-euw1-az1-id",
		"controlPlane": "dev-control-plane-euw1-az3-id dev-control-plane-euw1-az1-id",
		"pods":         "dev-pods-euw1-az3-id dev-pods-euw1-az1-id",
	}, named(t, regs, logGroupType, "probe").Input("tags"))
}

func TestThePreviewOfTheComponentShowsTheSettings(t *testing.T) {
	t.Parallel()
	component := named(t, build(t, true, fullArgs()), network.Type, "dev")
	assert.Equal(t, "10.16.0.0/16", component.Input("cidr"))
	assert.Equal(t, "perZone", component.Input("nat"))
	assert.Len(t, component.Input("endpoints"), 13)
}

func TestAnUnknownSubnetLeavesTheOthersKnown(t *testing.T) {
	t.Parallel()
	endpoint := named(t, build(t, true, fullArgs()), endpointType, "dev-endpoint-ec2")
	require.True(t, endpoint.Inputs["subnetIds"].IsArray(), "an array of unknowns, not an unknown array")
	assert.Len(t, endpoint.Inputs["subnetIds"].ArrayValue(), 3)
}

// Names of children are part of live infrastructure's identity.
func TestURNsDoNotChange(t *testing.T) {
	t.Parallel()
	var children ptest.Registrations
	for _, r := range build(t, true, fullArgs()) {
		if r.Parent != "" {
			children = append(children, r)
		}
	}
	ptest.Golden(t, children, "testdata/urns.yaml")
}
