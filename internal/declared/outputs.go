package declared

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Partition, Region and AccountID appear in every ARN that a run makes up. None of them exists, so that it shows when
// a program writes such a value itself instead of using what it was given.
const (
	Partition = "aws-test"
	Region    = "test-region-1"
	AccountID = "000000000000"
)

// IPv6VPC is the range of every VPC that asks Amazon for one, and IPv6Services that of every IPv6 cluster's services.
const (
	IPv6VPC      = "2001:db8:0:ab00::/56"
	IPv6Services = "fd00:db8::/108"
)

const (
	managedNodeGroup = "eks:index:ManagedNodeGroup"
	nodeGroup        = "aws:eks/nodeGroup:NodeGroup"
)

// ARN returns the ARN that a run gives to a resource of a type, for example
// ARN("aws:iam/role:Role", "dev-node") is arn:aws-test:iam:test-region-1:000000000000:role/dev-node.
func ARN(token, name string) string {
	module, kind, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
	kind, _, _ = strings.Cut(kind, ":")
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s/%s", Partition, module, Region, AccountID, kind, name)
}

// ZoneName returns the name that a run gives to a zone. An account's own names are in no stack file.
func ZoneName(zoneID string) string { return "zone-of-" + zoneID }

// outputs makes up a resource's state: its inputs, the physical name that automatic naming would give it, and,
// outside previews, what the cloud computes.
func (r *recorder) outputs(reg Registration, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	state := inputs.Copy()
	if !reg.Custom && !reg.Remote {
		return resource.PropertyMap{}, nil
	}
	if strings.HasPrefix(reg.Type, "aws:") && !state.HasValue("name") {
		// Known in a preview, too: the provider chooses it when it checks the inputs.
		state["name"] = resource.NewProperty(reg.Name + "-auto")
	}
	if reg.Type == managedNodeGroup {
		group, err := r.behind(nodeGroup, reg)
		if err != nil {
			return nil, err
		}
		state["nodeGroup"] = group
	}
	if r.options.Preview {
		return state, nil
	}
	if strings.HasPrefix(reg.Type, "aws:") {
		setDefault(state, "arn", ARN(reg.Type, reg.Name))
	}
	for key, value := range computed(reg, state) {
		setDefault(state, key, value)
	}
	if reg.Type == "aws:eks/cluster:Cluster" {
		completeCluster(state, reg.Name)
	}
	if f := r.options.Outputs[reg.Type]; f != nil {
		maps.Copy(state, resource.NewPropertyMapFromMap(f(reg.Name, inputs)))
	}
	return state, nil
}

// completeCluster adds what EKS chooses inside of a cluster's own settings.
func completeCluster(state resource.PropertyMap, name string) {
	if v := state["kubernetesNetworkConfig"]; v.IsObject() {
		chosen := v.ObjectValue().Copy()
		if chosen["ipFamily"].DeepEquals(resource.NewProperty("ipv6")) {
			chosen["serviceIpv6Cidr"] = resource.NewProperty(IPv6Services)
		}
		state["kubernetesNetworkConfig"] = resource.NewProperty(chosen)
	}
	if v := state["vpcConfig"]; v.IsObject() {
		chosen := v.ObjectValue().Copy()
		setDefault(chosen, "clusterSecurityGroupId", name+"-sg-id")
		state["vpcConfig"] = resource.NewProperty(chosen)
	}
}

func setDefault(state resource.PropertyMap, key string, value any) {
	if k := resource.PropertyKey(key); !state.HasValue(k) {
		state[k] = resource.NewPropertyValue(value)
	}
}

// computed holds the outputs, beside arn, that the platform's components read.
func computed(reg Registration, state resource.PropertyMap) map[string]any {
	id := reg.Name + "-id"
	switch reg.Type {
	case "aws:ec2/vpc:Vpc":
		out := map[string]any{
			"defaultSecurityGroupId": reg.Name + "-default-sg-id", "defaultRouteTableId": reg.Name + "-default-rtb-id",
			"mainRouteTableId": reg.Name + "-main-rtb-id", "ownerId": AccountID,
		}
		if v := state["assignGeneratedIpv6CidrBlock"]; v.IsBool() && v.BoolValue() {
			out["ipv6CidrBlock"] = IPv6VPC
		}
		return out
	case "aws:ec2/subnet:Subnet":
		zone := ""
		if v := state["availabilityZoneId"]; v.IsString() {
			zone = ZoneName(v.StringValue())
		}
		return map[string]any{"availabilityZone": zone, "ownerId": AccountID}
	case "aws:ec2/eip:Eip":
		return map[string]any{"allocationId": id, "publicIp": "192.0.2.1"}
	case "aws:ec2/launchTemplate:LaunchTemplate":
		return map[string]any{"latestVersion": 1, "defaultVersion": 1}
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		return map[string]any{"prefixListId": reg.Name + "-pl-id", "state": "available"}
	case "aws:kms/key:Key":
		return map[string]any{"keyId": id}
	case "aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile":
		return map[string]any{"uniqueId": reg.Name + "-unique-id"}
	case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
		return map[string]any{"thumbprintLists": []any{"0000000000000000000000000000000000000000"}}
	case "aws:eks/cluster:Cluster":
		return map[string]any{
			"endpoint":               "https://" + reg.Name + ".eks.test",
			"certificateAuthority":   map[string]any{"data": "Y2E="},
			"certificateAuthorities": []any{map[string]any{"data": "Y2E="}},
			"identities": []any{map[string]any{"oidcs": []any{
				map[string]any{"issuer": "https://oidc.eks.test/id/" + reg.Name},
			}}},
			"platformVersion": "eks.1", "status": "ACTIVE",
		}
	case nodeGroup:
		return map[string]any{
			"nodeGroupName": reg.Name, "status": "ACTIVE",
			"resources": []any{map[string]any{"autoscalingGroups": []any{map[string]any{"name": reg.Name + "-asg"}}}},
		}
	case "aws:ssm/parameter:Parameter":
		return map[string]any{"version": 1}
	default:
		return nil
	}
}

// behind registers, out of sight, the resource that a remote component returns as an output, and
// returns the reference to it. Without a registered resource the SDK could not read the reference back.
func (r *recorder) behind(token string, reg Registration) (resource.PropertyValue, error) {
	urn := resource.URN(r.urn("", token, reg.Name))
	r.mu.Lock()
	r.hidden[string(urn)] = true
	r.mu.Unlock()
	var res struct{ pulumi.CustomResourceState }
	if err := r.ctx.RegisterResource(token, reg.Name, nil, &res); err != nil {
		return resource.PropertyValue{}, err
	}
	registered := make(chan struct{})
	res.URN().ApplyT(func(pulumi.URN) error { close(registered); return nil })
	<-registered
	id := resource.ID(reg.Name + "-id")
	if r.options.Preview {
		id = ""
	}
	return resource.MakeCustomResourceReference(urn, id, ""), nil
}
