package aws_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Types that the tests use; the others have no rules beyond the facts, so that only the engine is tested.
const (
	vpcType       = "aws:ec2/vpc:Vpc"
	sgRuleType    = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	groupType     = "aws:eks/nodeGroup:NodeGroup"
	clusterType   = "aws:eks/cluster:Cluster"
	roleType      = "aws:iam/role:Role"
	policyType    = "aws:iam/policy:Policy"
	templateType  = "aws:ec2/launchTemplate:LaunchTemplate"
	queueType     = "aws:sqs/queue:Queue"
	bucketType    = "aws:s3/bucketV2:BucketV2"
	secretType    = "aws:secretsmanager/secretVersion:SecretVersion"
	parameterType = "aws:ssm/parameter:Parameter"
	instanceType  = "aws:ec2/instance:Instance"
	topicType     = "aws:sns/topic:Topic"
	filterType    = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
)

const (
	region  = "eu-central-1"
	account = "111122223333"
)

type m = map[string]any

var unknown = resource.MakeComputed(resource.NewStringProperty(""))

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

func props(t testing.TB, in m) resource.PropertyMap {
	t.Helper()
	return resource.NewPropertyMapFromMap(in)
}

func toWire(t testing.TB, in resource.PropertyMap) *structpb.Struct {
	t.Helper()
	s, err := plugin.MarshalProperties(in, wire)
	require.NoError(t, err)
	return s
}

func fromWire(t testing.TB, s *structpb.Struct) resource.PropertyMap {
	t.Helper()
	p, err := plugin.UnmarshalProperties(s, wire)
	require.NoError(t, err)
	return p
}

// provider is a configured provider on an empty cloud.
type provider struct {
	t     testing.TB
	p     *aws.Provider
	store *cloud.Store
}

func newProvider(t testing.TB, config m) *provider {
	t.Helper()
	store, err := cloud.Open(filepath.Join(t.TempDir(), "cloud.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	p := &provider{t: t, store: store}
	p.configure(config)
	return p
}

// configure starts another provider instance on the same cloud.
func (p *provider) configure(config m) {
	p.t.Helper()
	args := m{"region": region, "allowedAccountIds": []any{account}}
	maps.Copy(args, config)
	p.p = aws.New(aws.Options{Store: p.store})
	_, err := p.p.Configure(p.t.Context(), &pulumirpc.ConfigureRequest{Args: toWire(p.t, props(p.t, args))})
	require.NoError(p.t, err)
}

func urn(typ, name string) string {
	return "urn:pulumi:dev::test::" + typ + "::" + name
}

// check returns the inputs as the engine would keep them, and what is wrong as "path: reason".
func (p *provider) check(typ string, olds, news resource.PropertyMap) (resource.PropertyMap, []string) {
	p.t.Helper()
	r, err := p.p.Check(p.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn(typ, "thing"), Olds: toWire(p.t, olds), News: toWire(p.t, news), RandomSeed: []byte("seed"),
	})
	require.NoError(p.t, err)
	var failures []string
	for _, f := range r.GetFailures() {
		failures = append(failures, f.GetProperty()+": "+f.GetReason())
	}
	return fromWire(p.t, r.GetInputs()), failures
}

// made is a resource as the engine remembers it.
type made struct {
	typ, id         string
	inputs, outputs resource.PropertyMap
}

func (p *provider) create(typ string, in m) *made {
	p.t.Helper()
	inputs, failures := p.check(typ, nil, props(p.t, in))
	require.Empty(p.t, failures)
	r, err := p.p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, "thing"), Properties: toWire(p.t, inputs)})
	require.NoError(p.t, err)
	return &made{typ, r.GetId(), inputs, fromWire(p.t, r.GetProperties())}
}

func (p *provider) diff(o *made, in m) (resource.PropertyMap, *pulumirpc.DiffResponse) {
	p.t.Helper()
	news, failures := p.check(o.typ, o.inputs, props(p.t, in))
	require.Empty(p.t, failures)
	r, err := p.p.Diff(p.t.Context(), &pulumirpc.DiffRequest{
		Id: o.id, Urn: urn(o.typ, "thing"), Olds: toWire(p.t, o.outputs), OldInputs: toWire(p.t, o.inputs), News: toWire(p.t, news),
	})
	require.NoError(p.t, err)
	return news, r
}

// changes words a diff: "path kind", in order, without the tags' second view.
func changes(r *pulumirpc.DiffResponse) []string {
	var out []string
	for path, d := range r.GetDetailedDiff() {
		if !strings.HasPrefix(path, "tagsAll") {
			out = append(out, path+" "+strings.ToLower(d.GetKind().String()))
		}
	}
	slices.Sort(out)
	return out
}

