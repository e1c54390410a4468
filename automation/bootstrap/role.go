package bootstrap

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

func roleTags() []types.Tag {
	return []types.Tag{{Key: aws.String(markKey), Value: aws.String(markValue)}}
}

func marked(tags []types.Tag) bool {
	return slices.ContainsFunc(tags, func(t types.Tag) bool {
		return aws.ToString(t.Key) == markKey && aws.ToString(t.Value) == markValue
	})
}

// role is a role as it should be.
type role struct {
	name, description string
	trust             iamdoc.Document
	// inline are the role's inline policies; managed are the ARNs of its managed policies.
	inline  []document
	managed []string
	session int32
}

// document is a policy and its name.
type document struct {
	name string
	iamdoc.Document
}

// Session lengths in seconds, as long as a run may take: credentials from GitHub's tokens are not refreshed, and a cluster
// with its nodes takes a quarter of an hour to create, and longer to delete.
const (
	planSession   = 3600
	deploySession = 4 * 3600
)

// role returns one of an environment's roles, for what is known of the key.
func (s *Site) role(e Environment, keyARN string, deploys bool) role {
	if !deploys {
		return role{
			name: e.PlanRole(), description: "Previews the eks-platform stack " + e.Name + " and looks for drift, read-only",
			trust: s.planTrust(e), session: planSession,
			inline:  []document{{"state", s.statePolicy(e, keyARN, false)}},
			managed: []string{s.policyARN(readPrefix + e.Name)},
		}
	}
	return role{
		name: e.DeployRole(), description: "Deploys the eks-platform stack " + e.Name,
		trust: s.deployTrust(e), session: deploySession,
		inline:  []document{{"limits", s.limitsPolicy(e, keyARN)}, {"roles", s.rolesPolicy(e)}, {"state", s.statePolicy(e, keyARN, true)}},
		managed: []string{s.policyARN(readPrefix + e.Name), s.policyARN(writePrefix + e.Name)},
	}
}

// check returns an error if the role's documents exceed IAM's limits.
func (r role) check() error {
	total := 0
	for _, p := range r.inline {
		total += p.Size()
	}
	if total > iamdoc.MaxInline {
		return fmt.Errorf("the inline policies of the role %s have %d characters, and IAM's limit is %d: shorten the names of the cluster and the environment, "+
			"or the list of policies of service accounts", r.name, total, iamdoc.MaxInline)
	}
	if n := r.trust.Size(); n > iamdoc.MaxTrust {
		return fmt.Errorf("the trust policy of the role %s has %d characters, and IAM's limit is %d: the names of the repository, the branch or the environment are too long", r.name, n, iamdoc.MaxTrust)
	}
	return nil
}

// inspectRole inspects one of an environment's roles.
func (b *Bootstrap) inspectRole(ctx context.Context, e Environment, deploys bool) (*found, error) {
	r := b.Site.role(e, b.keyARN, deploys)
	f := &found{Change: Change{Resource: "IAM role", Name: r.name, Action: Exists}}
	if err := r.check(); err != nil {
		return nil, err
	}
	out, err := b.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &r.name})
	if missing(err) {
		f.Action = Create
		f.todo(strings.ToLower(r.description[:1])+r.description[1:], func(ctx context.Context) error { return b.createRole(ctx, r) })
		return f, nil
	}
	if err != nil {
		return nil, explain("read the role "+r.name, err)
	}
	if !marked(out.Role.Tags) {
		f.Action = Adopt
		f.todo("is marked with a tag", func(ctx context.Context) error {
			_, err := b.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.name, Tags: roleTags()})
			return wrap("tag the role "+r.name, err)
		})
	}
	if err := b.inspectTrust(f, r, out.Role); err != nil {
		return nil, err
	}
	b.inspectBounds(f, r, out.Role)
	for _, inspect := range []func(context.Context, *found, role) error{b.inspectInline, b.inspectAttached} {
		if err := inspect(ctx, f, r); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (b *Bootstrap) createRole(ctx context.Context, r role) error {
	in := &iam.CreateRoleInput{
		RoleName: &r.name, AssumeRolePolicyDocument: aws.String(r.trust.JSON()), Description: &r.description,
		MaxSessionDuration: &r.session, Tags: roleTags(),
	}
	if b.Site.boundary != "" {
		in.PermissionsBoundary = &b.Site.boundary
	}
	if _, err := b.iam.CreateRole(ctx, in); err != nil {
		return explain("create the role "+r.name, err)
	}
	for _, p := range r.inline {
		if err := b.putInline(ctx, r.name, p); err != nil {
			return err
		}
	}
	for _, arn := range r.managed {
		if err := b.attach(ctx, r.name, arn); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bootstrap) putInline(ctx context.Context, role string, p document) error {
	_, err := b.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &p.name, PolicyDocument: aws.String(p.JSON())})
	return wrap("write the policy "+p.name+" of the role "+role, err)
}

