package eks

import (
	"errors"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// managedNodeGroupType is the type token of ManagedNodeGroup.
const managedNodeGroupType = "eks:index:ManagedNodeGroup"

// The component's own words, which programs and people may match on.
var (
	errNoRole   = errors.New("An IAM role, or role ARN must be provided to create a managed node group") //nolint:staticcheck // verbatim
	errTwoRoles = errors.New("nodeRole and nodeRoleArn are mutually exclusive to create a managed node group")
	errTemplate = errors.New("If you provide a custom launch template, you cannot provide kubeletExtraArgs, " + //nolint:staticcheck // verbatim
		"bootstrapExtraArgs or enableIMDSv2. Please include these in the launch template that you are providing.")
	errForeignRole = errors.New("A managed node group cannot be created without first setting its role in the " + //nolint:staticcheck // verbatim
		"cluster's instanceRoles")
)

// managedNodeGroup is the component.
type managedNodeGroup struct {
	pulumi.ResourceState

	NodeGroup *awseks.NodeGroup `pulumi:"nodeGroup"`
}

// managedNodeGroupArgs are the component's inputs, with those of its cluster flattened (see flattenCluster).
type managedNodeGroupArgs struct {
	Cluster          awseks.ClusterOutput    `pulumi:"core.cluster"`
	InstanceRoles    iam.RoleArrayOutput     `pulumi:"core.instanceRoles"`
	SubnetIDsOfAll   pulumi.StringArrayInput `pulumi:"core.subnetIds"`
	PrivateSubnetIDs pulumi.StringArrayInput `pulumi:"core.privateSubnetIds"`
	PublicSubnetIDs  pulumi.StringArrayInput `pulumi:"core.publicSubnetIds"`

	NodeRole    iam.RoleOutput        `pulumi:"nodeRole"`
	NodeRoleArn pulumi.StringPtrInput `pulumi:"nodeRoleArn"`

	BootstrapExtraArgs *string `pulumi:"bootstrapExtraArgs"`
	EnableIMDSv2       *bool   `pulumi:"enableIMDSv2"`
	KubeletExtraArgs   *string `pulumi:"kubeletExtraArgs"`

	AmiType             pulumi.StringPtrInput                  `pulumi:"amiType"`
	CapacityType        pulumi.StringPtrInput                  `pulumi:"capacityType"`
	ClusterName         pulumi.StringPtrInput                  `pulumi:"clusterName"`
	DiskSize            pulumi.IntPtrInput                     `pulumi:"diskSize"`
	ForceUpdateVersion  pulumi.BoolPtrInput                    `pulumi:"forceUpdateVersion"`
	InstanceTypes       pulumi.StringArrayInput                `pulumi:"instanceTypes"`
	Labels              pulumi.StringMapInput                  `pulumi:"labels"`
	LaunchTemplate      awseks.NodeGroupLaunchTemplatePtrInput `pulumi:"launchTemplate"`
	NodeGroupName       pulumi.StringPtrInput                  `pulumi:"nodeGroupName"`
	NodeGroupNamePrefix pulumi.StringPtrInput                  `pulumi:"nodeGroupNamePrefix"`
	ReleaseVersion      pulumi.StringPtrInput                  `pulumi:"releaseVersion"`
	RemoteAccess        awseks.NodeGroupRemoteAccessPtrInput   `pulumi:"remoteAccess"`
	// ScalingConfig is a map and not the SDK's struct, because the defaults apply to each member that is absent.
	ScalingConfig pulumi.MapInput                 `pulumi:"scalingConfig"`
	SubnetIDs     pulumi.StringArrayInput         `pulumi:"subnetIds"`
	Tags          pulumi.StringMapInput           `pulumi:"tags"`
	Taints        awseks.NodeGroupTaintArrayInput `pulumi:"taints"`
	// UpdateConfig is no argument of the component, but what a transform adds to it reaches the node group.
	UpdateConfig awseks.NodeGroupUpdateConfigPtrInput `pulumi:"updateConfig"`
	Version      pulumi.StringPtrInput                `pulumi:"version"`
}

// constructManagedNodeGroup registers a ManagedNodeGroup, its node group and, where the arguments ask for one, a
// launch template.
func constructManagedNodeGroup(ctx *pulumi.Context, name string, inputs provider.ConstructInputs,
	opts pulumi.ResourceOption,
) (*provider.ConstructResult, error) {
	args := &managedNodeGroupArgs{}
	if err := inputs.CopyTo(args); err != nil {
		return nil, err
	}
	c := &managedNodeGroup{}
	if err := ctx.RegisterComponentResource(managedNodeGroupType, name, c, opts); err != nil {
		return nil, err
	}
	if err := args.check(); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: c}
	for _, rule := range []pulumi.Output{b.roleIsKnown(), b.image()} {
		if _, err := internals.UnsafeAwaitOutput(ctx.Context(), rule); err != nil {
			return nil, err
		}
	}
	var err error
	if c.NodeGroup, err = b.nodeGroup(); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{"nodeGroup": c.NodeGroup}); err != nil {
		return nil, err
	}
	return provider.NewConstructResult(c)
}

// check applies the component's rules on which arguments go together.
func (a *managedNodeGroupArgs) check() error {
	byRole, byArn := a.NodeRole.OutputState != nil, a.NodeRoleArn != nil && a.NodeRoleArn != pulumi.String("")
	switch {
	case !byRole && !byArn:
		return errNoRole
	case byRole && byArn:
		return errTwoRoles
	case a.LaunchTemplate != nil && a.wantsTemplate():
		return errTemplate
	default:
		return nil
	}
}