func (p *provider) update(o *made, in m) {
	p.t.Helper()
	news, _ := p.diff(o, in)
	r, err := p.p.Update(p.t.Context(), &pulumirpc.UpdateRequest{
		Id: o.id, Urn: urn(o.typ, "thing"), Olds: toWire(p.t, o.outputs), OldInputs: toWire(p.t, o.inputs), News: toWire(p.t, news),
	})
	require.NoError(p.t, err)
	o.inputs, o.outputs = news, fromWire(p.t, r.GetProperties())
}

func (p *provider) read(o *made) bool {
	p.t.Helper()
	r, err := p.p.Read(p.t.Context(), &pulumirpc.ReadRequest{
		Id: o.id, Urn: urn(o.typ, "thing"), Properties: toWire(p.t, o.outputs), Inputs: toWire(p.t, o.inputs),
	})
	require.NoError(p.t, err)
	if r.GetId() == "" {
		return false
	}
	o.id, o.inputs, o.outputs = r.GetId(), fromWire(p.t, r.GetInputs()), fromWire(p.t, r.GetProperties())
	return true
}

// drift edits an object behind the provider's back.
func (p *provider) drift(o *made, edit func(cloud.Attributes)) {
	p.t.Helper()
	scope := cloud.Scope{Account: account, Region: region}
	if strings.HasPrefix(o.typ, "aws:iam/") {
		scope.Region = ""
	}
	require.NoError(p.t, p.store.Update(func(tx cloud.Tx) error {
		obj, ok := tx.Get(scope, o.typ, o.id)
		require.True(p.t, ok)
		edit(obj.Attributes)
		return tx.Put(obj)
	}))
}

func TestInputsAreHeldAgainstTheFacts(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	trust := `{"Version":"2012-10-17","Statement":[]}`
	group := func(changes m) m {
		in := m{
			"clusterName": "dev", "nodeRoleArn": "arn:aws:iam::111122223333:role/nodes", "subnetIds": []any{"subnet-1"},
			"scalingConfig": m{"desiredSize": 1, "maxSize": 1, "minSize": 0},
		}
		maps.Copy(in, changes)
		return in
	}
	for _, c := range []struct {
		name string
		typ  string
		in   m
		want []string
	}{
		{"all is well", vpcType, m{"cidrBlock": "10.0.0.0/16"}, nil},
		{"an unknown name", vpcType, m{"cidrBlok": "10.0.0.0/16"}, []string{`cidrBlok: unknown property "cidrBlok"; did you mean "cidrBlock"?`}},
		{"an unknown name in a block", groupType, group(m{"scalingConfig": m{"desiredSize": 1, "maxSize": 1, "minSize": 0, "desired": 1}}),
			[]string{`scalingConfig.desired: unknown property "desired"; did you mean "desiredSize"?`}},
		{"an output given", vpcType, m{"arn": "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1"}, []string{`arn: "arn" is set by AWS and cannot be given`}},
		{"a type that cannot be converted", vpcType, m{"enableDnsSupport": "perhaps"}, []string{"enableDnsSupport: expected a boolean, got a string"}},
		{"a list where an object belongs", groupType, group(m{"scalingConfig": []any{}}), []string{"scalingConfig: expected an object, got a list"}},
		{"a fraction", groupType, group(m{"diskSize": 1.5}), []string{"diskSize: expected a whole number, got 1.5"}},
		{"what is missing, at every depth", groupType, m{"clusterName": "dev", "scalingConfig": m{"maxSize": 1, "minSize": 0}}, []string{
			`scalingConfig.desiredSize: missing required property "desiredSize"`,
			`nodeRoleArn: missing required property "nodeRoleArn"`,
			`subnetIds: missing required property "subnetIds"`,
		}},
		{"a value that is not among those allowed", groupType, group(m{"capacityType": "SPOTS"}),
			[]string{`capacityType: expected one of "ON_DEMAND", "SPOT", "CAPACITY_BLOCK", got "SPOTS"; did you mean "SPOT"?`}},
		{"an enumeration that the facts lack", "aws:eks/addon:Addon", m{"addonName": "coredns", "clusterName": "dev", "resolveConflictsOnCreate": "PRESERVE"},
			[]string{`resolveConflictsOnCreate: expected one of "NONE", "OVERWRITE", got "PRESERVE"`}},
		{"such a value in a set of objects", groupType, group(m{"taints": []any{m{"key": "k", "effect": "NoSchedule"}}}),
			[]string{`taints[0].effect: expected one of "NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE", got "NoSchedule"; did you mean "NO_SCHEDULE"?`}},
		{"a number out of range", roleType, m{"assumeRolePolicy": trust, "maxSessionDuration": 60}, []string{"maxSessionDuration: expected 3600 to 43200, got 60"}},
		{"a number that is too small", groupType, group(m{"scalingConfig": m{"desiredSize": 0, "maxSize": 0, "minSize": 0}}),
			[]string{"scalingConfig.maxSize: expected at least 1, got 0"}},
		{"a name that is too long", roleType, m{"assumeRolePolicy": trust, "name": strings.Repeat("x", 65)}, []string{"name: expected 1 to 64 characters, got 65"}},
		{"a CIDR with host bits", vpcType, m{"cidrBlock": "10.0.0.1/16"},
			[]string{`cidrBlock: "10.0.0.1/16" is not a valid CIDR block; did you mean "10.0.0.0/16"?`}},
		{"something that is no ARN", clusterType, m{"roleArn": "admin", "vpcConfig": m{"subnetIds": []any{"subnet-1"}}},
			[]string{`roleArn: "admin" is an invalid ARN: it must have the form arn:partition:service:region:account:resource`}},
		{"a document that does not parse", roleType, m{"assumeRolePolicy": `{"Version"`}, []string{"assumeRolePolicy: contains invalid JSON: unexpected end of JSON input"}},
		{"two that exclude each other", vpcType, m{"cidrBlock": "10.0.0.0/16", "ipv4NetmaskLength": 16, "ipv4IpamPoolId": "ipam-1"},
			[]string{`cidrBlock: "cidrBlock" conflicts with "ipv4NetmaskLength": give one of them`}},
		{"one that needs another", vpcType, m{"ipv6CidrBlock": "2001:db8::/56"}, []string{`ipv6CidrBlock: "ipv6CidrBlock" requires "ipv6IpamPoolId"`}},
		{"none of several", sgRuleType, m{"securityGroupId": "sg-1", "ipProtocol": "-1"},
			[]string{`cidrIpv4: one of "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId" must be given`}},
		{"two of several", sgRuleType, m{"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8", "cidrIpv6": "::/0"},
			[]string{`cidrIpv4: only one of "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId" can be given, but "cidrIpv4", "cidrIpv6" were`}},
		{"a rule inside a block that is there", groupType, group(m{"updateConfig": m{}}),
			[]string{`updateConfig.maxUnavailable: one of "maxUnavailable", "maxUnavailablePercentage" must be given`}},
	} {
		_, failures := p.check(c.typ, nil, props(t, c.in))
		assert.ElementsMatch(t, c.want, failures, c.name)
	}
}

