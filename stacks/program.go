package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/components/addons"
	"github.com/eks-platform/eks-platform/components/cluster"
	"github.com/eks-platform/eks-platform/components/network"
	"github.com/eks-platform/eks-platform/components/nodegroup"
	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/order"
	"github.com/eks-platform/eks-platform/internal/service"
)

// Program is the whole platform, on AWS or in a rehearsal: previews, deploys and the Automation API run it, and OnAWS runs
// it for a plain pulumi up.
func Program(ctx *pulumi.Context) error { return shipped.program(ctx) }

// program runs the platform with the services of a registry.
func (f form) program(ctx *pulumi.Context) error {
	cfg, err := f.read(ctx)
	if err != nil {
		return err
	}
	return f.run(ctx, cfg)
}

// run registers everything that a configuration declares.
func (form) run(ctx *pulumi.Context, cfg *Config) error {
	b := &build{ctx: ctx, cfg: cfg, environment: contract.Environment{Version: contract.EnvironmentVersion, Name: cfg.Environment}}
	for _, p := range phases {
		if p.owner && !cfg.Owner() {
			continue
		}
		if err := p.register(b); err != nil {
			return err
		}
		if p.wait != nil {
			order.Settle(ctx.Context(), p.wait(b)...)
		}
	}
	return nil
}

// A phase is a part of the program.
type phase struct {
	// owner means that only the stack that owns the cluster has it.
	owner    bool
	register func(*build) error
	// wait returns what the program waits for before it continues, so that the engine gets it first: the engine works on
	// few resources at a time, in the order of their registration.
	wait func(*build) []pulumi.Output
}

// phases are the order of registration, which is stated only here. The critical path of a first update on AWS is the
// control plane's role, the control plane, vpc-cni, nodes, coredns. What is on it comes first, and the waits keep the rest,
// which could start at any time, from taking the engine's slots when one of these needs one.
var phases = []phase{
	// Everything from here on can wait until the control plane is being created.
	{register: (*build).findCluster, wait: (*build).controlPlaneInputs},
	{owner: true, register: (*build).firstAddons},
	{owner: true, register: (*build).connectNetwork},
	{register: (*build).nodeGroups},
	{owner: true, register: (*build).grantAccess},
	{owner: true, register: (*build).remainingAddons},
	// The objects in the cluster could be created as soon as the control plane is up. They are a hundred small ones, which
	// would take every slot just when the node groups, which take minutes, need one each: node groups go first.
	{register: (*build).services, wait: func(b *build) []pulumi.Output { return order.URNs(b.cluster.BeforeNodes) }},
	{register: (*build).inside},
	{register: (*build).publish},
}

// build is one run of the program.
type build struct {
	ctx       *pulumi.Context
	cfg       *Config
	providers pulumi.ResourceOption
	// cluster is the cluster that the environment is on.
	cluster *contract.Cluster
	// net, control and system are the owner's.
	net     *network.Network
	control *cluster.Cluster
	system  *addons.Addons
	// home is the node group that the system add-ons wait for.
	home       *nodegroup.Group
	registered service.Registered
	// environment is what the stack publishes about its environment.
	environment contract.Environment
}

// findCluster creates the cluster's subnets and control plane, or reads the cluster that the stack joins.
func (b *build) findCluster() error {
	if !b.cfg.Owner() {
		return b.joinCluster()
	}
	var err error
	if b.providers, err = newProviders(b.ctx, b.cfg); err != nil {
		return err
	}
	b.cluster = b.cfg.cluster()
	name := b.cluster.ControlPlane.Name
	if b.net, err = network.New(b.ctx, name, b.cfg.networkArgs(), b.providers); err != nil {
		return err
	}
	args := b.cfg.clusterArgs()
	args.SubnetIDs, args.VPCID = b.cfg.controlPlaneSubnets(b.net), b.net.VPCID
	if b.control, err = cluster.New(b.ctx, name, args, b.providers); err != nil {
		return err
	}
	complete(b.cluster, b.control, b.net)
	return nil
}

