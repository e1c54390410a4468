package aws

import (
	"context"
	"maps"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	testAccount = "111122223333"
	testRegion  = "eu-west-1"
)

// world is a rehearsal cloud behind the provider's own interface, as the engine uses it.
type world struct {
	t     *testing.T
	p     *Provider
	store *cloud.Store
}

// thing is a resource that exists: its id and its properties.
type thing struct {
	typ, id string
	inputs  *structpb.Struct
	attrs
}

func newWorld(t *testing.T) *world { return newWorldIn(t, testRegion) }

func newWorldIn(t *testing.T, region string) *world {
	t.Helper()
	store, err := cloud.Open(filepath.Join(t.TempDir(), "cloud.db"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	w := &world{t: t, p: New(Options{Store: store, Account: testAccount}), store: store}
	args, err := toWire(resource.PropertyMap{"region": resource.NewStringProperty(region)})
	require.NoError(t, err)
	_, err = w.p.Configure(context.Background(), &pulumirpc.ConfigureRequest{Args: args})
	require.NoError(t, err)
	return w
}

func urnOf(typ string) string { return "urn:pulumi:test::test::" + typ + "::it" }

func (w *world) check(typ string, olds *structpb.Struct, inputs cloud.Attributes) *structpb.Struct {
	w.t.Helper()
	news, err := toWire(resource.NewPropertyMapFromMap(inputs))
	require.NoError(w.t, err)
	checked, err := w.p.Check(context.Background(), &pulumirpc.CheckRequest{
		Urn: urnOf(typ), Type: typ, Name: "it", Olds: olds, News: news, RandomSeed: []byte(newUUID() + newUUID()),
	})
	require.NoError(w.t, err)
	require.Empty(w.t, checked.GetFailures(), "the facts refuse what the test gives for %s", typ)
	return checked.GetInputs()
}

// try creates a resource.
func (w *world) try(typ string, inputs cloud.Attributes) (thing, error) {
	w.t.Helper()
	checked := w.check(typ, nil, inputs)
	made, err := w.p.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urnOf(typ), Type: typ, Properties: checked})
	if err != nil {
		return thing{}, err
	}
	out, err := fromWire(made.GetProperties())
	require.NoError(w.t, err)
	return thing{typ, made.GetId(), checked, attrs(out.Mappable())}, nil
}

// make creates a resource that nothing refuses.
func (w *world) make(typ string, inputs cloud.Attributes) thing {
	w.t.Helper()
	o, err := w.try(typ, inputs)
	require.NoError(w.t, err)
	return o
}

func (w *world) tryErr(typ string, inputs cloud.Attributes) error {
	w.t.Helper()
	_, err := w.try(typ, inputs)
	return err
}

// change updates a resource: some inputs differ from those that it was made with.
func (w *world) change(o thing, changes cloud.Attributes) (thing, error) {
	w.t.Helper()
	olds, err := fromWire(o.inputs)
	require.NoError(w.t, err)
	inputs := olds.Mappable()
	maps.DeleteFunc(inputs, func(k string, _ any) bool { return internal(resource.PropertyKey(k)) })
	maps.Copy(inputs, changes)
	checked := w.check(o.typ, o.inputs, inputs)
	state, err := toWire(resource.NewPropertyMapFromMap(o.attrs))
	require.NoError(w.t, err)
	r, err := w.p.Update(context.Background(), &pulumirpc.UpdateRequest{Id: o.id, Urn: urnOf(o.typ), Type: o.typ, Olds: state, News: checked})
	if err != nil {
		return thing{}, err
	}
	out, err := fromWire(r.GetProperties())
	require.NoError(w.t, err)
	return thing{o.typ, o.id, checked, attrs(out.Mappable())}, nil
}

func (w *world) changeErr(o thing, changes cloud.Attributes) error {
	w.t.Helper()
	_, err := w.change(o, changes)
	return err
}

func (w *world) remove(o thing) error {
	_, err := w.p.Delete(context.Background(), &pulumirpc.DeleteRequest{Id: o.id, Urn: urnOf(o.typ), Type: o.typ})
	return err
}

// all lists what is in the cloud.
func (w *world) all() []*cloud.Object {
	var out []*cloud.Object
	require.NoError(w.t, w.store.View(func(tx cloud.Tx) error { out = tx.All(); return nil }))
	return out
}

func (w *world) ofType(typ string) []*cloud.Object {
	var out []*cloud.Object
	for _, o := range w.all() {
		if o.Type == typ {
			out = append(out, o)
		}
	}
	return out
}

// refusal is a case of something that AWS refuses.
type refusal struct {
	name string
	try  func(w *world) error
	want string
}

// refuses runs cases in a world each, after an arrangement that they share.
func refuses(t *testing.T, arrange func(w *world), cases []refusal) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if arrange != nil {
				arrange(w)
			}
			assert.ErrorContains(t, tc.try(w), tc.want)
		})
	}
}

// A few resources that many tests need.

type m = cloud.Attributes

func list(values ...any) []any { return values }