func TestATypeThatTheFactsDoNotKnowIsRefusedByName(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	_, err := p.p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("aws:ec2/vcp:Vpc", "thing")})
	assert.ErrorContains(t, err, `does not know the resource type aws:ec2/vcp:Vpc; did you mean "aws:ec2/vpc:Vpc"?`)
	_, err = p.p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "aws:pricing/getProduct:getProduct"})
	assert.ErrorContains(t, err, "does not know the function aws:pricing/getProduct:getProduct")
}

func TestUnknownValuesPassAndSecretsStaySecret(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	inputs, failures := p.check(vpcType, nil, resource.PropertyMap{"cidrBlock": unknown, "tags": unknown})
	require.Empty(t, failures)
	assert.True(t, inputs["cidrBlock"].IsComputed())
	assert.True(t, inputs["tagsAll"].IsComputed(), "default tags cannot be merged yet")

	hidden := resource.MakeSecret(resource.NewStringProperty("10.0.0.1/16"))
	_, failures = p.check(vpcType, nil, resource.PropertyMap{"cidrBlock": hidden})
	require.Len(t, failures, 1)
	assert.NotContains(t, failures[0], "10.0.0", "a secret is not quoted in what is wrong")

	v := p.create(secretType, m{"secretId": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s", "secretString": "hush"})
	assert.True(t, v.outputs["secretString"].IsSecret(), "secret by the facts")
	q := p.createWith(queueType, resource.PropertyMap{"policy": resource.MakeSecret(resource.NewStringProperty(`{"a":1}`))})
	assert.True(t, q.outputs["policy"].IsSecret(), "secret by the program")
}

// createWith is create with inputs that plain JSON cannot spell.
func (p *provider) createWith(typ string, in resource.PropertyMap) *made {
	p.t.Helper()
	inputs, failures := p.check(typ, nil, in)
	require.Empty(p.t, failures)
	r, err := p.p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, "thing"), Properties: toWire(p.t, inputs)})
	require.NoError(p.t, err)
	return &made{typ, r.GetId(), inputs, fromWire(p.t, r.GetProperties())}
}

func TestNamesAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	first, _ := p.check(queueType, nil, props(t, m{"fifoQueue": true}))
	assert.Regexp(t, `^thing-[0-9a-f]{7}\.fifo$`, first["name"].StringValue())
	again, _ := p.check(queueType, first, props(t, m{"fifoQueue": true}))
	assert.Equal(t, first["name"], again["name"])
	given, _ := p.check(queueType, first, props(t, m{"name": "mine"}))
	assert.Equal(t, "mine", given["name"].StringValue())
	prefixed, _ := p.check(queueType, nil, props(t, m{"namePrefix": "mine-"}))
	assert.NotContains(t, prefixed, resource.PropertyKey("name"), "AWS completes a prefix")
	bucket, _ := p.check(bucketType, nil, nil)
	assert.Equal(t, strings.ToLower(bucket["bucket"].StringValue()), bucket["bucket"].StringValue())
	cluster, _ := p.check(clusterType, nil, props(t, m{"roleArn": "arn:aws:iam::111122223333:role/r", "vpcConfig": m{"subnetIds": []any{"s"}}}))
	assert.Regexp(t, `^thing-[0-9a-f]{7}$`, cluster["name"].StringValue(), "what Terraform requires a name for, Pulumi names")

	q := p.create(queueType, m{"namePrefix": "mine-"})
	assert.Regexp(t, `^mine-\d{14}[0-9a-f]{12}$`, q.outputs["name"].StringValue())
}

func TestThePreviewOfANewResourceKnowsWhatTheProgramGivesAndNothingElse(t *testing.T) {
	t.Parallel()
	p := newProvider(t, m{"defaultTags": `{"tags":{"owner":"platform"}}`})
	inputs, _ := p.check(clusterType, nil, props(t, m{
		"roleArn": "arn:aws:iam::111122223333:role/r", "vpcConfig": m{"subnetIds": []any{"s"}}, "tags": m{"Name": "dev"},
	}))
	r, err := p.p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(clusterType, "thing"), Properties: toWire(t, inputs), Preview: true})
	require.NoError(t, err)
	out := fromWire(t, r.GetProperties())
	assert.True(t, out["arn"].IsComputed())
	assert.True(t, out["version"].IsComputed(), "AWS chooses what the program leaves out")
	assert.Equal(t, inputs["name"], out["name"])
	assert.Equal(t, true, out["bootstrapSelfManagedAddons"].BoolValue(), "a default is known")
	vpc := out["vpcConfig"].ObjectValue()
	assert.Equal(t, true, vpc["endpointPublicAccess"].BoolValue(), "a default in a block too")
	assert.True(t, vpc["clusterSecurityGroupId"].IsComputed(), "an output in a block")
	assert.Equal(t, props(t, m{"Name": "dev", "owner": "platform"}), out["tagsAll"].ObjectValue())
	require.NoError(t, p.store.View(func(tx cloud.Tx) error { assert.Empty(t, tx.All()); return nil }))
}