// wantsTemplate reports whether the component makes a launch template of its own.
func (a *managedNodeGroupArgs) wantsTemplate() bool {
	return a.wantsUserData() || a.EnableIMDSv2 != nil && *a.EnableIMDSv2
}

// wantsUserData reports whether that launch template carries user data, and therefore an image.
func (a *managedNodeGroupArgs) wantsUserData() bool {
	return text(a.KubeletExtraArgs) != "" || text(a.BootstrapExtraArgs) != ""
}

// builder registers the children of one ManagedNodeGroup.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *managedNodeGroupArgs
	parent pulumi.Resource
}

// opts returns the options of a child.
func (b *builder) opts() []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Version(awsVersion), pulumi.Parent(b.parent)}
}

// nodeGroup registers the node group.
func (b *builder) nodeGroup() (*awseks.NodeGroup, error) {
	a := b.args
	group := &awseks.NodeGroupArgs{
		AmiType:             a.AmiType,
		CapacityType:        a.CapacityType,
		ClusterName:         a.Cluster.Name(),
		DiskSize:            a.DiskSize,
		ForceUpdateVersion:  a.ForceUpdateVersion,
		InstanceTypes:       a.InstanceTypes,
		Labels:              a.Labels,
		LaunchTemplate:      a.LaunchTemplate,
		NodeGroupName:       a.NodeGroupName,
		NodeGroupNamePrefix: a.NodeGroupNamePrefix,
		NodeRoleArn:         b.roleArn(),
		ReleaseVersion:      a.ReleaseVersion,
		RemoteAccess:        a.RemoteAccess,
		ScalingConfig:       a.scaling(),
		SubnetIds:           a.subnets(),
		Tags:                a.Tags,
		Taints:              a.Taints,
		UpdateConfig:        a.UpdateConfig,
		Version:             a.Version,
	}
	if a.ClusterName != nil && a.ClusterName != pulumi.String("") {
		group.ClusterName = a.ClusterName.ToStringPtrOutput().Elem()
	}
	if a.wantsTemplate() {
		template, err := b.launchTemplate()
		if err != nil {
			return nil, err
		}
		group.LaunchTemplate = awseks.NodeGroupLaunchTemplateArgs{
			Id:      template.ID(),
			Version: template.LatestVersion.ApplyT(decimal).(pulumi.StringOutput),
		}
		// The template holds the disk. The component means to leave the version out too when the template has an
		// image, but it asks the registered template, which always has that output: so it does for every template.
		group.DiskSize, group.Version = nil, nil
	}
	return awseks.NewNodeGroup(b.ctx, b.name, group, b.opts()...)
}

// roleArn returns the ARN of the nodes' role.
func (b *builder) roleArn() pulumi.StringOutput {
	if b.args.NodeRole.OutputState != nil {
		return b.args.NodeRole.Arn()
	}
	return b.args.NodeRoleArn.ToStringPtrOutput().Elem()
}

// scaling returns the scaling settings with the component's defaults.
func (a *managedNodeGroupArgs) scaling() awseks.NodeGroupScalingConfigInput {
	if a.ScalingConfig == nil {
		return awseks.NodeGroupScalingConfigArgs{DesiredSize: pulumi.Int(2), MinSize: pulumi.Int(1), MaxSize: pulumi.Int(2)}
	}
	return a.ScalingConfig.ToMapOutput().ApplyT(func(given map[string]any) awseks.NodeGroupScalingConfig {
		size := func(key string, unset int) int {
			if n, ok := given[key].(float64); ok {
				return int(n)
			}
			return unset
		}
		return awseks.NodeGroupScalingConfig{
			DesiredSize: size("desiredSize", 2), MinSize: size("minSize", 1), MaxSize: size("maxSize", 2),
		}
	}).(awseks.NodeGroupScalingConfigOutput)
}

// subnets returns the first list of subnets that is given. It is one output: a preview that does not know one of the
// subnets knows none.
func (a *managedNodeGroupArgs) subnets() pulumi.StringArrayInput {
	for _, ids := range []pulumi.StringArrayInput{a.SubnetIDs, a.SubnetIDsOfAll, a.PrivateSubnetIDs, a.PublicSubnetIDs} {
		if ids != nil {
			return ids.ToStringArrayOutput()
		}
	}
	return pulumi.StringArray{}
}

// roleIsKnown fails when a cluster that takes nodes from its aws-auth ConfigMap has not been told of the role. In a
// preview that does not know the cluster's authentication mode it says nothing. The published component checks while
// it registers the node group, so that one may come into being before the error; here none does.
func (b *builder) roleIsKnown() pulumi.Output {
	mode := b.args.Cluster.AccessConfig().AuthenticationMode()
	roles := pulumi.ToOutput([]string{}).(pulumi.StringArrayOutput)
	if b.args.InstanceRoles.OutputState != nil {
		roles = b.args.InstanceRoles.ApplyT(func(roles []*iam.Role) pulumi.StringArrayOutput {
			arns := pulumi.StringArray{}
			for _, r := range roles {
				arns = append(arns, r.Arn)
			}
			return arns.ToStringArrayOutput()
		}).(pulumi.StringArrayOutput)
	}
	return pulumi.All(mode, roles, b.roleArn()).ApplyT(func(v []any) (bool, error) {
		mode, roles, role := v[0].(*string), v[1].([]string), v[2].(string)
		if text(mode) != "API" && text(mode) != "API_AND_CONFIG_MAP" && !slices.Contains(roles, role) {
			return false, errForeignRole
		}
		return true, nil
	})
}

// text returns a string, empty for none.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
