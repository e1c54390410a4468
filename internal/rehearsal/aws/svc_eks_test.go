package aws

import (
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

func TestAClusterComesWithWhatEKSMakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.network()
	c := w.cluster(n)
	assert.Equal(t, "nonprod", c.id)
	assert.Equal(t, "ACTIVE", c.text("status"))
	assert.Regexp(t, `^https://[0-9A-F]{32}\.gr7\.eu-west-1\.eks\.amazonaws\.com$`, c.text("endpoint"))
	issuer := c.blocks("identities")[0].blocks("oidcs")[0].text("issuer")
	assert.Regexp(t, `^https://oidc\.eks\.eu-west-1\.amazonaws\.com/id/[0-9A-F]{32}$`, issuer)
	raw, err := base64.StdEncoding.DecodeString(c.block("certificateAuthority").text("data"))
	require.NoError(t, err)
	block, _ := pem.Decode(raw)
	require.NotNil(t, block)
	assert.Equal(t, n.vpc.id, c.block("vpcConfig").text("vpcId"))
	assert.Regexp(t, `^sg-`, c.block("vpcConfig").text("clusterSecurityGroupId"))
	assert.Equal(t, "10.100.0.0/16", func() string {
		// 10.100.0.0/16 is EKS's first choice; the test's VPC is 10.0.0.0/16.
		return c.block("kubernetesNetworkConfig").text("serviceIpv4Cidr")
	}())
	assert.ErrorContains(t, w.remove(n.private[0]), "Amazon EKS nonprod", "the control plane holds its subnets")

	labelled, err := w.change(c, m{"tags": m{"team": "a"}})
	require.NoError(t, err)
	assert.Equal(t, c.text("endpoint"), labelled.text("endpoint"))
	assert.Equal(t, c.block("vpcConfig").text("clusterSecurityGroupId"), labelled.block("vpcConfig").text("clusterSecurityGroupId"))
	require.NoError(t, w.remove(c))
	require.NoError(t, w.remove(n.privateAssoc[0]))
	assert.NoError(t, w.remove(n.private[0]))
}

