package aws

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

func (w *world) fileSystem(changes m) thing {
	w.t.Helper()
	return w.make(fileSystemType, with(m{"encrypted": true, "throughputMode": "elastic", "tags": m{"Name": "shared"}}, changes))
}

func TestAFileSystemReturnsWhatEFSFillsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	s := w.subnet(v, "10.0.16.0/20", "a")
	g := w.make(securityGroupType, m{"vpcId": v.id, "name": "efs"})
	f := w.fileSystem(nil)
	assert.Regexp(t, "^fs-[0-9a-f]{17}$", f.id)
	assert.Equal(t, f.id+".efs.eu-west-1.amazonaws.com", f.text("dnsName"))
	assert.Equal(t, "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/"+f.id, f.text("arn"))
	assert.Contains(t, f.text("kmsKeyId"), "arn:aws:kms:eu-west-1:111122223333:key/", "the account's own key")
	assert.Equal(t, "generalPurpose", f.text("performanceMode"))
	assert.Equal(t, "shared", f.text("name"))

	target := w.make(mountTargetType, m{"fileSystemId": f.id, "subnetId": s.id, "securityGroups": list(g.id)})
	assert.Regexp(t, "^fsmt-", target.id)
	assert.Regexp(t, `^10\.0\.16\.\d+$`, target.text("ipAddress"))
	assert.Equal(t, testRegion+"a."+f.id+".efs.eu-west-1.amazonaws.com", target.text("mountTargetDnsName"))
	assert.Equal(t, testRegion+"a", target.text("availabilityZoneName"))
	require.Len(t, w.ofType(hiddenInterface), 1)
	assert.Equal(t, target.text("networkInterfaceId"), w.ofType(hiddenInterface)[0].ID)
	again, err := w.change(f, m{"throughputMode": "bursting"})
	require.NoError(t, err)
	assert.EqualValues(t, 1, again.attrs["numberOfMountTargets"])

	point := w.make(accessPointType, m{"fileSystemId": f.id, "posixUser": m{"uid": 1000, "gid": 1000}})
	assert.Equal(t, "/", point.block("rootDirectory").text("path"))
	w.make(backupPolicyType, m{"fileSystemId": f.id, "backupPolicy": m{"status": "ENABLED"}})

	require.NoError(t, w.remove(target))
	assert.Empty(t, w.ofType(hiddenInterface), "the interface goes with the mount target")
	require.NoError(t, w.remove(f))
	assert.Empty(t, w.ofType(accessPointType), "access points go with the file system")
	assert.Empty(t, w.ofType(backupPolicyType))
	require.NoError(t, w.remove(g))
	require.NoError(t, w.remove(s))
}

func TestAMountTargetMovesToOtherSecurityGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vpc()
	s := w.subnet(v, "10.0.16.0/20", "a")
	a, b := w.make(securityGroupType, m{"vpcId": v.id, "name": "a"}), w.make(securityGroupType, m{"vpcId": v.id, "name": "b"})
	target := w.make(mountTargetType, m{"fileSystemId": w.fileSystem(nil).id, "subnetId": s.id, "securityGroups": list(a.id)})
	assert.ErrorContains(t, w.changeErr(target, m{"securityGroups": list("sg-0")}), "SecurityGroupNotFound")
	_, err := w.change(target, m{"securityGroups": list(b.id)})
	require.NoError(t, err)
	require.NoError(t, w.remove(a))
	assert.ErrorContains(t, w.remove(b), "EFS mount target for fs-")
}

