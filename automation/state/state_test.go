package state

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation/state/lease"
	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/pulumicli"
)

// thisHost is this machine's name.
func thisHost(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	require.NoError(t, err)
	return host
}

// noPID is above every process number that an operating system gives.
const noPID = 1 << 29

func TestAProcessThatStartedAfterTheLockIsAnotherOne(t *testing.T) {
	t.Parallel()
	assert.Empty(t, gone(os.Getpid(), time.Now()))
	assert.Contains(t, gone(os.Getpid(), time.Now().Add(-24*time.Hour)), "is a different process, which started at")
	assert.Contains(t, gone(noPID, time.Now()), "there is no process")
}

func TestALockIsProvenStaleByTheLeaseUnderWhichItWasTaken(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	expired := func(host string) *lease.Record {
		return &lease.Record{Holder: lease.Holder{Actor: "ci", Host: host}, Acquired: at, Renewed: at.Add(8 * time.Minute), Expires: at.Add(10 * time.Minute), Expired: true}
	}
	held := expired("runner")
	held.Expired = false
	long := at.Add(10*time.Minute + pulumicli.Grace + time.Minute)
	host := thisHost(t)
	for _, c := range []struct {
		name  string
		lock  Lock
		local bool
		prior *lease.Record
		now   time.Time
		proof string
		doubt string
	}{
		{"longer than an engine lives", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("runner"), long, "which expired 31m0s ago", ""},
		{"not long enough", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("runner"), at.Add(20 * time.Minute), "", "certainly gone 30m0s after that"},
		{"taken before the lease", Lock{Host: "runner", PID: 1, Since: at.Add(-time.Minute)}, false, expired("runner"), long, "", "on another host"},
		{"taken after the lease", Lock{Host: "runner", PID: 1, Since: at.Add(time.Hour)}, false, expired("runner"), long, "", "on another host"},
		{"the lease of another host", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, expired("other"), long, "", "on another host"},
		{"a lease that is held", Lock{Host: "runner", PID: 1, Since: at.Add(time.Minute)}, false, held, long, "", "on another host"},
		{"an equal name is no proof beside S3", Lock{Host: host, PID: noPID, Since: at}, false, nil, long, "", "does not prove that it is the same"},
		{"a directory of this machine", Lock{Host: host, PID: noPID, Since: at}, true, nil, long, "there is no process", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := c.lock
			l.prove(c.local, c.prior, c.now)
			if c.proof == "" {
				assert.Empty(t, l.Proof)
			}
			assert.Contains(t, l.Proof, c.proof)
			assert.Contains(t, l.Doubt, c.doubt)
			assert.NotEqual(t, l.Proof == "", l.Doubt == "", "it is proven or in doubt")
		})
	}
}