func TestClustersAreRefusedAsEKSRefusesThem(t *testing.T) {
	t.Parallel()
	// vpcConfig changes the cluster's own.
	vpcConfig := func(in, changes m) m { return m{"vpcConfig": with(in["vpcConfig"].(m), changes)} }
	try := func(changes m) func(*world) error {
		return func(w *world) error { return w.tryErr(clusterType, with(w.clusterInputs(w.network()), changes)) }
	}
	tryVPC := func(changes m) func(*world) error {
		return func(w *world) error {
			in := w.clusterInputs(w.network())
			return w.tryErr(clusterType, with(in, vpcConfig(in, changes)))
		}
	}
	network := func(n m) func(*world) error { return try(m{"kubernetesNetworkConfig": n}) }
	refuses(t, nil, []refusal{
		{"a name that is taken", func(w *world) error {
			in := w.clusterInputs(w.network())
			w.make(clusterType, in)
			return w.tryErr(clusterType, in)
		}, "ResourceInUseException: Cluster already exists with name: nonprod"},
		{"a name that is none", try(m{"name": "-x"}), "cluster name is not valid"},
		{"a role that does not exist", try(m{"roleArn": "arn:aws:iam::111122223333:role/none"}), "could not be assumed"},
		{"a role that others assume", func(w *world) error {
			r := w.role("other", iamdoc.ServiceTrust("ec2.amazonaws.com"), "AmazonEKSClusterPolicy")
			return w.tryErr(clusterType, with(w.clusterInputs(w.network()), m{"roleArn": r.text("arn")}))
		}, "could not be assumed"},
		{"a role without its policy", func(w *world) error {
			r := w.role("bare", iamdoc.ServiceTrust("eks.amazonaws.com"))
			return w.tryErr(clusterType, with(w.clusterInputs(w.network()), m{"roleArn": r.text("arn")}))
		}, "AmazonEKSClusterPolicy] are attached"},
		{"a version that is gone", try(m{"version": "1.30"}), "supported: 1.31, 1.32, 1.33, 1.34, 1.35, 1.36"},
		{"a version that is none", try(m{"version": "latest"}), "unsupported Kubernetes version"},
		{"extended support that is not wanted", try(m{"version": "1.33", "upgradePolicy": m{"supportType": "STANDARD"}}), "is in extended support"},
		{"subnets of one zone", func(w *world) error {
			n := w.network()
			in := w.clusterInputs(n)
			return w.tryErr(clusterType, with(in, vpcConfig(in, m{"subnetIds": list(n.private[0].id, n.public[0].id)})))
		}, "at least two different AZs"},
		{"no such subnet", tryVPC(m{"subnetIds": list("subnet-0", "subnet-1")}), "InvalidSubnetID.NotFound"},
		{"subnets of two VPCs", func(w *world) error {
			n := w.network()
			in := w.clusterInputs(n)
			return w.tryErr(clusterType, with(in, vpcConfig(in, m{"subnetIds": list(n.private[0].id, w.privateNetwork().private[1].id)})))
		}, "must belong to the same VPC"},
		{"no endpoint at all", tryVPC(m{"endpointPrivateAccess": false}), "Private and public endpoint access cannot be false"},
		{"a private network in public access", tryVPC(m{"endpointPublicAccess": true, "publicAccessCidrs": list("10.0.0.0/8")}), "publicAccessCidrs: [10.0.0.0/8]"},
		{"no such security group", tryVPC(m{"securityGroupIds": list("sg-0")}), "InvalidGroup.NotFound"},
		{"a service network over the VPC", network(m{"serviceIpv4Cidr": "10.0.0.0/16"}), "overlaps with the CIDR 10.0.0.0/16"},
		{"a public service network", network(m{"serviceIpv4Cidr": "100.64.0.0/16"}), "must be within 10.0.0.0/8"},
		{"a service network that is too small", network(m{"serviceIpv4Cidr": "172.20.0.0/25"}), "between /24 and /12"},
		{"an IPv4 service network in an IPv6 cluster", network(m{"ipFamily": "ipv6", "serviceIpv4Cidr": "172.20.0.0/16"}), "ipFamily ipv6"},
		{"no such key", try(m{"encryptionConfig": m{"resources": list("secrets"), "provider": m{"keyArn": "arn:aws:kms:eu-west-1:111122223333:key/none"}}}), "keyArn in encryptionConfig provider is not valid"},
		{"a key that cannot encrypt secrets", func(w *world) error {
			k := w.make(keyType, m{"customerMasterKeySpec": "RSA_2048"})
			return w.tryErr(clusterType, with(w.clusterInputs(w.network()), m{"encryptionConfig": m{"resources": list("secrets"), "provider": m{"keyArn": k.text("arn")}}}))
		}, "must be an enabled symmetric key"},
		{"subnets without room", func(w *world) error {
			v := w.vpc()
			a := w.subnet(v, "10.0.0.0/28", "a")
			n := network2(v, a, w.subnet(v, "10.0.1.0/28", "b"))
			w.make(endpointType, m{"vpcId": v.id, "serviceName": "com.amazonaws.eu-west-1.sts", "vpcEndpointType": "Interface", "subnetIds": list(a.id)})
			for _, s := range []string{"ec2", "ecr.api", "ecr.dkr", "logs", "eks"} {
				w.make(endpointType, m{"vpcId": v.id, "serviceName": "com.amazonaws.eu-west-1." + s, "vpcEndpointType": "Interface", "subnetIds": list(a.id)})
			}
			return w.tryErr(clusterType, w.clusterInputs(n))
		}, "has 5 free IP addresses"},
	})
}

// network2 is a network of which only two subnets matter.
func network2(vpc, a, b thing) network { return network{vpc: vpc, private: [2]thing{a, b}} }

func TestAClusterInAZoneThatEKSRefusesIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorldIn(t, "us-east-1")
	v := w.vpc()
	subnet := func(cidr, id string) thing {
		return w.make(subnetType, m{"vpcId": v.id, "cidrBlock": cidr, "availabilityZoneId": id})
	}
	n := network2(v, subnet("10.0.0.0/24", "use1-az1"), subnet("10.0.1.0/24", "use1-az3"))
	err := w.tryErr(clusterType, w.clusterInputs(n))
	assert.ErrorContains(t, err, "UnsupportedAvailabilityZoneException")
	assert.ErrorContains(t, err, n.private[1].text("availabilityZone"))
}