func TestFileSystemsAreRefusedAsEFSRefusesThem(t *testing.T) {
	t.Parallel()
	try := func(changes m) func(*world) error {
		return func(w *world) error { return w.tryErr(fileSystemType, with(m{"encrypted": true}, changes)) }
	}
	refuses(t, nil, []refusal{
		{"a creation token twice", func(w *world) error {
			w.fileSystem(m{"creationToken": "shared"})
			return w.tryErr(fileSystemType, m{"creationToken": "shared"})
		}, "FileSystemAlreadyExists"},
		{"a zone of another region", try(m{"availabilityZoneName": "us-east-1a"}), "UnsupportedAvailabilityZone"},
		{"a key without encryption", func(w *world) error {
			return w.tryErr(fileSystemType, m{"encrypted": false, "kmsKeyId": w.make(keyType, m{}).text("arn")})
		}, "only if Encrypted is true"},
		{"a key that does not exist", try(m{"kmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/none"}), "does not exist"},
		{"maxIO with elastic throughput", try(m{"performanceMode": "maxIO", "throughputMode": "elastic"}), "maxIO is not supported"},
		{"maxIO in one zone", try(m{"performanceMode": "maxIO", "availabilityZoneName": testRegion + "a"}), "maxIO is not supported"},
		{"provisioned throughput of nothing", try(m{"throughputMode": "provisioned"}), "must be specified when ThroughputMode"},
		{"throughput that is not provisioned", try(m{"throughputMode": "elastic", "provisionedThroughputInMibps": 10}), "only when ThroughputMode"},
		{"too much throughput", try(m{"throughputMode": "provisioned", "provisionedThroughputInMibps": 4000}), "ThroughputLimitExceeded"},
		{"a change to no throughput", func(w *world) error {
			return w.changeErr(w.fileSystem(nil), m{"throughputMode": "provisioned"})
		}, "must be specified when ThroughputMode"},
		{"two transitions in one policy", try(m{"lifecyclePolicies": list(m{"transitionToIa": "AFTER_30_DAYS", "transitionToPrimaryStorageClass": "AFTER_1_ACCESS"})}),
			"only a single transition"},
		{"a transition twice", try(m{"lifecyclePolicies": list(m{"transitionToIa": "AFTER_30_DAYS"}, m{"transitionToIa": "AFTER_7_DAYS"})}), "the same transition"},
		{"deletion with mount targets", func(w *world) error {
			f := w.fileSystem(nil)
			w.make(mountTargetType, m{"fileSystemId": f.id, "subnetId": w.subnet(w.vpc(), "10.0.0.0/24", "a").id})
			return w.remove(f)
		}, "FileSystemInUse"},
	})
}

func TestMountTargetsAreRefusedAsEFSRefusesThem(t *testing.T) {
	t.Parallel()
	try := func(changes func(w *world, v thing) m) func(*world) error {
		return func(w *world) error {
			v := w.vpc()
			s := w.subnet(v, "10.0.0.0/24", "a")
			return w.tryErr(mountTargetType, with(m{"fileSystemId": w.fileSystem(nil).id, "subnetId": s.id}, changes(w, v)))
		}
	}
	second := func(subnet func(w *world, v thing) thing) func(*world) error {
		return func(w *world) error {
			v, f := w.vpc(), w.fileSystem(nil)
			w.make(mountTargetType, m{"fileSystemId": f.id, "subnetId": w.subnet(v, "10.0.0.0/24", "a").id})
			return w.tryErr(mountTargetType, m{"fileSystemId": f.id, "subnetId": subnet(w, v).id})
		}
	}
	refuses(t, nil, []refusal{
		{"no file system", try(func(*world, thing) m { return m{"fileSystemId": "fs-0"} }), "FileSystemNotFound"},
		{"no subnet", try(func(*world, thing) m { return m{"subnetId": "subnet-0"} }), "SubnetNotFound"},
		{"a second one in a zone", second(func(w *world, v thing) thing { return w.subnet(v, "10.0.1.0/24", "a") }), "mount target already exists in this AZ"},
		{"a second VPC", second(func(w *world, _ thing) thing { return w.subnet(w.vpc(), "10.0.1.0/24", "b") }), "not in the same VPC"},
		{"a zone that the file system is not in", try(func(w *world, _ thing) m {
			return m{"fileSystemId": w.fileSystem(m{"availabilityZoneName": testRegion + "b"}).id}
		}), "AvailabilityZonesMismatch"},
		{"no such security group", try(func(*world, thing) m { return m{"securityGroups": list("sg-0")} }), "SecurityGroupNotFound"},
		{"a security group of another VPC", try(func(w *world, _ thing) m {
			return m{"securityGroups": list(w.vpc().text("defaultSecurityGroupId"))}
		}), "SecurityGroupNotFound"},
		{"six security groups", try(func(w *world, v thing) m {
			var groups []any
			for _, name := range strings.Fields("a b c d e f") {
				groups = append(groups, w.make(securityGroupType, m{"vpcId": v.id, "name": name}).id)
			}
			return m{"securityGroups": groups}
		}), "SecurityGroupLimitExceeded"},
		{"an address outside the subnet", try(func(*world, thing) m { return m{"ipAddress": "10.0.9.9"} }), "does not fall within"},
		{"an address that is taken", func(w *world) error {
			s := w.subnet(w.vpc(), "10.0.0.0/24", "a")
			w.make(mountTargetType, m{"fileSystemId": w.fileSystem(nil).id, "subnetId": s.id, "ipAddress": "10.0.0.9"})
			return w.tryErr(mountTargetType, m{"fileSystemId": w.fileSystem(nil).id, "subnetId": s.id, "ipAddress": "10.0.0.9"})
		}, "IpAddressInUse"},
		{"deletion of its subnet", func(w *world) error {
			s := w.subnet(w.vpc(), "10.0.0.0/24", "a")
			w.make(mountTargetType, m{"fileSystemId": w.fileSystem(nil).id, "subnetId": s.id})
			return w.remove(s)
		}, "EFS mount target for fs-"},
	})
	w := newWorld(t)
	v, f := w.vpc(), w.fileSystem(nil)
	one := w.make(mountTargetType, m{"fileSystemId": f.id, "subnetId": w.subnet(v, "10.0.0.0/24", "a").id, "ipAddress": "10.0.0.77"})
	assert.Equal(t, "10.0.0.77", one.text("ipAddress"))
	assert.Equal(t, []string{v.text("defaultSecurityGroupId")}, one.texts("securityGroups"))
	w.make(mountTargetType, m{"fileSystemId": f.id, "subnetId": w.subnet(v, "10.0.1.0/24", "b").id})
}