func TestTheRemedyOfACreationIsWhatCannotMakeADouble(t *testing.T) {
	t.Parallel()
	d := &apitype.DeploymentV3{Resources: []apitype.ResourceV3{{URN: "urn:pulumi:prod::p::aws:iam/role:Role::old"}}}
	for _, c := range []struct {
		typ, name string
		inputs    map[string]any
		id        string
		want      Remedy
	}{
		{"aws:eks/nodeGroup:NodeGroup", "n", map[string]any{"clusterName": "prod", "nodeGroupName": "sys"}, "prod:sys", RemedyAdopt},
		{"aws:iam/role:Role", "r", map[string]any{"name": "r-1234567"}, "r-1234567", RemedyAdopt},
		{"aws:iam/role:Role", "old", map[string]any{"name": "r-1234567"}, "", RemedyDecide},
		{"aws:eks/nodeGroup:NodeGroup", "n", map[string]any{"clusterName": "prod"}, "", RemedyDecide},
		{"kubernetes:core/v1:ConfigMap", "c", map[string]any{"metadata": map[string]any{"namespace": "ns", "name": "cm"}}, "ns/cm", RemedyAdopt},
		{"kubernetes:core/v1:Namespace", "c", map[string]any{"metadata": map[string]any{"name": "ns"}}, "ns", RemedyAdopt},
		{"kubernetes:helm.sh/v3:Release", "c", map[string]any{"namespace": "ns", "name": "rel"}, "ns/rel", RemedyAdopt},
		{"aws:ec2/route:Route", "r", nil, "", RemedyClear},
		{"aws:ec2/route:Route", "r", map[string]any{"routeTableId": "rtb-1", "destinationIpv6CidrBlock": "::/0"}, "rtb-1_::/0", RemedyAdopt},
		{"aws:efs/backupPolicy:BackupPolicy", "b", map[string]any{"fileSystemId": "fs-1"}, "fs-1", RemedyAdopt},
		{"pulumi:providers:aws", "p", map[string]any{"region": "eu-west-1"}, "", RemedyClear},
		{"aws:ec2/securityGroup:SecurityGroup", "r", map[string]any{"name": "sg"}, "", RemedyClear},
		{"aws:ec2/securityGroup:SecurityGroup", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:ec2/launchTemplate:LaunchTemplate", "r", map[string]any{"name": "lt", "__defaults": []any{"updateDefaultVersion"}}, "", RemedyClear},
		{"aws:ec2/launchTemplate:LaunchTemplate", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:iam/policy:Policy", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "", RemedyDecide},
		{"aws:iam/role:Role", "r", map[string]any{"name": "r-1234567", "__defaults": []any{"name"}}, "r-1234567", RemedyAdopt},
		{"aws:ec2/natGateway:NatGateway", "n", map[string]any{"subnetId": "s"}, "", RemedyDecide},
		{"aws:ec2/vpc:Vpc", "n", nil, "", RemedyDecide},
		{"aws:ec2/vpc:Vpc", "n", map[string]any{"tags": map[string]any{"environment": "dev"}}, "", RemedyDecide},
		{"aws:ec2/vpc:Vpc", "n", map[string]any{"tags": map[string]any{"environment": "dev", "Name": "n"}}, "", RemedyFind},
		{"aws:ec2/securityGroup:SecurityGroup", "r", map[string]any{
			"name": "r-1234567", "__defaults": []any{"name"}, "tags": map[string]any{"Name": "r"},
		}, "", RemedyFind},
		{"aws:iam/role:Role", "old", map[string]any{"name": "r", "tags": map[string]any{"Name": "r"}}, "", RemedyDecide},
	} {
		x := apitype.OperationV2{Type: apitype.OperationTypeCreating, Resource: apitype.ResourceV3{
			URN: urn.URN("urn:pulumi:prod::p::" + c.typ + "::" + c.name), Type: tokens.Type(c.typ), Custom: true, Inputs: c.inputs,
		}}
		d.PendingOperations = []apitype.OperationV2{x}
		got := Pending(d)[0]
		assert.Equal(t, []any{c.want, c.id}, []any{got.Remedy, got.ID}, "%s %s", c.typ, c.name)
		d.PendingOperations[0].Type = apitype.OperationTypeUpdating
		assert.Equal(t, RemedyRefresh, Pending(d)[0].Remedy)
	}
}

// TestEveryTypeThatIsRegisteredHasARemedy goes through all that the program registers: what a killed run was about to make is
// found in the cloud, made again, or named with the way to look for it.
func TestEveryTypeThatIsRegisteredHasARemedy(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../tests/testdata/urns-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	checked := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, text := range regexp.MustCompile(`urn:pulumi:[^\s"']+`).FindAllString(string(raw), -1) {
			typ := string(urn.URN(strings.TrimSuffix(text, ":")).Type())
			if checked[typ] {
				continue
			}
			checked[typ] = true
			_, byName := facts.UniqueByName[typ]
			how, repeatable := facts.Repeatable[typ]
			switch {
			case strings.HasPrefix(typ, "pulumi:"), strings.HasPrefix(typ, "eks-platform:"), strings.HasPrefix(typ, "eks:index:"):
				got := Pending(&apitype.DeploymentV3{PendingOperations: []apitype.OperationV2{{
					Type: apitype.OperationTypeCreating, Resource: apitype.ResourceV3{
						URN: urn.URN(text), Type: tokens.Type(typ), Custom: strings.HasPrefix(typ, "pulumi:"),
					},
				}}})[0]
				assert.Equal(t, RemedyClear, got.Remedy, "%s is nothing in the cloud", typ)
				assert.Contains(t, got.String(), "it does not exist in the cloud")
			case repeatable:
				assert.NotEmpty(t, how, typ)
				assert.False(t, facts.Unique[typ] || facts.Findable(typ), "%s is found, or there cannot be two of it: nobody must look for it", typ)
			default:
				assert.True(t, facts.Findable(typ) || facts.Unique[typ] || byName, "%s has no remedy", typ)
			}
		}
	}
	assert.Greater(t, len(checked), 60)
}
