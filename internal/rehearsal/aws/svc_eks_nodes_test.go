package aws

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// ready is a cluster that nodes can join, in a network with a NAT gateway.
func (w *world) ready() network {
	w.t.Helper()
	n := w.network()
	w.cluster(n)
	w.nodeAddons()
	return n
}

func TestANodeGroupComesWithAnAutoScalingGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.ready()
	g := w.make(nodeGroupType, w.nodeGroupInputs(n))
	assert.Equal(t, "nonprod:system", g.id)
	assert.Equal(t, "AL2023_x86_64_STANDARD", g.text("amiType"))
	assert.Equal(t, "1.35", g.text("version"))
	name := g.blocks("resources")[0].blocks("autoscalingGroups")[0].text("name")
	groups := w.ofType(hiddenGroup)
	require.Len(t, groups, 1)
	assert.Equal(t, groups[0].ID, name)
	assert.Equal(t, "owned", attrs(groups[0].Attributes).block("tags").text("k8s.io/cluster-autoscaler/nonprod"))
	assert.ErrorContains(t, w.tryErr(accessEntryType, m{"clusterName": "nonprod", "principalArn": g.text("nodeRoleArn"), "type": "EC2_LINUX"}),
		"already in use", "EKS has let the nodes in")
	assert.ErrorContains(t, w.remove(n.private[0]), "Node of nonprod:system")

	grown, err := w.change(g, m{"scalingConfig": m{"minSize": 1, "desiredSize": 3, "maxSize": 6}})
	require.NoError(t, err)
	assert.EqualValues(t, 3, w.ofType(hiddenGroup)[0].Attributes["desiredCapacity"])
	require.NoError(t, w.remove(grown))
	assert.Empty(t, w.ofType(hiddenGroup))
}