func TestAClusterMovesAsEKSLetsItMove(t *testing.T) {
	t.Parallel()
	step := func(w *world, from, changes m) error {
		return w.changeErr(w.make(clusterType, with(w.clusterInputs(w.network()), from)), changes)
	}
	config := m{"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": false}
	refuses(t, nil, []refusal{
		{"two minors up", func(w *world) error { return step(w, m{"version": "1.34"}, m{"version": "1.36"}) }, "Unsupported Kubernetes minor version update from 1.34 to 1.36"},
		{"a minor down", func(w *world) error { return step(w, m{}, m{"version": "1.34"}) }, "from 1.35 to 1.34"},
		{"nodes too far behind", func(w *world) error {
			n := w.network()
			c := w.make(clusterType, with(w.clusterInputs(n), m{"version": "1.35"}))
			w.nodeAddons()
			w.make(nodeGroupType, with(w.nodeGroupInputs(n), m{"version": "1.32"}))
			return w.changeErr(c, m{"version": "1.36"})
		}, "must be updated before updating cluster version to 1.36"},
		{"back to the config map", func(w *world) error { return step(w, m{}, m{"accessConfig": config}) }, "authentication mode update from API to CONFIG_MAP"},
		{"two access modes at once", func(w *world) error {
			return step(w, m{"accessConfig": config}, m{"accessConfig": with(config, m{"authenticationMode": "API"})})
		}, "from CONFIG_MAP to API"},
		{"into other zones", func(w *world) error {
			n := w.network()
			c := w.cluster(n)
			third := w.subnet(n.vpc, "10.0.48.0/20", "c")
			return w.changeErr(c, m{"vpcConfig": m{"subnetIds": list(n.private[0].id, third.id), "endpointPrivateAccess": true, "endpointPublicAccess": false}})
		}, "different AZs than the cluster's"},
		{"into another VPC", func(w *world) error {
			c := w.cluster(w.network())
			return w.changeErr(c, m{"vpcConfig": m{"subnetIds": w.privateNetwork().privateIDs(), "endpointPrivateAccess": true, "endpointPublicAccess": false}})
		}, "different from the cluster's VPC"},
		{"to no endpoint", func(w *world) error {
			n := w.network()
			return w.changeErr(w.cluster(n), m{"vpcConfig": m{"subnetIds": n.privateIDs(), "endpointPrivateAccess": false, "endpointPublicAccess": false}})
		}, "endpoint access cannot be false"},
		{"away with nodes in it", func(w *world) error {
			n := w.network()
			c := w.cluster(n)
			w.make(nodeGroupType, with(w.nodeGroupInputs(n), m{"scalingConfig": m{"minSize": 0, "desiredSize": 0, "maxSize": 1}}))
			return w.remove(c)
		}, "ResourceInUseException: Cluster has nodegroups attached"},
		{"away with Fargate profiles", func(w *world) error {
			n := w.network()
			c := w.cluster(n)
			w.make(fargateProfileType, w.fargateInputs(n))
			return w.remove(c)
		}, "Cluster has Fargate profiles attached"},
	})
	w := newWorld(t)
	up, err := w.change(w.make(clusterType, with(w.clusterInputs(w.network()), m{"version": "1.34"})), m{"version": "1.35"})
	require.NoError(t, err)
	assert.Equal(t, "1.35", up.text("version"))
}

func TestAClusterKeepsItsFirstKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := func() m {
		return m{"encryptionConfig": m{"resources": list("secrets"), "provider": m{"keyArn": w.make(keyType, m{}).text("arn")}}}
	}
	plain := w.clusterInputs(w.network())
	delete(plain, "encryptionConfig")
	first := key()
	c, err := w.change(w.make(clusterType, plain), first)
	require.NoError(t, err, "a cluster without a key can get one")
	assert.Equal(t, first["encryptionConfig"].(m)["provider"].(m)["keyArn"], c.attrs.block("encryptionConfig").block("provider").text("keyArn"))
	again, err := w.change(c, key())
	require.NoError(t, err, "the provider asks AWS for nothing")
	assert.Equal(t, c.attrs["encryptionConfig"], again.attrs["encryptionConfig"])
}

func TestALoggingClusterLeavesAnUnmanagedLogGroup(t *testing.T) {
	t.Parallel()
	name := "/aws/eks/nonprod/cluster"
	w := newWorld(t)
	c := w.make(clusterType, with(w.clusterInputs(w.network()), m{"enabledClusterLogTypes": list("audit")}))
	require.NoError(t, w.remove(c))
	require.Len(t, w.ofType(logGroupType), 1, "EKS makes the group, and leaves it")
	assert.ErrorContains(t, w.tryErr(logGroupType, m{"name": name}), "ResourceAlreadyExistsException")

	w = newWorld(t)
	own := w.make(logGroupType, m{"name": name, "retentionInDays": 30})
	c = w.make(clusterType, with(w.clusterInputs(w.network()), m{"enabledClusterLogTypes": list("audit")}))
	require.NoError(t, w.remove(c))
	require.NoError(t, w.remove(own))
	assert.Empty(t, w.ofType(logGroupType), "a group of the program's own goes with the program")

	w = newWorld(t)
	own = w.make(logGroupType, m{"name": name})
	c = w.make(clusterType, with(w.clusterInputs(w.network()), m{"enabledClusterLogTypes": list("audit")}))
	require.NoError(t, w.remove(own))
	require.NoError(t, w.remove(c))
	assert.Len(t, w.ofType(logGroupType), 1, "a group that goes before its cluster comes back")
}

