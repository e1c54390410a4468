// Package identity creates IAM roles for pods' service accounts.
package identity

import (
	"crypto/sha256"
	"fmt"
	"slices"

	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/child"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Args describe a role and the service account that it is for.
type Args struct {
	// Key is the role's part in logical names, <component>-<key>.
	Key string
	// Description is the role's description in IAM.
	Description string
	// Region, AccountID and ClusterName say where the service account is. The name is plain: roles do not wait for
	// the cluster.
	Region, AccountID, ClusterName string
	// Namespace and ServiceAccount name it. No other service account can assume the role.
	Namespace, ServiceAccount string
	// OIDC makes the role one for IRSA: its trust names the cluster's OIDC provider. Nil makes it one for EKS Pod
	// Identity.
	OIDC *OIDC
	// Tags go onto the role, together with a Name.
	Tags map[string]string
}

// OIDC is a cluster's issuer of service account tokens.
type OIDC struct {
	// Issuer is its host and path, without https://.
	Issuer pulumi.StringInput
	// ProviderARN is the IAM OIDC provider of the issuer.
	ProviderARN pulumi.StringInput
}

// Role is an IAM role for one service account.
type Role struct {
	// ARN is the role's ARN.
	ARN pulumi.StringOutput

	ctx         *pulumi.Context
	kids        child.Of
	args        Args
	role        *iam.Role
	permissions []pulumi.Resource
}

// New registers the role. It can do nothing until Attach and Allow are called, and with Pod Identity no pod gets it
// until Associate is.
func New(ctx *pulumi.Context, kids child.Of, args Args) (*Role, error) {
	id := kids.ID(args.Key)
	trust := podIdentityTrust(args)
	if args.OIDC != nil {
		trust = irsaTrust(args)
	}
	role, err := iam.NewRole(ctx, id, &iam.RoleArgs{
		Name:             fixedName(id, maxRoleName),
		Description:      pulumi.String(args.Description),
		AssumeRolePolicy: trust,
		Tags:             tags.Named(args.Tags, id),
	}, kids.Opts()...)
	if err != nil {
		return nil, fmt.Errorf("create the role of %s: %w", args.Key, err)
	}
	return &Role{ARN: role.Arn, ctx: ctx, kids: kids, args: args, role: role}, nil
}

// Attach gives the role a policy that AWS manages, for example service-role/AmazonEBSCSIDriverPolicy, or one that
// somebody else does, by its ARN. The key is its part in logical names.
func (r *Role) Attach(key, policy string) error {
	arn := policy
	if !isARN(policy) {
		arn = fmt.Sprintf("arn:%s:iam::aws:policy/%s", region.Partition(r.args.Region), policy)
	}
	a, err := iam.NewRolePolicyAttachment(r.ctx, r.kids.ID(r.args.Key, key), &iam.RolePolicyAttachmentArgs{
		Role: r.role.Name, PolicyArn: pulumi.String(arn),
	}, r.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("attach %s to the role of %s: %w", policy, r.args.Key, err)
	}
	r.permissions = append(r.permissions, a)
	return nil
}

// Allow gives the role a policy of its own, as JSON. The key is its part in logical names.
func (r *Role) Allow(key string, policy pulumi.StringInput) error {
	id := r.kids.ID(r.args.Key, key)
	p, err := iam.NewRolePolicy(r.ctx, id, &iam.RolePolicyArgs{
		Name: fixedName(id, maxPolicyName), Role: r.role.Name, Policy: policy,
	}, r.kids.Opts()...)
	if err != nil {
		return fmt.Errorf("write the policy %s of the role of %s: %w", key, r.args.Key, err)
	}
	r.permissions = append(r.permissions, p)
	return nil
}

// Permissions returns what must be in place before a pod with the role starts, and outlive it.
func (r *Role) Permissions() []pulumi.Resource { return slices.Clone(r.permissions) }

// Associate gives the role to the pods of its service account, by EKS Pod Identity. The cluster's name is an output
// of the cluster, so that the association waits for it. The result joins Permissions.
func (r *Role) Associate(clusterName pulumi.StringInput) error {
	id := r.kids.ID(r.args.Key, "association")
	a, err := awseks.NewPodIdentityAssociation(r.ctx, id, &awseks.PodIdentityAssociationArgs{
		ClusterName:    clusterName,
		Namespace:      pulumi.String(r.args.Namespace),
		ServiceAccount: pulumi.String(r.args.ServiceAccount),
		RoleArn:        r.ARN,
		Tags:           tags.Named(r.args.Tags, id),
	}, r.kids.Opts(pulumi.DependsOn(r.permissions))...)
	if err != nil {
		return fmt.Errorf("associate the role of %s with its service account: %w", r.args.Key, err)
	}
	r.permissions = append(r.permissions, a)
	return nil
}

// podIdentityTrust lets EKS assume the role for one service account. EKS names namespace, service account and cluster
// in the session's tags (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html).
func podIdentityTrust(a Args) pulumi.StringInput {
	doc := iamdoc.PodIdentityTrust()
	doc.Statements[0].Conditions = map[string]map[string][]string{"StringEquals": {
		"aws:RequestTag/eks-cluster-arn":            {ClusterARN(a.Region, a.AccountID, a.ClusterName)},
		"aws:RequestTag/kubernetes-namespace":       {a.Namespace},
		"aws:RequestTag/kubernetes-service-account": {a.ServiceAccount},
	}}
	return pulumi.String(doc.JSON())
}

// irsaTrust lets the holder of one service account's token assume the role
// (https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html).
func irsaTrust(a Args) pulumi.StringInput {
	subject := fmt.Sprintf("system:serviceaccount:%s:%s", a.Namespace, a.ServiceAccount)
	return pulumi.All(a.OIDC.ProviderARN, a.OIDC.Issuer).ApplyT(func(v []any) string {
		provider, _ := v[0].(string)
		issuer, _ := v[1].(string)
		return iamdoc.Document{Statements: []iamdoc.Statement{{
			Principals: map[string][]string{"Federated": {provider}},
			Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: map[string]map[string][]string{"StringEquals": {
				issuer + ":aud": {"sts.amazonaws.com"}, issuer + ":sub": {subject},
			}},
		}}}.JSON()
	}).(pulumi.StringOutput)
}

// ClusterARN returns the ARN that an EKS cluster has or will have.
func ClusterARN(inRegion, accountID, name string) string {
	return fmt.Sprintf("arn:%s:eks:%s:%s:cluster/%s", region.Partition(inRegion), inRegion, accountID, name)
}

// The longest names that IAM takes (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), and the
// length of the random end of names that Pulumi makes of logical ones.
const (
	maxRoleName   = 64
	maxPolicyName = 128
	randomEnd     = 8
)

// fixedName returns nil where Pulumi can make a name of a logical one, or else a name that is the same at every run.
func fixedName(id string, longest int) pulumi.StringPtrInput {
	room := longest - randomEnd
	if len(id) <= room {
		return nil
	}
	return pulumi.String(fmt.Sprintf("%s-%x", id[:room-1], sha256.Sum256([]byte(id)))[:longest])
}

func isARN(s string) bool { return len(s) > 4 && s[:4] == "arn:" }