func TestNodeGroupsAreRefusedAsEKSRefusesThem(t *testing.T) {
	t.Parallel()
	type changes func(w *world, n network) m
	try := func(c changes) func(*world) error {
		return func(w *world) error {
			n := w.ready()
			return w.tryErr(nodeGroupType, with(w.nodeGroupInputs(n), c(w, n)))
		}
	}
	just := func(c m) func(*world) error { return try(func(*world, network) m { return c }) }
	template := func(lt, c m) func(*world) error {
		return try(func(w *world, n network) m {
			t := w.make(launchTemplateType, with(m{"name": "nodes"}, lt))
			return with(c, m{"launchTemplate": m{"id": t.id, "version": fmt.Sprint(t.attrs["latestVersion"])}})
		})
	}
	size := func(min, desired, max int) m {
		return m{"scalingConfig": m{"minSize": min, "desiredSize": desired, "maxSize": max}}
	}
	data := func(text string) m { return m{"userData": base64.StdEncoding.EncodeToString([]byte(text))} }
	role := func(trust string, policies ...string) func(*world) error {
		return try(func(w *world, _ network) m {
			return m{"nodeRoleArn": w.role("other", iamdoc.ServiceTrust(trust), policies...).text("arn")}
		})
	}
	refuses(t, nil, []refusal{
		{"no cluster", just(m{"clusterName": "none"}), "No cluster found for name: none"},
		{"a name that is none", just(m{"nodeGroupName": "-x"}), "node group name is not valid"},
		{"a name that is taken", func(w *world) error {
			in := w.nodeGroupInputs(w.ready())
			w.make(nodeGroupType, in)
			return w.tryErr(nodeGroupType, in)
		}, "ResourceInUseException: NodeGroup already exists"},
		{"a role that does not exist", just(m{"nodeRoleArn": "arn:aws:iam::111122223333:role/none"}), "were not found in the trust relationships"},
		{"a role that others assume", role("eks.amazonaws.com", "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"), "were not found in the trust relationships"},
		{"a role without the worker's policy", role("ec2.amazonaws.com", "AmazonEC2ContainerRegistryPullOnly"), "[AmazonEKSWorkerNodePolicy] are attached"},
		{"a role that cannot pull", role("ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy"), "[AmazonEC2ContainerRegistryPullOnly] are attached"},
		{"no such subnet", just(m{"subnetIds": list("subnet-0")}), "InvalidSubnetID.NotFound"},
		{"another VPC's subnet", try(func(w *world, _ network) m { return m{"subnetIds": w.privateNetwork().privateIDs()} }), "not in the cluster's VPC"},
		{"no subnet", just(m{"subnetIds": list()}), "Subnet ID(s) must be specified"},
		{"a version that is none", just(m{"version": "latest"}), `Kubernetes version "latest" is not valid`},
		{"more nodes than addresses", try(func(w *world, n network) m {
			s := w.subnet(n.vpc, "10.0.64.0/28", "c")
			w.make(routeTableAssociationType, m{"routeTableId": n.privateTable.id, "subnetId": s.id})
			return with(size(1, 12, 12), m{"subnetIds": list(s.id)})
		}), "AsgInstanceLaunchFailures"},
		{"no such launch template", just(m{"launchTemplate": m{"id": "lt-0", "version": "1"}}), "Launch template lt-0 does not exist"},
		{"no such version of it", try(func(w *world, _ network) m {
			return m{"launchTemplate": m{"id": w.make(launchTemplateType, m{"name": "nodes"}).id, "version": "2"}}
		}), "Launch template version 2"},
		{"a template with an instance profile", template(m{"iamInstanceProfile": m{"name": "p"}}, nil), "should not specify an instance profile"},
		{"a template with a shutdown behaviour", template(m{"instanceInitiatedShutdownBehavior": "stop"}, nil), "shutdown behavior"},
		{"a template with a spot market", template(m{"instanceMarketOptions": m{"marketType": "spot"}}, nil), "instance market options"},
		{"a template with a subnet", template(m{"networkInterfaces": list(m{"subnetId": "subnet-0"})}, nil), "should not specify a subnet"},
		{"a template and a disk size", template(nil, m{"diskSize": 50}), "Disk size must be specified within the launch template"},
		{"a template and remote access", template(nil, m{"remoteAccess": m{"ec2SshKey": "k"}}), "Remote access configuration"},
		{"an instance type in both places", template(m{"instanceType": "m7i.large"}, nil), "Instance type specified in both"},
		{"an image and an AMI type", template(m{"imageId": "ami-0123456789abcdef0"}, m{"amiType": "AL2023_x86_64_STANDARD"}), "image id within the launch template and an amiType"},
		{"an image and a release", template(m{"imageId": "ami-0123456789abcdef0"}, m{"releaseVersion": "1.35.8-20260930"}), "and a releaseVersion"},
		{"an image and a version", template(m{"imageId": "ami-0123456789abcdef0"}, m{"version": "1.35"}), "and a Kubernetes version"},
		{"no image and a custom AMI type", template(nil, m{"amiType": "CUSTOM"}), "needs a launch template with an image id"},
		{"user data that is not multipart", template(data("#!/bin/sh\necho"), nil), "not in the MIME multipart format"},
		{"user data for Bottlerocket that is not TOML", template(data("{"), m{"amiType": "BOTTLEROCKET_x86_64"}), "not in the TOML format"},
		{"an instance type that is none", just(m{"instanceTypes": list("m7i.huge")}), "do not exist: [m7i.huge]"},
		{"too many instance types", just(m{"instanceTypes": anyList(strings.Fields(strings.Repeat("m7i.large ", 21)))}), "at most 20 instance types"},
		{"Arm machines with an x86 AMI", just(m{"amiType": "AL2023_x86_64_STANDARD", "instanceTypes": list("m7g.large")}), "[m7g.large] is not a valid instance type for requested amiType"},
		{"x86 machines with an Arm AMI", just(m{"amiType": "BOTTLEROCKET_ARM_64"}), "[m7i.large] is not a valid instance type for requested amiType"},
		{"new Arm machines with an x86 AMI", just(m{"amiType": "AL2023_x86_64_STANDARD", "instanceTypes": list("m99g.large")}), "[m99g.large] is not a valid"},
		{"machines without GPU with a GPU AMI", just(m{"amiType": "AL2023_x86_64_NVIDIA"}), "[m7i.large] is not a valid"},
		{"two architectures", just(m{"instanceTypes": list("m7i.large", "m7g.large")}), "must share one architecture"},
		{"a version newer than the cluster", just(m{"version": "1.36"}), "newer than the cluster's version 1.35"},
		{"a version four minors behind", just(m{"version": "1.31"}), "more than 3 minors behind"},
		{"AL2 on a version without", just(m{"amiType": "AL2_x86_64"}), "only supported for kubernetes versions 1.32 or earlier"},
		{"a release of another minor", just(m{"releaseVersion": "1.34.11-20260930"}), "Requested release version 1.34.11-20260930 is not valid for kubernetes version 1.35"},
		{"an AL2023 release for Bottlerocket", just(m{"amiType": "BOTTLEROCKET_x86_64", "releaseVersion": "1.35.8-20260930"}), "is not valid for kubernetes version"},
		{"min above desired", just(size(3, 2, 4)), "Minimum capacity 3 can't be greater than desired size 2"},
		{"desired above max", just(size(1, 5, 4)), "desired capacity 5 can't be greater than max size 4"},
		{"min above max", just(size(5, 5, 4)), "can't be greater than maximum size 4"},
		{"a label of Kubernetes' own", just(m{"labels": m{"kubernetes.io/role": "a"}}), "reserved prefixes"},
		{"a taint twice", just(m{"taints": list(m{"key": "a", "value": "1", "effect": "NO_SCHEDULE"}, m{"key": "a", "value": "2", "effect": "NO_SCHEDULE"})}), "more than once"},
		{"a version down", func(w *world) error {
			g := w.make(nodeGroupType, w.nodeGroupInputs(w.ready()))
			return w.changeErr(g, m{"version": "1.34"})
		}, "lower than its present version 1.35"},
		{"a change to sizes that cannot be", func(w *world) error {
			return w.changeErr(w.make(nodeGroupType, w.nodeGroupInputs(w.ready())), size(9, 9, 4))
		}, "can't be greater than maximum size"},
	})
}