func (w *world) fargateInputs(n network) m {
	w.t.Helper()
	r := w.role("fargate", iamdoc.ServiceTrust("eks-fargate-pods.amazonaws.com"), "AmazonEKSFargatePodExecutionRolePolicy")
	return m{
		"clusterName": "nonprod", "fargateProfileName": "system", "podExecutionRoleArn": r.text("arn"), "subnetIds": n.privateIDs(),
		"selectors": list(m{"namespace": "kube-system"}),
	}
}

func TestFargateProfilesAreRefusedAsEKSRefusesThem(t *testing.T) {
	t.Parallel()
	refuses(t, nil, []refusal{
		{"no cluster", func(w *world) error { return w.tryErr(fargateProfileType, w.fargateInputs(w.network())) }, "No cluster found for name: nonprod"},
		{"a name that is taken", func(w *world) error {
			n := w.network()
			w.cluster(n)
			in := w.fargateInputs(n)
			w.make(fargateProfileType, in)
			return w.tryErr(fargateProfileType, in)
		}, "Fargate Profile already exists"},
		{"a role that others assume", func(w *world) error {
			n := w.network()
			c := w.cluster(n)
			return w.tryErr(fargateProfileType, with(w.fargateInputs(n), m{"podExecutionRoleArn": c.text("roleArn")}))
		}, "Misconfigured PodExecutionRole Trust Policy"},
		{"a public subnet", func(w *world) error {
			n := w.network()
			w.cluster(n)
			return w.tryErr(fargateProfileType, with(w.fargateInputs(n), m{"subnetIds": list(n.public[0].id)}))
		}, "is not a private subnet"},
		{"another VPC's subnet", func(w *world) error {
			n := w.network()
			w.cluster(n)
			return w.tryErr(fargateProfileType, with(w.fargateInputs(n), m{"subnetIds": w.privateNetwork().privateIDs()}))
		}, "does not belong to the cluster's VPC"},
		{"too many selectors", func(w *world) error {
			n := w.network()
			w.cluster(n)
			var selectors []any
			for _, ns := range strings.Fields("a b c d e f") {
				selectors = append(selectors, m{"namespace": ns})
			}
			return w.tryErr(fargateProfileType, with(w.fargateInputs(n), m{"selectors": selectors}))
		}, "1 to 5 selectors"},
	})
}