// One thing changes at a time; the facts say what becomes of it.
func TestChangesUpdateOrReplaceAsTheFactsSay(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["*"]}]}`
	rule := func(changes m) m {
		in := m{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
		maps.Copy(in, changes)
		return in
	}
	group := func(changes m) m {
		in := m{
			"clusterName": "dev", "nodeRoleArn": "arn:aws:iam::111122223333:role/nodes", "subnetIds": []any{"subnet-1", "subnet-2"},
			"scalingConfig": m{"desiredSize": 1, "maxSize": 1, "minSize": 0}, "labels": m{"a": "1", "topology/zone": "x"},
			"taints": []any{m{"key": "a", "effect": "NO_SCHEDULE"}, m{"key": "b", "effect": "NO_EXECUTE"}}, "version": "1.35",
		}
		maps.Copy(in, changes)
		return in
	}
	cluster := func(changes m) m {
		in := m{"name": "dev", "roleArn": "arn:aws:iam::111122223333:role/r", "vpcConfig": m{"subnetIds": []any{"s", "t"}}}
		maps.Copy(in, changes)
		return in
	}
	keyARN := "arn:aws:kms:eu-central-1:111122223333:key/k"
	encrypted := m{"encryptionConfig": m{"provider": m{"keyArn": keyARN}, "resources": []any{"secrets"}}}
	for _, c := range []struct {
		name        string
		typ         string
		before      m
		after       m
		want        []string
		deleteFirst bool
	}{
		{name: "nothing", typ: groupType, before: group(nil), after: group(nil)},
		{name: "the order of sets", typ: groupType, before: group(nil), after: group(m{
			"subnetIds": []any{"subnet-2", "subnet-1"}, "taints": []any{m{"key": "b", "effect": "NO_EXECUTE"}, m{"key": "a", "effect": "NO_SCHEDULE"}},
		})},
		{name: "a member of a block", typ: groupType, before: group(nil), after: group(m{"scalingConfig": m{"desiredSize": 2, "maxSize": 2, "minSize": 0}}),
			want: []string{"scalingConfig.desiredSize update", "scalingConfig.maxSize update"}},
		{name: "one label of several", typ: groupType, before: group(nil), after: group(m{"labels": m{"a": "1", "topology/zone": "y", "b": "2"}}),
			want: []string{"labels.b add", `labels["topology/zone"] update`}},
		{name: "all labels", typ: groupType, before: group(nil), after: group(m{"labels": m{}}),
			want: []string{`labels delete`}},
		{name: "a label without a value", typ: groupType, before: group(m{"labels": m{}}), after: group(m{"labels": m{"a": ""}}),
			want: []string{"labels add"}},
		{name: "an element of a list", typ: groupType, before: group(m{"instanceTypes": []any{"m5.large", "m6i.large"}}),
			after: group(m{"instanceTypes": []any{"m5.large"}}), want: []string{"instanceTypes[1] delete_replace"}},
		{name: "a block without members", typ: groupType, before: group(m{"nodeRepairConfig": m{"enabled": true}}),
			after: group(m{"nodeRepairConfig": m{}}), want: []string{"nodeRepairConfig.enabled update"}},
		{name: "an element of a set of objects", typ: groupType, before: group(nil), after: group(m{"taints": []any{m{"key": "a", "effect": "NO_EXECUTE"}}}),
			want: []string{"taints update"}},
		{name: "a set that replaces", typ: groupType, before: group(nil), after: group(m{"subnetIds": []any{"subnet-1"}}),
			want: []string{"subnetIds update_replace"}},
		{name: "a computed property that is left out", typ: groupType, before: group(nil), after: group(m{"version": nil})},
		{name: "a launch template that is added by its id", typ: groupType, before: group(nil), after: group(m{"launchTemplate": m{"id": "lt-1", "version": "1"}}),
			want: []string{"launchTemplate add_replace"}},
		{name: "a launch template's version", typ: groupType, before: group(m{"launchTemplate": m{"id": "lt-1", "version": "1"}}),
			after: group(m{"launchTemplate": m{"id": "lt-1", "version": "2"}}), want: []string{"launchTemplate.version update"}},
		{name: "a launch template that goes", typ: groupType, before: group(m{"launchTemplate": m{"id": "lt-1", "version": "1"}}),
			after: group(nil), want: []string{"launchTemplate delete"}},
		{name: "encryption switched on", typ: clusterType, before: cluster(nil), after: cluster(encrypted), want: []string{"encryptionConfig add"}},
		{name: "encryption switched off", typ: clusterType, before: cluster(encrypted), after: cluster(nil), want: []string{"encryptionConfig delete_replace"}, deleteFirst: true},
		{name: "a default spelt out", typ: clusterType, before: cluster(nil), after: cluster(m{"bootstrapSelfManagedAddons": true})},
		{name: "a default left for another value", typ: clusterType, before: cluster(nil), after: cluster(m{"bootstrapSelfManagedAddons": false}),
			want: []string{"bootstrapSelfManagedAddons update_replace"}, deleteFirst: true},
		{name: "log types", typ: clusterType, before: cluster(m{"enabledClusterLogTypes": []any{"api", "audit"}}),
			after: cluster(m{"enabledClusterLogTypes": []any{"audit"}}), want: []string{"enabledClusterLogTypes update"}},
		{name: "an automatic name made explicit", typ: queueType, before: m{}, after: m{"name": "mine"}, want: []string{"name update_replace"}},
		{name: "a policy that says the same", typ: policyType, before: m{"policy": doc},
			after: m{"policy": `{"Statement":[{"Resource":"*","Action":["s3:PutObject","s3:GetObject"],"Effect":"Allow"}],"Version":"2012-10-17"}`}},
		{name: "a policy that says something else", typ: policyType, before: m{"policy": doc},
			after: m{"policy": strings.ReplaceAll(doc, "Put", "Delete")}, want: []string{"policy update"}},
		{name: "a CIDR for another CIDR", typ: sgRuleType, before: rule(m{"cidrIpv4": "10.0.0.0/8"}), after: rule(m{"cidrIpv4": "10.0.0.0/16"}),
			want: []string{"cidrIpv4 update"}},
		{name: "a CIDR for a prefix list", typ: sgRuleType, before: rule(m{"cidrIpv4": "10.0.0.0/8"}), after: rule(m{"prefixListId": "pl-1"}),
			want: []string{"cidrIpv4 delete_replace", "prefixListId add_replace"}},
		{name: "a tenancy that can be left", typ: vpcType, before: m{"cidrBlock": "10.0.0.0/16", "instanceTenancy": "dedicated"},
			after: m{"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"}, want: []string{"instanceTenancy update"}},
		{name: "a tenancy that cannot be entered", typ: vpcType, before: m{"cidrBlock": "10.0.0.0/16"},
			after: m{"cidrBlock": "10.0.0.0/16", "instanceTenancy": "dedicated"}, want: []string{"instanceTenancy update_replace"}},
		{name: "user data that replaces because the program says so", typ: instanceType,
			before: m{"ami": "ami-1", "instanceType": "t3.micro", "userData": "a", "userDataReplaceOnChange": true},
			after:  m{"ami": "ami-1", "instanceType": "t3.micro", "userData": "b", "userDataReplaceOnChange": true}, want: []string{"userData update_replace"}},
		{name: "user data that does not", typ: instanceType,
			before: m{"ami": "ami-1", "instanceType": "t3.micro", "userData": "a"}, after: m{"ami": "ami-1", "instanceType": "t3.micro", "userData": "b"},
			want: []string{"userData update"}},
		{name: "a replacement under a name of one's own", typ: topicType, before: m{"name": "mine"}, after: m{"name": "mine", "fifoTopic": true},
			want: []string{"fifoTopic update_replace"}, deleteFirst: true},
	} {
		o := p.planned(c.typ, c.before)
		_, r := p.diff(o, c.after)
		assert.Equal(t, c.want, changes(r), c.name)
		assert.Equal(t, c.deleteFirst, r.GetDeleteBeforeReplace(), c.name)
		wantChanges := pulumirpc.DiffResponse_DIFF_NONE
		if len(c.want) > 0 {
			wantChanges = pulumirpc.DiffResponse_DIFF_SOME
		}
		assert.Equal(t, wantChanges, r.GetChanges(), c.name)
	}
}

// planned is a resource in the state that its preview promises, with everything that AWS fills in left out: diffs
// need no cloud, so types whose rules ask for a whole network can be compared alone.
func (p *provider) planned(typ string, in m) *made {
	p.t.Helper()
	inputs, failures := p.check(typ, nil, props(p.t, in))
	require.Empty(p.t, failures)
	r, err := p.p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, "thing"), Properties: toWire(p.t, inputs), Preview: true})
	require.NoError(p.t, err)
	outputs := withoutUnknowns(resource.NewObjectProperty(fromWire(p.t, r.GetProperties())))
	return &made{typ, "id", inputs, outputs.ObjectValue()}
}

func withoutUnknowns(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsArray():
		for i, x := range v.ArrayValue() {
			v.ArrayValue()[i] = withoutUnknowns(x)
		}
	case v.IsObject():
		for k, x := range v.ObjectValue() {
			if x.IsComputed() {
				delete(v.ObjectValue(), k)
			} else {
				v.ObjectValue()[k] = withoutUnknowns(x)
			}
		}
	}
	return v
}

func TestWhatAnUpdateCannotAffectStaysKnown(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	o := p.create(templateType, m{"imageId": "ami-0123456789abcdef0"})
	preview := func(in m) resource.PropertyMap {
		news, _ := p.diff(o, in)
		r, err := p.p.Update(t.Context(), &pulumirpc.UpdateRequest{
			Id: o.id, Urn: urn(o.typ, "thing"), Olds: toWire(t, o.outputs), News: toWire(t, news), Preview: true,
		})
		require.NoError(t, err)
		return fromWire(t, r.GetProperties())
	}
	other := preview(m{"imageId": "ami-0123456789abcdef1"})
	assert.True(t, other["latestVersion"].IsComputed(), "another image is another version")
	assert.Equal(t, o.outputs["arn"], other["arn"])
	assert.False(t, other["defaultVersion"].IsComputed(), "nobody moves the default version")
	tagged := preview(m{"imageId": "ami-0123456789abcdef0", "tags": m{"a": "b"}})
	assert.True(t, tagged["latestVersion"].IsComputed(), "tags make no version, but the provider does not know")
	described := preview(m{"imageId": "ami-0123456789abcdef0", "description": "x"})
	assert.False(t, described["latestVersion"].IsComputed(), "a description does, but the provider does not know")
	moving := preview(m{"imageId": "ami-0123456789abcdef0", "updateDefaultVersion": true})
	assert.False(t, moving["latestVersion"].IsComputed())
	assert.True(t, moving["defaultVersion"].IsComputed())
}

func TestAnOIDCProviderReturnsItsIssuerWithoutTheScheme(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	const typ = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	in := func(url string) m { return m{"url": url, "clientIdLists": []any{"sts.amazonaws.com"}} }
	o := p.create(typ, in("https://example.com/id/A"))
	assert.Equal(t, "example.com/id/A", o.outputs["url"].StringValue())
	_, d := p.diff(o, in("https://example.com/id/A"))
	assert.Empty(t, d.GetDiffs(), "the scheme is no difference")
	_, d = p.diff(o, in("https://example.com/id/B"))
	assert.Equal(t, []string{"url"}, d.GetReplaces())
}

func TestDefaultTagsAreMergedAndIgnoredOnesAreNotSeen(t *testing.T) {
	t.Parallel()
	config := m{"defaultTags": m{"tags": m{"owner": "platform", "cost": "1"}}, "ignoreTags": m{"keyPrefixes": []any{"kubernetes.io/"}, "keys": []any{"seen"}}}
	p := newProvider(t, config)
	in := m{"tags": m{"Name": "x", "cost": "2"}}
	o := p.create(queueType, in)
	assert.Equal(t, props(t, m{"Name": "x", "cost": "2"}), o.outputs["tags"].ObjectValue())
	assert.Equal(t, props(t, m{"Name": "x", "cost": "2", "owner": "platform"}), o.outputs["tagsAll"].ObjectValue())

	p.drift(o, func(a cloud.Attributes) {
		a["tags"].(m)["kubernetes.io/cluster/dev"] = "owned"
		a["tags"].(m)["seen"] = "today"
	})
	require.True(t, p.read(o))
	_, r := p.diff(o, in)
	assert.Empty(t, r.GetDetailedDiff(), "tags of controllers are no drift")

	config["defaultTags"] = m{"tags": m{"owner": "someone", "cost": "1"}}
	p.configure(config)
	_, r = p.diff(o, in)
	assert.Equal(t, []string{"tagsAll"}, r.GetDiffs(), "other default tags are a change")
	p.update(o, in)
	p.drift(o, func(a cloud.Attributes) {
		assert.Equal(t, m{"Name": "x", "cost": "2", "owner": "someone", "kubernetes.io/cluster/dev": "owned", "seen": "today"}, a["tags"])
	})
}

func TestOwnTagsThatAreIgnoredAreWrittenAndShowInEveryPreview(t *testing.T) {
	t.Parallel()
	p := newProvider(t, m{"ignoreTags": m{"keyPrefixes": []any{"kubernetes.io/"}}})
	in := m{"tags": m{"Name": "x", "kubernetes.io/role/elb": "1"}}
	o := p.create(queueType, in)
	p.drift(o, func(a cloud.Attributes) { assert.Equal(t, "1", a["tags"].(m)["kubernetes.io/role/elb"]) })
	_, r := p.diff(o, in)
	assert.Equal(t, []string{`tags["kubernetes.io/role/elb"] add`}, changes(r), "as the genuine provider's documentation says of ignore_tags")
}

func TestARefreshFindsDriftAndAPreviewPutsItRight(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	in := m{"visibilityTimeoutSeconds": 60, "policy": `{"Version":"2012-10-17","Statement":[]}`}
	o := p.create(queueType, in)
	written := o.inputs["policy"]
	p.drift(o, func(a cloud.Attributes) {
		a["visibilityTimeoutSeconds"] = 90
		a["policy"] = `{"Statement":[], "Version":"2012-10-17"}`
		a["tags"] = m{"stray": "tag"}
	})
	require.True(t, p.read(o))
	assert.Equal(t, 90.0, o.inputs["visibilityTimeoutSeconds"].NumberValue(), "inputs follow drift")
	assert.Equal(t, written, o.inputs["policy"], "what says the same stays as the program wrote it")
	_, r := p.diff(o, in)
	assert.Equal(t, []string{"tags delete", "visibilityTimeoutSeconds update"}, changes(r))
	p.update(o, in)
	_, r = p.diff(o, in)
	assert.Empty(t, changes(r))

	_, err := p.p.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: o.id, Urn: urn(o.typ, "thing"), Properties: toWire(t, o.outputs)})
	require.NoError(t, err)
	assert.False(t, p.read(o), "what is gone has no id")
	_, err = p.p.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: o.id, Urn: urn(o.typ, "thing"), Properties: toWire(t, o.outputs)})
	assert.NoError(t, err, "deleting it again is no error")
}

func TestAnImportByIDGivesInputsThatAskForNoChange(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	o := p.create(parameterType, m{"name": "/dev/x", "type": "String", "value": "v", "description": "d"})
	r, err := p.p.Read(t.Context(), &pulumirpc.ReadRequest{Id: o.id, Urn: urn(o.typ, "thing")})
	require.NoError(t, err)
	require.Equal(t, o.id, r.GetId())
	imported := &made{o.typ, o.id, fromWire(t, r.GetInputs()), fromWire(t, r.GetProperties())}
	assert.Equal(t, "d", imported.inputs["description"].StringValue())
	_, diff := p.diff(imported, m{"name": "/dev/x", "type": "String", "value": "v", "description": "d"})
	assert.Empty(t, changes(diff))

	filter := p.create(filterType, m{
		"name": "errors", "logGroupName": "dev", "pattern": "ERROR", "metricTransformation": m{"name": "n", "namespace": "s", "value": "1"},
	})
	r, err = p.p.Read(t.Context(), &pulumirpc.ReadRequest{Id: "dev:errors", Urn: urn(filter.typ, "thing")})
	require.NoError(t, err)
	assert.Equal(t, filter.id, r.GetId(), "an import form that is not the id")
}

func TestProviderArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		caller string
		config m
		want   string
	}{
		{"another account", "444455556666", m{"region": region, "allowedAccountIds": `["111122223333"]`}, "AWS account ID not allowed: 444455556666"},
		{"a forbidden account", account, m{"region": region, "forbiddenAccountIds": []any{account}}, "AWS account ID not allowed: 111122223333"},
		{"no region", account, m{}, "invalid AWS Region"},
		{"a region that is none", account, m{"region": "mars-north-1"}, "invalid AWS Region: mars-north-1"},
		{"the account of the role that is assumed", account, m{
			"region": region, "allowedAccountIds": []any{"444455556666"}, "assumeRole": m{"roleArn": "arn:aws:iam::444455556666:role/deploy"},
		}, ""},
	} {
		p := aws.New(aws.Options{Account: c.caller})
		_, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: toWire(t, props(t, c.config))})
		if c.want == "" {
			assert.NoError(t, err, c.name)
			continue
		}
		assert.ErrorContains(t, err, c.want, c.name)
	}
	r, err := aws.New(aws.Options{}).CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: toWire(t, props(t, m{"regoin": region, "secretKey": "s"}))})
	require.NoError(t, err)
	require.Len(t, r.GetFailures(), 1)
	assert.Contains(t, r.GetFailures()[0].GetReason(), `unknown property "regoin"; did you mean "region"?`)
	assert.True(t, fromWire(t, r.GetInputs())["secretKey"].IsSecret())
}

func TestFunctionsAnswerFromTheCloud(t *testing.T) {
	t.Parallel()
	p := newProvider(t, nil)
	call := func(token string, args m) (resource.PropertyMap, error) {
		r, err := p.p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: toWire(t, props(t, args))})
		if err != nil {
			return nil, err
		}
		require.Empty(t, r.GetFailures())
		return fromWire(t, r.GetReturn()), nil
	}
	who, err := call("aws:index/getCallerIdentity:getCallerIdentity", nil)
	require.NoError(t, err)
	assert.Equal(t, account, who["accountId"].StringValue())
	zones, err := call("aws:index/getAvailabilityZones:getAvailabilityZones", m{"filters": []any{m{"name": "zone-name", "values": []any{region + "b"}}}})
	require.NoError(t, err)
	assert.Equal(t, []resource.PropertyValue{resource.NewStringProperty(region + "b")}, zones["names"].ArrayValue())
	vpc := p.create(vpcType, m{"cidrBlock": "10.0.0.0/16"})
	found, err := call("aws:ec2/getVpc:getVpc", m{"id": vpc.id})
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.0/16", found["cidrBlock"].StringValue())
	_, err = call("aws:eks/getCluster:getCluster", m{"name": "dev"})
	assert.ErrorContains(t, err, "no Cluster found for dev")
}

// BenchmarkPreview is what the provider costs in a preview: Check and Create of one resource, 250 at a time.
func BenchmarkPreview(b *testing.B) {
	p := newProvider(b, nil)
	in := toWire(b, props(b, m{
		"clusterName": "dev", "nodeRoleArn": "arn:aws:iam::111122223333:role/nodes", "subnetIds": []any{"subnet-1", "subnet-2"},
		"scalingConfig": m{"desiredSize": 1, "maxSize": 1, "minSize": 0}, "labels": m{"a": "1"}, "tags": m{"a": "b"},
	}))
	for b.Loop() {
		for range 250 {
			r, err := p.p.Check(b.Context(), &pulumirpc.CheckRequest{Urn: urn(groupType, "thing"), News: in})
			require.NoError(b, err)
			_, err = p.p.Create(b.Context(), &pulumirpc.CreateRequest{Urn: urn(groupType, "thing"), Properties: r.GetInputs(), Preview: true})
			require.NoError(b, err)
		}
	}
}