func (b *Bootstrap) attach(ctx context.Context, role, arn string) error {
	_, err := b.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &arn})
	return wrap("attach "+arn+" to the role "+role, err)
}

// inspectTrust compares who may assume the role. A foreign statement is removed: it would let someone else in.
func (b *Bootstrap) inspectTrust(f *found, r role, have *types.Role) error {
	d, err := compareEncoded(have.AssumeRolePolicyDocument, r.trust)
	if err != nil {
		return fmt.Errorf("the trust policy of the role %s: %w", r.name, err)
	}
	if len(d.ours)+len(d.others) > 0 {
		f.todo("trust policy: "+d.String(), func(ctx context.Context) error {
			_, err := b.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &r.name, PolicyDocument: aws.String(r.trust.JSON())})
			return wrap("write the trust policy of the role "+r.name, err)
		})
	}
	return nil
}

// compareEncoded compares a document as IAM returns it.
func compareEncoded(encoded *string, want iamdoc.Document) (difference, error) {
	text, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil {
		return difference{}, fmt.Errorf("read a policy document: %w", err)
	}
	return compare(text, want)
}

// String describes the differences.
func (d difference) String() string {
	var out []string
	if len(d.ours) > 0 {
		out = append(out, "statement "+strings.Join(d.ours, ", ")+" differs")
	}
	if len(d.others) > 0 {
		out = append(out, "statement "+strings.Join(d.others, ", ")+" was not written by bootstrap and is removed")
	}
	return strings.Join(out, ", ")
}

func (b *Bootstrap) inspectBounds(f *found, r role, have *types.Role) {
	if aws.ToInt32(have.MaxSessionDuration) != r.session || aws.ToString(have.Description) != r.description {
		f.todo(fmt.Sprintf("description or maximum session duration (%d s) differs", r.session), func(ctx context.Context) error {
			_, err := b.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &r.name, Description: &r.description, MaxSessionDuration: &r.session})
			return wrap("update the role "+r.name, err)
		})
	}
	current := ""
	if have.PermissionsBoundary != nil {
		current = aws.ToString(have.PermissionsBoundary.PermissionsBoundaryArn)
	}
	switch boundary := b.Site.boundary; {
	case boundary == current:
	case boundary == "":
		f.Notes = append(f.Notes, "has the permissions boundary "+current+", which is kept")
	default:
		f.todo("permissions boundary "+boundary, func(ctx context.Context) error {
			_, err := b.iam.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &r.name, PermissionsBoundary: &boundary})
			return wrap("set the permissions boundary of the role "+r.name, err)
		})
	}
}

// inspectInline compares the inline policies. What was added to one of ours is removed; a foreign policy is kept and
// reported.
func (b *Bootstrap) inspectInline(ctx context.Context, f *found, r role) error {
	var names []string
	pages := iam.NewListRolePoliciesPaginator(b.iam, &iam.ListRolePoliciesInput{RoleName: &r.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return explain("list the policies of the role "+r.name, err)
		}
		names = append(names, page.PolicyNames...)
	}
	for _, p := range r.inline {
		write := func(ctx context.Context) error { return b.putInline(ctx, r.name, p) }
		if !slices.Contains(names, p.name) {
			f.todo("policy "+p.name+" is missing", write)
			continue
		}
		out, err := b.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.name, PolicyName: &p.name})
		if err != nil {
			return explain("read the policy "+p.name+" of the role "+r.name, err)
		}
		d, err := compareEncoded(out.PolicyDocument, p.Document)
		if err != nil {
			return fmt.Errorf("the policy %s of the role %s: %w", p.name, r.name, err)
		}
		if len(d.ours)+len(d.others) > 0 {
			f.todo("policy "+p.name+": "+d.String(), write)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(r.inline, func(p document) bool { return p.name == name }) {
			f.Unexpected = append(f.Unexpected, "inline policy "+name)
		}
	}
	return nil
}

// inspectAttached compares which policies are attached.
func (b *Bootstrap) inspectAttached(ctx context.Context, f *found, r role) error {
	var arns []string
	pages := iam.NewListAttachedRolePoliciesPaginator(b.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return explain("list the policies of the role "+r.name, err)
		}
		for _, p := range page.AttachedPolicies {
			arns = append(arns, aws.ToString(p.PolicyArn))
		}
	}
	for _, arn := range r.managed {
		if !slices.Contains(arns, arn) {
			f.todo("policy "+path.Base(arn)+" is not attached", func(ctx context.Context) error { return b.attach(ctx, r.name, arn) })
		}
	}
	for _, arn := range arns {
		if !slices.Contains(r.managed, arn) {
			f.Unexpected = append(f.Unexpected, "attached policy "+arn)
		}
	}
	return nil
}