func TestAccessPointsAndPoliciesAreRefusedAsEFSRefusesThem(t *testing.T) {
	t.Parallel()
	point := func(root m) func(*world) error {
		return func(w *world) error {
			return w.tryErr(accessPointType, m{"fileSystemId": w.fileSystem(nil).id, "rootDirectory": root})
		}
	}
	policy := func(text string) func(*world) error {
		return func(w *world) error {
			return w.tryErr(fileSystemPolicyType, m{"fileSystemId": w.fileSystem(nil).id, "policy": text})
		}
	}
	everybody := map[string][]string{"AWS": {"*"}}
	refuses(t, nil, []refusal{
		{"an access point of no file system", func(w *world) error { return w.tryErr(accessPointType, m{"fileSystemId": "fs-0"}) }, "FileSystemNotFound"},
		{"a path that is none", point(m{"path": "apps"}), "rootDirectory.path"},
		{"a path too deep", point(m{"path": "/a/b/c/d/e"}), "at most 4 directories"},
		{"a path too long", point(m{"path": "/" + strings.Repeat("a", 100)}), "100 characters"},
		{"permissions that are none", point(m{"path": "/a", "creationInfo": m{"ownerUid": 1, "ownerGid": 1, "permissions": "0799"}}), "creationInfo.permissions"},
		{"a backup of no file system", func(w *world) error {
			return w.tryErr(backupPolicyType, m{"fileSystemId": "fs-0", "backupPolicy": m{"status": "ENABLED"}})
		}, "FileSystemNotFound"},
		{"a policy of no file system", func(w *world) error {
			return w.tryErr(fileSystemPolicyType, m{"fileSystemId": "fs-0", "policy": "{}"})
		}, "FileSystemNotFound"},
		{"a policy that says nothing", policy(`{"Version":"2012-10-17"}`), "InvalidPolicyException"},
		{"a policy for nobody", policy(iamdoc.Document{Statements: []iamdoc.Statement{{Actions: []string{"elasticfilesystem:ClientMount"}}}}.JSON()), "must contain principals"},
		{"a policy that nobody can take back", policy(iamdoc.Document{Statements: []iamdoc.Statement{
			{Deny: true, Principals: everybody, Actions: []string{"elasticfilesystem:*"}},
		}}.JSON()), "lockout safety check"},
		{"a policy too long", policy(`{"Version":"2012-10-17","Id":"` + strings.Repeat("a", 20000) + `"}`), "at most 20000"},
	})
	w := newWorld(t)
	f := w.fileSystem(nil)
	w.make(fileSystemPolicyType, m{"fileSystemId": f.id, "policy": iamdoc.Document{Statements: []iamdoc.Statement{
		{Principals: everybody, Actions: []string{"elasticfilesystem:ClientMount"}, Conditions: map[string]map[string][]string{
			"Bool": {"elasticfilesystem:AccessedViaMountTarget": {"true"}},
		}},
		{Deny: true, Principals: everybody, Actions: []string{"*"}, Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}}},
	}}.JSON()})
	w.make(accessPointType, m{"fileSystemId": f.id, "rootDirectory": m{
		"path": "/a/b/c/d", "creationInfo": m{"ownerUid": 1, "ownerGid": 1, "permissions": "0750"},
	}})
}
