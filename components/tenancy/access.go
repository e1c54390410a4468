package tenancy

import (
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/tags"
)

const rbacGroup = "rbac.authorization.k8s.io"

// reservedGroups begin the group names that EKS reserves for itself and Kubernetes
// (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html). Groups here begin with the
// environment's name and a colon.
var reservedGroups = []string{"system", "eks", "aws", "amazon", "iam"}

func (s Settings) accessProblems(environment string) problem.List {
	var out problem.List
	out = append(out, listProblems("access", s.Access)...)
	for i, t := range s.Tenants {
		out = append(out, listProblems(fmt.Sprintf("tenants[%d].access", i), t.Access)...)
	}
	if slices.Contains(reservedGroups, environment) {
		for _, g := range s.grants(environment) {
			out.Relate(g.at, []string{g.at, "$.environment"}, "EKS refuses the group %s, because %s: is a reserved prefix: an environment with access cannot be called %s",
				g.group, environment, environment)
		}
	}
	return out
}

// listProblems checks one list of accesses. A principal may be in several lists, whose groups its entry combines, but only
// once in each.
func listProblems(list string, access []Access) problem.List {
	var out problem.List
	names, principals := map[string]int{}, map[string]int{}
	for i, a := range access {
		at := fmt.Sprintf("%s[%d].principalArn", list, i)
		duplicate(&out, names, list, i, a.Name)
		if first, twice := principals[a.PrincipalARN]; twice {
			out.Relate(at, []string{at, fmt.Sprintf("%s[%d].principalArn", list, first)},
				"already has access by %s[%d]: remove one, as the greater role includes the smaller", list, first)
		} else {
			principals[a.PrincipalARN] = i
		}
	}
	return out
}

// createAccess registers one access entry per principal, with the groups of all its accesses. The entry is named after the
// principal, so that it stays the same when another list names it as well.
func (b *builder) createAccess(*Tenancy) error {
	var principals []string
	groups := map[string][]string{}
	for _, g := range b.grants {
		if _, known := groups[g.PrincipalARN]; !known {
			principals = append(principals, g.PrincipalARN)
		}
		groups[g.PrincipalARN] = append(groups[g.PrincipalARN], g.group)
	}
	for _, arn := range principals {
		id := b.kids.ID("access", arnKey(arn))
		_, err := awseks.NewAccessEntry(b.ctx, id, &awseks.AccessEntryArgs{
			ClusterName:      b.args.ClusterNameOutput,
			PrincipalArn:     pulumi.String(arn),
			KubernetesGroups: pulumi.ToStringArray(groups[arn]),
			Tags:             tags.Named(b.args.Tags, id),
		}, b.kids.Opts()...)
		if err != nil {
			return fmt.Errorf("create the access entry of %s: %w", arn, err)
		}
	}
	return nil
}

// createRoleBindings binds the groups of those who may use a namespace. The roles are Kubernetes' built-in ClusterRoles,
// which a RoleBinding limits to its namespace.
func (b *builder) createRoleBindings(n space, in pulumi.ResourceOption) error {
	for _, g := range b.grants {
		if g.tenant != "" && g.tenant != n.tenant {
			continue
		}
		key := n.Name + "." + g.Name
		if g.tenant != "" {
			key = n.Name + "." + g.tenant + "." + g.Name
		}
		_, err := rbacv1.NewRoleBinding(b.ctx, b.inside.ID("access", key), &rbacv1.RoleBindingArgs{
			Metadata: b.meta(g.group, n.Name),
			RoleRef: rbacv1.RoleRefArgs{
				ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String("ClusterRole"), Name: pulumi.String(string(g.Role)),
			},
			Subjects: rbacv1.SubjectArray{rbacv1.SubjectArgs{
				ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String("Group"), Name: pulumi.String(g.group),
			}},
		}, b.inside.Opts(in)...)
		if err != nil {
			return fmt.Errorf("bind %s in namespace %s: %w", g.group, n.Name, err)
		}
	}
	return nil
}