func TestNodesThatCannotJoinFailTheirGroup(t *testing.T) {
	t.Parallel()
	const notJoined, notReady = "Instances failed to join the kubernetes cluster", "Unhealthy nodes in the kubernetes cluster"
	group := func(w *world, n network) error { return w.tryErr(nodeGroupType, w.nodeGroupInputs(n)) }
	refuses(t, nil, []refusal{
		{"no network plugin", func(w *world) error {
			n := w.network()
			w.cluster(n)
			return group(w, n)
		}, notReady + " (container runtime network not ready: the cluster has no add-on vpc-cni)"},
		{"no kube-proxy", func(w *world) error {
			n := w.network()
			w.cluster(n)
			w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
			return group(w, n)
		}, "no add-on kube-proxy"},
		{"a network plugin without rights", func(w *world) error {
			n := w.network()
			w.cluster(n)
			w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
			w.make(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy"})
			return group(w, n)
		}, "role node lacks AmazonEKS_CNI_Policy"},
		{"a network plugin whose rights nobody hands out", func(w *world) error {
			n := w.network()
			w.cluster(n)
			r := w.role("cni", iamdoc.PodIdentityTrust(), "AmazonEKS_CNI_Policy")
			w.make(addonType, m{
				"clusterName": "nonprod", "addonName": "vpc-cni",
				"podIdentityAssociations": list(m{"serviceAccount": "aws-node", "roleArn": r.text("arn")}),
			})
			w.make(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy"})
			return group(w, n)
		}, "role node lacks AmazonEKS_CNI_Policy"},
		{"EKS's own plugin without rights", func(w *world) error {
			n := w.network()
			w.make(clusterType, with(w.clusterInputs(n), m{"bootstrapSelfManagedAddons": true}))
			return group(w, n)
		}, "role node lacks AmazonEKS_CNI_Policy"},
		{"no way out", func(w *world) error {
			n := w.privateNetwork()
			w.cluster(n)
			w.nodeAddons()
			return group(w, n)
		}, notJoined},
		{"a NAT gateway that leads nowhere", func(w *world) error {
			n := w.ready()
			require.NoError(w.t, w.remove(n.publicRoute))
			return group(w, n)
		}, "nor endpoints for ec2, ecr.api, ecr.dkr, sts, s3"},
		{"a public subnet that gives no addresses", func(w *world) error {
			n := w.ready()
			return w.tryErr(nodeGroupType, with(w.nodeGroupInputs(n), m{"subnetIds": list(n.public[0].id)}))
		}, "Ec2SubnetInvalidConfiguration"},
		{"a public endpoint without a way out", func(w *world) error {
			n := w.privateNetwork()
			in := w.clusterInputs(n)
			w.make(clusterType, with(in, m{"vpcConfig": with(in["vpcConfig"].(m), m{"endpointPrivateAccess": false, "endpointPublicAccess": true})}))
			w.nodeAddons()
			return group(w, n)
		}, "public only and subnet"},
		{"a public endpoint that does not admit the NAT gateway", func(w *world) error {
			n := w.network()
			in := w.clusterInputs(n)
			w.make(clusterType, with(in, m{"vpcConfig": with(in["vpcConfig"].(m), m{
				"endpointPrivateAccess": false, "endpointPublicAccess": true, "publicAccessCidrs": list("192.0.2.0/24"),
			})}))
			w.nodeAddons()
			return group(w, n)
		}, "does not admit the NAT gateway's address 203.0.113.4"},
		{"one endpoint short", func(w *world) error {
			n := w.endpoints("ec2", "ecr.api", "ecr.dkr", "eks-auth")
			return group(w, n)
		}, "nor endpoints for sts"},
		{"endpoints without S3", func(w *world) error {
			n := w.endpoints("ec2", "ecr.api", "ecr.dkr", "sts", "eks-auth")
			require.NoError(w.t, w.remove(n.nat)) // the S3 endpoint, see endpoints
			return group(w, n)
		}, "nor endpoints for s3"},
		{"endpoints that do not answer", func(w *world) error {
			n := w.endpoints("ec2", "ecr.api", "ecr.dkr", "sts", "eks-auth")
			require.NoError(w.t, w.remove(n.eip)) // the rule that admits 443, see endpoints
			return group(w, n)
		}, "nor endpoints for ec2, ecr.api, ecr.dkr, sts"},
		{"no endpoint for Pod Identity", func(w *world) error {
			n := w.endpoints("ec2", "ecr.api", "ecr.dkr", "sts")
			return group(w, n)
		}, "no way to the eks-auth service"},
		{"growing from zero without a way out", func(w *world) error {
			n := w.privateNetwork()
			w.cluster(n)
			w.nodeAddons()
			g := w.make(nodeGroupType, with(w.nodeGroupInputs(n), m{"scalingConfig": m{"minSize": 0, "desiredSize": 0, "maxSize": 2}}))
			return w.changeErr(g, m{"scalingConfig": m{"minSize": 0, "desiredSize": 2, "maxSize": 2}})
		}, notJoined},
	})
	w := newWorld(t)
	n := w.endpoints("ec2", "ecr.api", "ecr.dkr", "sts", "eks-auth")
	assert.NoError(t, group(w, n), "with endpoints alone")
}

// endpoints is a cluster in a network without a way out, with interface endpoints; in place of what that network
// lacks, nat is the S3 endpoint and eip the rule that lets nodes reach the others.
func (w *world) endpoints(services ...string) network {
	w.t.Helper()
	n := w.privateNetwork()
	g := w.make(securityGroupType, m{"vpcId": n.vpc.id, "name": "endpoints"})
	n.eip = w.make(ingressRuleType, m{"securityGroupId": g.id, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"})
	n.nat = w.make(endpointType, m{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.eu-west-1.s3", "routeTableIds": list(n.privateTable.id)})
	for _, s := range services {
		w.make(endpointType, m{
			"vpcId": n.vpc.id, "serviceName": "com.amazonaws.eu-west-1." + s, "vpcEndpointType": "Interface",
			"subnetIds": n.privateIDs(), "securityGroupIds": list(g.id), "privateDnsEnabled": true,
		})
	}
	w.cluster(n)
	w.nodeAddons()
	return n
}

func TestTheNetworkPluginLeavesInterfacesWhenItGoesBeforeTheNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.network()
	c := w.cluster(n)
	w.make(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy"})
	in := w.nodeGroupInputs(n)
	w.make(attachmentType, m{"role": "node", "policyArn": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"})
	cni := w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
	g := w.make(nodeGroupType, in)

	require.NoError(t, w.remove(g))
	require.NoError(t, w.remove(cni))
	cni = w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
	g = w.make(nodeGroupType, in)
	require.NoError(t, w.remove(cni))
	cni = w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
	require.NoError(t, w.remove(g), "back on the nodes that it left, the plugin cleans up")
	require.NoError(t, w.remove(cni))
	assert.Empty(t, leftInterfaces(w))

	cni = w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni"})
	g = w.make(nodeGroupType, in)
	require.NoError(t, w.remove(cni))
	require.NoError(t, w.remove(g))
	require.NoError(t, w.remove(c))
	assert.NoError(t, w.remove(n.private[1]))
	assert.ErrorContains(t, w.remove(n.private[0]), "left behind because vpc-cni went before the nodes")
}

// leftInterfaces returns the interfaces that vpc-cni left behind.
func leftInterfaces(w *world) []string {
	var out []string
	for _, o := range w.all() {
		if text, _ := o.Attributes["description"].(string); strings.Contains(text, "left behind") {
			out = append(out, o.ID)
		}
	}
	return out
}

func TestAddonsAreRefusedAsEKSRefusesThem(t *testing.T) {
	t.Parallel()
	try := func(inputs m) func(*world) error {
		return func(w *world) error {
			w.ready()
			return w.tryErr(addonType, with(m{"clusterName": "nonprod"}, inputs))
		}
	}
	configure := func(name, values string) func(*world) error {
		return try(m{"addonName": name, "configurationValues": values})
	}
	taint := list(m{"key": "spotInstance", "value": "true", "effect": "NO_SCHEDULE"})
	coredns := func(group, addon m) func(*world) error {
		return func(w *world) error {
			n := w.ready()
			w.make(nodeGroupType, with(w.nodeGroupInputs(n), group))
			return w.tryErr(addonType, with(m{"clusterName": "nonprod", "addonName": "coredns"}, addon))
		}
	}
	const degraded = "unexpected state 'DEGRADED', wanted target 'ACTIVE'"
	refuses(t, nil, []refusal{
		{"no cluster", try(m{"clusterName": "none", "addonName": "coredns"}), "No cluster found"},
		{"an add-on that is none", try(m{"addonName": "core-dns"}), "Addon core-dns specified is not supported in 1.35"},
		{"an add-on twice", try(m{"addonName": "kube-proxy"}), "Addon already exists"},
		{"a version that is none", try(m{"addonName": "aws-efs-csi-driver", "addonVersion": "3.4.2"}), "is not of the form"},
		{"kube-proxy of another minor", func(w *world) error {
			w.cluster(w.network())
			return w.tryErr(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy", "addonVersion": "v1.34.6-eksbuild.29"})
		}, "does not run on Kubernetes 1.35"},
		{"two minors of vpc-cni at once", func(w *world) error {
			w.cluster(w.network())
			a := w.make(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni", "addonVersion": "v1.20.0-eksbuild.1"})
			return w.changeErr(a, m{"addonVersion": "v1.22.4-eksbuild.3"})
		}, "one minor version at a time"},
		{"a role that does not exist", try(m{"addonName": "aws-ebs-csi-driver", "serviceAccountRoleArn": "arn:aws:iam::111122223333:role/none"}), "does not exist"},
		{"configuration that is no object", configure("aws-guardduty-agent", "[]"), "not an object"},
		{"configuration that does not parse", configure("aws-guardduty-agent", "{"), "neither JSON nor YAML"},
		{"a boolean where text belongs", func(w *world) error {
			w.cluster(w.network())
			return w.tryErr(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni", "configurationValues": `{"enableNetworkPolicy":true}`})
		}, "$.enableNetworkPolicy: got boolean, want string"},
		{"an unknown key below", func(w *world) error {
			w.cluster(w.network())
			return w.tryErr(addonType, m{"clusterName": "nonprod", "addonName": "vpc-cni", "configurationValues": "env:\n  ENABLE_PREFIX: \"true\"\n"})
		}, "ENABLE_PREFIX"},
		{"an unknown key", configure("coredns", `{"replicas":2}`), "replicas"},
		{"a number of EFS controllers", configure("aws-efs-csi-driver", `{"controller":{"replicaCount":2}}`), "replicaCount"},
		{"metrics of EFS volumes", configure("aws-efs-csi-driver", `{"node":{"volMetricsOptIn":true}}`), "volMetricsOptIn"},
		{"a region that is none", configure("aws-secrets-store-csi-driver-provider", `{"awsRegion":1}`), "$.awsRegion: got number, want string"},
		{"two disruption budgets", configure("coredns", `{"podDisruptionBudget":{"enabled":true,"maxUnavailable":1,"minAvailable":1}}`), "$.podDisruptionBudget"},
		{"an identity for an account that is not the add-on's", func(w *world) error {
			w.ready()
			r := w.role("ebs", iamdoc.PodIdentityTrust())
			return w.tryErr(addonType, m{"clusterName": "nonprod", "addonName": "aws-ebs-csi-driver", "podIdentityAssociations": list(
				m{"serviceAccount": "ebs-csi", "roleArn": r.text("arn")})})
		}, "[ebs-csi-controller-sa]"},
		{"an identity that exists", func(w *world) error {
			w.ready()
			r := w.role("pods", iamdoc.PodIdentityTrust())
			return w.tryErr(podAssociationType, m{"clusterName": "nonprod", "namespace": "kube-system", "serviceAccount": "aws-node", "roleArn": r.text("arn")})
		}, "Association already exists"},
		{"coredns without nodes", try(m{"addonName": "coredns"}), degraded + ". last error: : InsufficientNumberOfReplicas"},
		{"metrics-server without nodes", try(m{"addonName": "metrics-server"}), degraded},
		{"the EFS driver without nodes", try(m{"addonName": "aws-efs-csi-driver"}), degraded},
		{"the EFS driver's pods twice", func(w *world) error {
			w.make(nodeGroupType, w.nodeGroupInputs(w.ready()))
			r := w.role("efs", iamdoc.PodIdentityTrust())
			w.make(podAssociationType, m{"clusterName": "nonprod", "namespace": "kube-system", "serviceAccount": "efs-csi-controller-sa", "roleArn": r.text("arn")})
			return w.tryErr(addonType, m{"clusterName": "nonprod", "addonName": "aws-efs-csi-driver", "podIdentityAssociations": list(
				m{"serviceAccount": "efs-csi-controller-sa", "roleArn": r.text("arn")})})
		}, "Association already exists"},
		{"the EBS driver without nodes", try(m{"addonName": "aws-ebs-csi-driver"}), degraded},
		{"coredns on an empty group", coredns(m{"scalingConfig": m{"minSize": 0, "desiredSize": 0, "maxSize": 1}}, nil), "has no nodes"},
		{"coredns on tainted nodes", coredns(m{"taints": taint}, nil), "has the taint spotInstance"},
		{"coredns on nodes without its label", coredns(nil, m{"configurationValues": `{"nodeSelector":{"lifecycle":"OnDemand"}}`}), "has no label lifecycle"},
		{"a change that finds no node", func(w *world) error {
			n := w.ready()
			w.make(nodeGroupType, w.nodeGroupInputs(n))
			a := w.make(addonType, m{"clusterName": "nonprod", "addonName": "coredns"})
			return w.changeErr(a, m{"configurationValues": `{"nodeSelector":{"lifecycle":"OnDemand"}}`})
		}, "unexpected state 'Failed', wanted target 'Successful'"},
	})
	for name, try := range map[string]func(*world) error{
		"tolerated":         coredns(m{"taints": taint}, m{"configurationValues": `{"tolerations":[{"key":"spotInstance","operator":"Equal","value":"true","effect":"NoSchedule"}]}`}),
		"tolerated at all":  coredns(m{"taints": taint}, m{"configurationValues": `{"tolerations":[{"operator":"Exists"}]}`}),
		"its own":           coredns(m{"taints": list(m{"key": "CriticalAddonsOnly", "value": "true", "effect": "NO_SCHEDULE"})}, nil),
		"selected":          coredns(m{"labels": m{"lifecycle": "OnDemand"}}, m{"configurationValues": `{"nodeSelector":{"lifecycle":"OnDemand"}}`}),
		"a preference only": coredns(m{"taints": list(m{"key": "a", "value": "b", "effect": "PREFER_NO_SCHEDULE"})}, nil),
	} {
		assert.NoError(t, try(newWorld(t)), name)
	}
}

func TestAnAddonsIdentitiesGoWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ready()
	require.Len(t, w.ofType(hiddenPodAssociation), 1)
	for _, o := range w.ofType(addonType) {
		require.NoError(t, w.remove(thing{typ: addonType, id: o.ID}))
	}
	assert.Empty(t, w.ofType(hiddenPodAssociation))
}

func TestCoreDNSRunsOnFargateWhenToldTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.ready()
	w.make(fargateProfileType, w.fargateInputs(n))
	in := m{"clusterName": "nonprod", "addonName": "coredns"}
	assert.ErrorContains(t, w.tryErr(addonType, in), "DEGRADED")
	assert.NoError(t, w.tryErr(addonType, with(in, m{"configurationValues": `{"computeType":"Fargate"}`})))
}

func TestScalingIsRefusedAsAWSRefusesIt(t *testing.T) {
	t.Parallel()
	asg := func(w *world) string {
		w.make(nodeGroupType, w.nodeGroupInputs(w.ready()))
		return w.ofType(hiddenGroup)[0].ID
	}
	schedule := func(changes m) func(*world) error {
		return func(w *world) error {
			return w.tryErr(scheduleType, with(m{
				"autoscalingGroupName": asg(w), "scheduledActionName": "night", "recurrence": "0 20 * * 1-5", "timeZone": "Europe/Berlin",
				"minSize": 0, "maxSize": 0, "desiredCapacity": 0,
			}, changes))
		}
	}
	tag := func(group, key string) m {
		return m{"autoscalingGroupName": group, "tag": m{"key": key, "value": "v", "propagateAtLaunch": false}}
	}
	refuses(t, nil, []refusal{
		{"a schedule of no group", schedule(m{"autoscalingGroupName": "none"}), "no such group: none"},
		{"a schedule that does not parse", schedule(m{"recurrence": "0 20 * *"}), "Given recurrence string: 0 20 * * is invalid"},
		{"a schedule in another language", schedule(m{"recurrence": "@daily"}), "is invalid"},
		{"a time zone that is none", schedule(m{"timeZone": "Europe/Bern"}), "Time zone Europe/Bern"},
		{"sizes out of order", schedule(m{"minSize": 3, "maxSize": 2, "desiredCapacity": -1}), "Max size must be greater"},
		{"a desired size out of range", schedule(m{"minSize": 1, "maxSize": 2, "desiredCapacity": 3}), "between min size and max size"},
		{"no size", schedule(m{"minSize": -1, "maxSize": -1, "desiredCapacity": -1}), "At least one of MinSize"},
		{"no time", schedule(m{"recurrence": nil}), "Start time, end time or recurrence"},
		{"a schedule's name that is taken", func(w *world) error {
			in := m{"autoscalingGroupName": asg(w), "scheduledActionName": "night", "recurrence": "0 20 * * *", "minSize": 0, "maxSize": 0, "desiredCapacity": 0}
			w.make(scheduleType, in)
			return w.tryErr(scheduleType, in)
		}, "already exists"},
		{"a tag of no group", func(w *world) error { return w.tryErr(groupTagType, tag("none", "a")) }, "no such group: none"},
		{"a tag of AWS's", func(w *world) error { return w.tryErr(groupTagType, tag(asg(w), "aws:a")) }, "prefix aws: is reserved"},
		{"a tag with two owners", func(w *world) error {
			g := asg(w)
			w.make(groupTagType, tag(g, "a"))
			return w.tryErr(groupTagType, tag(g, "a"))
		}, "is managed already"},
		{"a group with a template that does not exist", func(w *world) error {
			return w.tryErr(groupType, m{"name": "g", "minSize": 0, "maxSize": 1, "launchTemplate": m{"id": "lt-0", "version": "1"}})
		}, "valid fully-formed launch template"},
		{"a group's name that is taken", func(w *world) error {
			lt := w.make(launchTemplateType, m{"name": "nodes"})
			return w.tryErr(groupType, m{"name": asg(w), "minSize": 0, "maxSize": 1, "launchTemplate": m{"id": lt.id}})
		}, "AutoScalingGroup by this name already exists"},
		{"a group whose sizes cannot be", func(w *world) error {
			lt := w.make(launchTemplateType, m{"name": "nodes"})
			return w.tryErr(groupType, m{"name": "g", "minSize": 2, "maxSize": 1, "launchTemplate": m{"id": lt.id}})
		}, "must be between the specified min size"},
		{"a group in no subnet", func(w *world) error {
			lt := w.make(launchTemplateType, m{"name": "nodes"})
			return w.tryErr(groupType, m{"name": "g", "minSize": 0, "maxSize": 1, "vpcZoneIdentifiers": list("subnet-0"), "launchTemplate": m{"id": lt.id}})
		}, "subnet ID 'subnet-0' does not exist"},
	})
	w := newWorld(t)
	g := asg(w)
	made := w.make(groupTagType, tag(g, "k8s.io/cluster-autoscaler/node-template/label/a"))
	assert.Equal(t, "v", attrs(w.ofType(hiddenGroup)[0].Attributes).block("tags").text("k8s.io/cluster-autoscaler/node-template/label/a"))
	require.NoError(t, w.remove(made))
	assert.NotContains(t, attrs(w.ofType(hiddenGroup)[0].Attributes).block("tags"), "k8s.io/cluster-autoscaler/node-template/label/a")
	s := w.make(scheduleType, m{
		"autoscalingGroupName": g, "scheduledActionName": "night", "recurrence": "0 20 * * *", "timeZone": "Europe/Berlin", "desiredCapacity": 0, "minSize": 0,
	})
	assert.NotEmpty(t, s.text("startTime"))
	assert.Contains(t, s.text("arn"), "scheduledActionName/night")
}

func TestConfigurationThatTheAddonsTakeIsTaken(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{
		"vpc-cni": `{"enableNetworkPolicy":"true","env":{"ENABLE_PREFIX_DELEGATION":"true","WARM_PREFIX_TARGET":"1"},"init":{"env":{"DISABLE_TCP_EARLY_DEMUX":"true"}},` +
			`"eniConfig":{"create":true,"region":"eu-west-1","subnets":{"eu-west-1a":{"id":"subnet-1","securityGroups":["sg-1"]}}},` +
			`"resources":{"requests":{"cpu":"50m"}},"tolerations":[{"operator":"Exists"}],"livenessProbeTimeoutSeconds":10}`,
		"coredns": `{"autoScaling":{"enabled":true,"minReplicas":2,"maxReplicas":10},"podDisruptionBudget":{"enabled":true,"maxUnavailable":"50%"},` +
			`"nodeSelector":{"a":"b"},"topologySpreadConstraints":[{"maxSkew":1}]}`,
		"kube-proxy":                `{"mode":"iptables","resources":{"requests":{"cpu":"50m"}}}`,
		"aws-ebs-csi-driver":        `{"controller":{"extraVolumeTags":{"a":"b"},"replicaCount":2},"node":{"tolerateAllTaints":true},"defaultStorageClass":{"enabled":true}}`,
		"metrics-server":            `{"replicas":2,"tolerations":[],"nodeSelector":{"a":"b"}}`,
		"eks-node-monitoring-agent": `{"nodeAgent":{"tolerations":[{"operator":"Exists"}],"probePort":8002}}`,
		"aws-efs-csi-driver": `{"controller":{"deleteAccessPointRootDir":false,"nodeSelector":{"a":"b"},"tolerations":[{"operator":"Exists"}],` +
			`"resources":{"requests":{"cpu":"10m"}}},"node":{"tolerations":[{"operator":"Exists"}],"resources":{"requests":{"cpu":"10m"}}}}`,
		"aws-secrets-store-csi-driver-provider": `{"awsRegion":"eu-west-1","secrets-store-csi-driver":{"syncSecret":{"enabled":true}}}`,
		"snapshot-controller":                   `{"whatever":{"is":"not known"}}`,
	} {
		assert.NoError(t, checkConfiguration(name, values), name)
	}
}

func TestEveryAddonsVersionIsOne(t *testing.T) {
	t.Parallel()
	for name, a := range facts.Addons() {
		for _, k := range facts.KubernetesVersions {
			if v := a.VersionFor(k.Minor); v != "" {
				assert.Regexp(t, addonVersionForm, v, name)
			}
		}
	}
	for _, name := range facts.AddonsWithSchema() {
		schema, err := configurationSchema(name)
		require.NoError(t, err, name)
		assert.NotNil(t, schema, name)
	}
}