func (w *world) vpc() thing {
	w.t.Helper()
	return w.make(vpcType, m{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
}

func (w *world) subnet(vpc thing, cidr, zone string) thing {
	w.t.Helper()
	return w.make(subnetType, m{"vpcId": vpc.id, "cidrBlock": cidr, "availabilityZone": testRegion + zone})
}

// role makes a role that services trust, with AWS's policies attached.
func (w *world) role(name string, trust iamdoc.Document, policies ...string) thing {
	w.t.Helper()
	role := w.make(roleType, m{"name": name, "assumeRolePolicy": trust.JSON()})
	for _, p := range policies {
		w.make(attachmentType, m{"role": name, "policyArn": "arn:aws:iam::aws:policy/" + p})
	}
	return role
}

// network is a VPC with two public and two private subnets behind one NAT gateway.
type network struct {
	vpc, igw, eip, nat         thing
	public, private            [2]thing
	publicTable, privateTable  thing
	publicRoute, privateRoute  thing
	publicAssocs, privateAssoc [2]thing
}

func (w *world) network() network {
	w.t.Helper()
	n := network{vpc: w.vpc()}
	n.igw = w.make(internetGatewayType, m{"vpcId": n.vpc.id})
	n.publicTable = w.make(routeTableType, m{"vpcId": n.vpc.id})
	n.privateTable = w.make(routeTableType, m{"vpcId": n.vpc.id})
	n.publicRoute = w.make(routeType, m{"routeTableId": n.publicTable.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": n.igw.id})
	for i, zone := range []string{"a", "b"} {
		n.public[i] = w.subnet(n.vpc, []string{"10.0.0.0/24", "10.0.1.0/24"}[i], zone)
		n.private[i] = w.subnet(n.vpc, []string{"10.0.16.0/20", "10.0.32.0/20"}[i], zone)
		n.publicAssocs[i] = w.make(routeTableAssociationType, m{"routeTableId": n.publicTable.id, "subnetId": n.public[i].id})
		n.privateAssoc[i] = w.make(routeTableAssociationType, m{"routeTableId": n.privateTable.id, "subnetId": n.private[i].id})
	}
	n.eip = w.make(eipType, m{"domain": "vpc"})
	n.nat = w.make(natGatewayType, m{"subnetId": n.public[0].id, "allocationId": n.eip.id})
	n.privateRoute = w.make(routeType, m{"routeTableId": n.privateTable.id, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": n.nat.id})
	return n
}

// privateNetwork is a VPC with two subnets and no way out.
func (w *world) privateNetwork() network {
	w.t.Helper()
	n := network{vpc: w.vpc()}
	n.privateTable = w.make(routeTableType, m{"vpcId": n.vpc.id})
	for i, zone := range []string{"a", "b"} {
		n.private[i] = w.subnet(n.vpc, []string{"10.0.16.0/20", "10.0.32.0/20"}[i], zone)
		n.privateAssoc[i] = w.make(routeTableAssociationType, m{"routeTableId": n.privateTable.id, "subnetId": n.private[i].id})
	}
	return n
}

func (n network) privateIDs() []any { return list(n.private[0].id, n.private[1].id) }

// clusterInputs are those of a cluster as the platform makes it.
func (w *world) clusterInputs(n network) m {
	w.t.Helper()
	role := w.role("control-plane", iamdoc.ServiceTrust("eks.amazonaws.com"), "AmazonEKSClusterPolicy")
	return m{
		"name": "nonprod", "roleArn": role.text("arn"), "version": "1.35", "bootstrapSelfManagedAddons": false,
		"accessConfig": m{"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": false},
		"vpcConfig":    m{"subnetIds": n.privateIDs(), "endpointPrivateAccess": true, "endpointPublicAccess": false},
	}
}

// with returns inputs with some changed; nil takes one out.
func with(inputs, changes m) m {
	out := m{}
	maps.Copy(out, inputs)
	maps.Copy(out, changes)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func (w *world) cluster(n network) thing {
	w.t.Helper()
	return w.make(clusterType, w.clusterInputs(n))
}

// nodeGroupInputs are those of a small on-demand group; what it needs to become ready is there.
func (w *world) nodeGroupInputs(n network) m {
	w.t.Helper()
	role := w.role("node", iamdoc.ServiceTrust("ec2.amazonaws.com"), "AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
	return m{
		"clusterName": "nonprod", "nodeGroupName": "system", "nodeRoleArn": role.text("arn"), "subnetIds": n.privateIDs(),
		"scalingConfig": m{"minSize": 2, "desiredSize": 2, "maxSize": 4}, "instanceTypes": list("m7i.large"),
	}
}

// nodeAddons installs what nodes need, with the network plugin's rights through Pod Identity.
func (w *world) nodeAddons() {
	w.t.Helper()
	cni := w.role("cni", iamdoc.PodIdentityTrust(), "AmazonEKS_CNI_Policy")
	w.make(addonType, m{"clusterName": "nonprod", "addonName": "eks-pod-identity-agent"})
	w.make(addonType, m{"clusterName": "nonprod", "addonName": "kube-proxy"})
	w.make(addonType, m{
		"clusterName": "nonprod", "addonName": "vpc-cni",
		"podIdentityAssociations": list(m{"serviceAccount": "aws-node", "roleArn": cni.text("arn")}),
	})
}
