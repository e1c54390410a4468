package logging

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/identity"
)

// The namespace and the service account of Fluent Bit; daemon is also the name of everything else that it has there.
const (
	namespace = "fluent-bit"
	daemon    = "fluent-bit"
)

// createRole creates Fluent Bit's IAM role, which may only write to the groups of this cluster. The two actions are all
// that the output calls if it neither creates groups nor sets retention (cloudwatch_api.c of
// https://github.com/fluent/fluent-bit). The environments are covered by their prefix, so that a joining one needs no
// change here.
func (b *builder) createRole(l *Logging) error {
	if !b.args.collects() {
		return nil
	}
	role, err := identity.New(b.ctx, b.kids, identity.Args{
		Key:         daemon,
		Description: "Fluent Bit on the EKS cluster " + b.args.ClusterName,
		Region:      b.args.Region, AccountID: b.args.AccountID, ClusterName: b.args.ClusterName,
		Namespace: namespace, ServiceAccount: daemon,
		Tags: b.args.Tags,
	})
	if err != nil {
		return err
	}
	var groups []string
	for _, name := range []string{environmentsGroup + "*", clusterGroup, hostGroup, dataPlaneGroup} {
		groups = append(groups, b.groupARN(name)+":*")
	}
	policy := iamdoc.Document{Statements: []iamdoc.Statement{{
		Sid:       "WriteLogs",
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: groups,
	}}}
	if err := role.Allow("write", pulumi.String(policy.JSON())); err != nil {
		return err
	}
	if err := role.Associate(b.args.ClusterNameOutput); err != nil {
		return err
	}
	b.role = role
	return nil
}