func TestAccessIsRefusedAsEKSRefusesIt(t *testing.T) {
	t.Parallel()
	const admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
	arrange := func(w *world) {
		w.cluster(w.network())
		w.role("team", iamdoc.ServiceTrust("ec2.amazonaws.com"))
	}
	entry := func(changes m) m {
		return with(m{"clusterName": "nonprod", "principalArn": "arn:aws:iam::111122223333:role/team"}, changes)
	}
	association := func(changes m) m {
		return with(entry(m{"policyArn": admin, "accessScope": m{"type": "cluster"}}), changes)
	}
	try := func(changes m) func(*world) error {
		return func(w *world) error { return w.tryErr(accessEntryType, entry(changes)) }
	}
	associate := func(changes m) func(*world) error {
		return func(w *world) error {
			w.make(accessEntryType, entry(nil))
			return w.tryErr(policyAssociationType, association(changes))
		}
	}
	pods := func(w *world, changes m) m {
		r := w.role("pods", iamdoc.PodIdentityTrust())
		return with(m{"clusterName": "nonprod", "namespace": "apps", "serviceAccount": "web", "roleArn": r.text("arn")}, changes)
	}
	refuses(t, arrange, []refusal{
		{"no cluster", try(m{"clusterName": "none"}), "No cluster found for name: none"},
		{"a session", try(m{"principalArn": "arn:aws:sts::111122223333:assumed-role/team/me"}), "principalArn parameter format is not valid"},
		{"a role of another partition", try(m{"principalArn": "arn:aws-cn:iam::111122223333:role/team"}), "principalArn parameter format is not valid"},
		{"a principal twice", func(w *world) error {
			w.make(accessEntryType, entry(nil))
			return w.tryErr(accessEntryType, entry(nil))
		}, "already in use on this cluster"},
		{"a group of Kubernetes' own", try(m{"kubernetesGroups": list("system:masters")}), "cannot start with system:"},
		{"a group of EKS' own", try(m{"kubernetesGroups": list("team", "eks:admins")}), "cannot start with eks:"},
		{"a group of AWS's own", try(m{"kubernetesGroups": list("aws:admins")}), "cannot start with aws:"},
		{"a group of Amazon's own", try(m{"kubernetesGroups": list("amazon:admins")}), "cannot start with amazon:"},
		{"a group of IAM's own", try(m{"kubernetesGroups": list("iam:admins")}), "cannot start with iam:"},
		{"a user name of EKS' own", try(m{"userName": "eks:admin"}), "The username eks:admin is invalid"},
		{"groups for nodes", try(m{"type": "EC2_LINUX", "kubernetesGroups": list("a")}), "access entry of type EC2_LINUX"},
		{"a change to a group of Kubernetes' own", func(w *world) error {
			return w.changeErr(w.make(accessEntryType, entry(nil)), m{"kubernetesGroups": list("system:masters")})
		}, "cannot start with system:"},
		{"a policy for nobody", func(w *world) error { return w.tryErr(policyAssociationType, association(nil)) }, "principalArn could not be found"},
		{"a policy that is none", associate(m{"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSRootPolicy"}), "policyArn parameter format is not valid"},
		{"a policy for nodes", func(w *world) error {
			w.make(accessEntryType, entry(m{"type": "EC2_LINUX"}))
			return w.tryErr(policyAssociationType, association(nil))
		}, "access entry of type EC2_LINUX"},
		{"a policy twice", func(w *world) error {
			w.make(accessEntryType, entry(nil))
			w.make(policyAssociationType, association(nil))
			return w.tryErr(policyAssociationType, association(nil))
		}, "already associated"},
		{"namespaces in a cluster's scope", associate(m{"accessScope": m{"type": "cluster", "namespaces": list("a")}}), "cannot specify namespaces"},
		{"no namespaces in a namespace's scope", associate(m{"accessScope": m{"type": "namespace"}}), "at least one namespace"},
		{"a scope that is none", associate(m{"accessScope": m{"type": "team"}}), "use cluster or namespace"},
		{"a namespace that is none", associate(m{"accessScope": m{"type": "namespace", "namespaces": list("A_b")}}), `namespace "A_b"`},
		{"pods in no cluster", func(w *world) error { return w.tryErr(podAssociationType, pods(w, m{"clusterName": "none"})) }, "No cluster found"},
		{"pods with a role that does not exist", func(w *world) error {
			return w.tryErr(podAssociationType, pods(w, m{"roleArn": "arn:aws:iam::111122223333:role/none"}))
		}, "does not exist"},
		{"pods with a role that may not tag sessions", func(w *world) error {
			r := w.role("untagged", iamdoc.ServiceTrust("pods.eks.amazonaws.com"))
			return w.tryErr(podAssociationType, pods(w, m{"roleArn": r.text("arn")}))
		}, "Trust policy of the role provided is invalid"},
		{"a service account twice", func(w *world) error {
			in := pods(w, nil)
			w.make(podAssociationType, in)
			return w.tryErr(podAssociationType, in)
		}, "Association already exists"},
	})
	t.Run("an entry in a cluster that is going away", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		arrange(w)
		o := w.ofType(clusterType)[0]
		o.Attributes["status"] = "DELETING"
		require.NoError(t, w.store.Update(func(tx cloud.Tx) error { return tx.Put(o) }))
		assert.ErrorContains(t, w.tryErr(accessEntryType, entry(nil)), "is not in ACTIVE status (DELETING)")
	})
	t.Run("an entry in a cluster with a config map", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.make(clusterType, with(w.clusterInputs(w.network()), m{"accessConfig": m{"authenticationMode": "CONFIG_MAP"}}))
		w.role("team", iamdoc.ServiceTrust("ec2.amazonaws.com"))
		assert.ErrorContains(t, w.tryErr(accessEntryType, entry(nil)), "API_AND_CONFIG_MAP] to perform")
	})
	t.Run("the creator, who has an entry already", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.make(clusterType, with(w.clusterInputs(w.network()), m{"accessConfig": m{"authenticationMode": "API"}}))
		assert.ErrorContains(t, w.tryErr(accessEntryType, entry(m{"principalArn": callerARN("aws", testAccount)})), "already in use")
	})
	w := newWorld(t)
	arrange(w)
	e := w.make(accessEntryType, entry(nil))
	assert.Equal(t, "arn:aws:sts::111122223333:assumed-role/team/{{SessionName}}", e.text("userName"))
	assert.Contains(t, e.text("accessEntryArn"), "access-entry/nonprod/role/111122223333/team/")
}