func (b *build) joinCluster() error {
	var err error
	if b.cluster, err = b.cfg.joined(b.ctx); err != nil {
		return err
	}
	if b.providers, err = newProviders(b.ctx, b.cfg); err != nil {
		return err
	}
	return readCluster(b.ctx, b.cluster, b.providers)
}

func (b *build) controlPlaneInputs() []pulumi.Output {
	if b.control == nil {
		return nil
	}
	return b.control.Inputs()
}

// firstAddons registers the add-ons that nodes need.
func (b *build) firstAddons() error {
	args := b.cfg.addonsArgs()
	args.ClusterName = b.control.Name
	for _, zone := range b.cfg.Network.Zones {
		if subnet, ok := b.net.PodSubnetIDByZone[zone]; ok && b.cfg.customNetworking() {
			args.PodNetworks = append(args.PodNetworks, addons.PodNetwork{ZoneName: b.net.ZoneNames[zone], SubnetID: subnet})
		}
	}
	var err error
	b.system, err = addons.New(b.ctx, b.cluster.ControlPlane.Name, args, b.providers)
	return err
}

// connectNetwork registers the rest of the network, besides subnets.
func (b *build) connectNetwork() error {
	if err := b.net.Connect(b.ctx); err != nil {
		return err
	}
	b.cluster.BeforeNodes = slices.Concat(b.system.BeforeNodes(), b.net.Egress())
	return nil
}

// nodeGroups registers the environment's node role and its groups. home becomes the group that the system add-ons wait for:
// the first that can run them, none in a joining stack without one. One is enough; waiting for all would delay coredns
// needlessly.
func (b *build) nodeGroups() error {
	cfg := b.cfg
	role, err := nodegroup.NewRole(b.ctx, cfg.Environment+"-node", &nodegroup.RoleArgs{Region: cfg.AWS.Region, Tags: cfg.tags()}, b.providers)
	if err != nil {
		return err
	}
	b.environment.NodeRoleARN = role.ARN
	after := slices.Concat(role.Ready(), b.cluster.BeforeNodes)
	for _, settings := range cfg.NodeGroups {
		args := cfg.nodeGroupArgs(settings, b.cluster)
		args.RoleARN, args.ServiceCIDR, args.After = role.ARN, b.cluster.ControlPlane.ServiceCIDR, after
		group, err := nodegroup.New(b.ctx, cfg.Environment+"-"+settings.Name, args, b.providers)
		if err != nil {
			return err
		}
		if b.home == nil && carriesSystemAddons(settings) {
			b.home = group
		}
	}
	if b.home == nil && cfg.Owner() {
		return fmt.Errorf("nodeGroups: no group can run the system add-ons") // validation has refused this
	}
	return nil
}

// grantAccess registers who may use the cluster's API, and from where.
func (b *build) grantAccess() error {
	if err := b.control.Grant(b.ctx); err != nil {
		return err
	}
	b.cluster.ControlPlane.OIDCProviderARN = b.control.OIDCProviderARN
	b.cluster.BeforeAccess = b.control.Access()
	return nil
}

// remainingAddons registers the add-ons that need a node.
func (b *build) remainingAddons() error { return b.system.AfterNodes(b.ctx, b.home.Ready()) }

// services registers the AWS side of services: most of it depends on nothing, and is created while the control plane comes
// up.
func (b *build) services() error {
	on := b.cfg.service(b.cluster)
	on.Publishes = &b.environment
	if b.home != nil {
		on.Nodes = b.home.Ready()
	}
	var err error
	b.registered, err = b.cfg.services.Register(b.ctx, on, b.providers)
	return err
}

// inside registers what is in the cluster.
func (b *build) inside() error {
	in, err := newInCluster(b.ctx, b.cfg, b.cluster)
	if err != nil {
		return err
	}
	return b.registered.Install(b.ctx, in.opts(), func(first []pulumi.Resource) {
		order.Settle(b.ctx.Context(), order.URNs(first)...)
	})
}

// publish exports the stack's outputs.
func (b *build) publish() error {
	if b.cfg.Owner() {
		b.ctx.Export(contractOutput, contract.Encode(b.cluster))
	}
	b.environment.Cluster = b.cluster.ControlPlane.Name
	b.ctx.Export(environmentOutput, contract.Encode(b.environment))
	return nil
}
