package cluster

import (
	"fmt"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/region"
)

// createAccess registers the access entries and the policies associated with them.
func (b *builder) createAccess(c *Cluster) error {
	for _, e := range b.settings.Access {
		id := b.kids.ID("access", e.Name)
		args := &awseks.AccessEntryArgs{
			ClusterName:      c.Name,
			PrincipalArn:     pulumi.String(e.PrincipalARN),
			KubernetesGroups: pulumi.ToStringArray(e.KubernetesGroups), // explicitly none: leaving it out would keep the old ones
			Tags:             b.tags(id),
		}
		if e.Username != "" {
			args.UserName = pulumi.String(e.Username)
		}
		entry, err := awseks.NewAccessEntry(b.ctx, id, args, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("create the access entry of %s: %w", e.Name, err)
		}
		b.access = append(b.access, entry)
		for _, p := range e.Policies {
			if err := b.associate(c, e.Name, entry, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) associate(c *Cluster, name string, entry *awseks.AccessEntry, p AccessPolicy) error {
	scope := awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")}
	if len(p.Namespaces) > 0 {
		scope.Type = pulumi.String("namespace")
		scope.Namespaces = pulumi.ToStringArray(p.Namespaces)
	}
	association, err := awseks.NewAccessPolicyAssociation(b.ctx, b.kids.ID("access", name, p.Policy), &awseks.AccessPolicyAssociationArgs{
		ClusterName:  c.Name,
		PrincipalArn: entry.PrincipalArn,
		PolicyArn: pulumi.String(fmt.Sprintf("arn:%s:eks::aws:cluster-access-policy/%s",
			region.Partition(b.args.Region), p.Policy)),
		AccessScope: scope,
	}, b.kids.Opts(
		// A new scope is a replacement with the same identity: deleting the old one last would remove the policy.
		pulumi.DeleteBeforeReplace(true),
	)...)
	if err != nil {
		return fmt.Errorf("associate %s with the access entry of %s: %w", p.Policy, name, err)
	}
	b.access = append(b.access, association)
	return nil
}
