package tenancy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// groupProblems checks a tenant's security group.
func (t Tenant) groupProblems() problem.List {
	var out problem.List
	g := t.PodSecurityGroup
	if g == nil {
		return out
	}
	if len(g.PodLabels) > 0 && len(g.ServiceAccounts) > 0 {
		out.Relate("podSecurityGroup", []string{"podSecurityGroup.podLabels", "podSecurityGroup.serviceAccounts"}, "podLabels cannot be combined with serviceAccounts: a SecurityGroupPolicy selects pods by one of them")
	}
	for _, key := range slices.Sorted(maps.Keys(g.PodLabels)) {
		at := "podSecurityGroup.podLabels." + key
		if wrong := validation.IsQualifiedName(key); len(wrong) > 0 {
			out.Add(at, "is not a valid label key: %s", strings.Join(wrong, "; "))
		}
		if wrong := validation.IsValidLabelValue(g.PodLabels[key]); len(wrong) > 0 {
			out.Add(at, "%q is not a valid label value: %s", g.PodLabels[key], strings.Join(wrong, "; "))
		}
	}
	var accounts []string
	for _, n := range t.Namespaces {
		for _, sa := range n.ServiceAccounts {
			accounts = append(accounts, sa.Name)
		}
	}
	for i, name := range g.ServiceAccounts {
		at := fmt.Sprintf("podSecurityGroup.serviceAccounts[%d]", i)
		if !slices.Contains(accounts, name) {
			out.Relate(at, []string{at, "namespaces"}, "%q is not a service account of the tenant's namespaces", name)
		}
	}
	return out
}

// createSecurityGroups registers the security groups of tenants' pods. They do not have the tag
// kubernetes.io/cluster/<name>: the load balancer controller expects it on only one group of an interface
// (https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html).
func (b *builder) createSecurityGroups(t *Tenancy) error {
	for _, tenant := range b.args.Tenants {
		if tenant.PodSecurityGroup == nil {
			continue
		}
		group, err := b.createSecurityGroup(tenant.Name)
		if err != nil {
			return fmt.Errorf("create the security group of tenant %s: %w", tenant.Name, err)
		}
		t.groups[tenant.Name] = group
	}
	return nil
}

func (b *builder) createSecurityGroup(tenant string) (*ec2.SecurityGroup, error) {
	if b.args.VPCID == nil || b.args.ClusterSecurityGroupID == nil {
		return nil, errors.New("the VPC and the cluster's security group are required")
	}
	id := b.kids.ID("pods", tenant)
	group, err := ec2.NewSecurityGroup(b.ctx, id, &ec2.SecurityGroupArgs{
		VpcId:       b.args.VPCID,
		Description: pulumi.Sprintf("Pods of tenant %s in environment %s", tenant, b.args.Environment),
		Tags:        tags.Named(b.args.Tags, id),
	}, b.kids.Opts()...)
	if err != nil {
		return nil, err
	}
	// The cluster's group is the source of kubelet's probes, the control plane's webhook calls and other pods.
	for _, from := range []struct {
		key, description string
		group            pulumi.StringInput
	}{
		{"self", "From other pods of the tenant", group.ID()},
		{"cluster", "From the cluster: kubelet, the control plane and other pods", b.args.ClusterSecurityGroupID},
	} {
		rule := b.kids.ID("pods", tenant+"."+from.key)
		_, err := vpc.NewSecurityGroupIngressRule(b.ctx, rule, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group.ID(), ReferencedSecurityGroupId: from.group, IpProtocol: pulumi.String("-1"),
			Description: pulumi.String(from.description), Tags: tags.Named(b.args.Tags, rule),
		}, b.kids.Opts()...)
		if err != nil {
			return nil, err
		}
	}
	err = b.letOut(group, tenant+".out", vpc.SecurityGroupEgressRuleArgs{CidrIpv4: pulumi.String("0.0.0.0/0")})
	if err == nil && b.args.IPv6 {
		err = b.letOut(group, tenant+".out-ipv6", vpc.SecurityGroupEgressRuleArgs{CidrIpv6: pulumi.String("::/0")})
	}
	return group, err
}

// letOut allows all egress of a group to a range. The pods' egress is limited by network policies.
func (b *builder) letOut(group *ec2.SecurityGroup, key string, to vpc.SecurityGroupEgressRuleArgs) error {
	id := b.kids.ID("pods", key)
	to.SecurityGroupId, to.IpProtocol, to.Tags = group.ID(), pulumi.String("-1"), tags.Named(b.args.Tags, id)
	to.Description = pulumi.String("To everywhere: network policies limit what pods reach")
	_, err := vpc.NewSecurityGroupEgressRule(b.ctx, id, &to, b.kids.Opts()...)
	return err
}

// createSecurityGroupPolicy puts pods of a namespace into their tenant's security group. They stay in the cluster's as
// well, through which they reach CoreDNS and the Kubernetes API, and kubelet reaches them
// (https://docs.aws.amazon.com/eks/latest/userguide/sg-pods-example-deployment.html).
func (b *builder) createSecurityGroupPolicy(t *Tenancy, n space, in pulumi.ResourceOption) error {
	group := t.groups[n.tenant]
	if group == nil {
		return nil
	}
	i := slices.IndexFunc(b.args.Tenants, func(o Tenant) bool { return o.Name == n.tenant })
	spec := pulumi.Map{"securityGroups": pulumi.Map{
		"groupIds": pulumi.StringArray{group.ID(), b.args.ClusterSecurityGroupID},
	}}
	switch s := b.args.Tenants[i].PodSecurityGroup; {
	case len(s.ServiceAccounts) > 0:
		spec["serviceAccountSelector"] = pulumi.Map{"matchExpressions": pulumi.Array{pulumi.Map{
			"key": pulumi.String(nameLabel), "operator": pulumi.String("In"), "values": pulumi.ToStringArray(s.ServiceAccounts),
		}}}
	case len(s.PodLabels) > 0:
		spec["podSelector"] = pulumi.Map{"matchLabels": pulumi.ToStringMap(s.PodLabels)}
	default:
		spec["podSelector"] = pulumi.Map{}
	}
	_, err := apiextensions.NewCustomResource(b.ctx, b.inside.ID("pods", n.Name), &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String("vpcresources.k8s.aws/v1beta1"),
		Kind:        pulumi.String("SecurityGroupPolicy"),
		Metadata:    b.meta(n.tenant, n.Name),
		OtherFields: map[string]any{"spec": spec},
	}, b.inside.Opts(in)...)
	if err != nil {
		return fmt.Errorf("create the security group policy of namespace %s: %w", n.Name, err)
	}
	return nil
}
