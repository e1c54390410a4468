package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// Bootstrap compares a site with what is in AWS and makes AWS match it. It is not safe for concurrent use.
type Bootstrap struct {
	// Site is the desired state.
	Site *Site
	// Caller is the ARN of the identity behind the credentials.
	Caller string

	s3  *s3.Client
	kms *kms.Client
	iam *iam.Client
	// keyARN is the ARN of the key, once it is known.
	keyARN string
}

// Open asks AWS for the identity behind the credentials and works out what its account should have. The AWS SDK finds the
// credentials in its usual way, unless load options say otherwise, as in tests.
func Open(ctx context.Context, o Options, load ...func(*config.LoadOptions) error) (*Bootstrap, error) {
	if l := o.problems(); len(l) > 0 {
		return nil, invalid(l)
	}
	var unknown problem.List
	names := o.chosen(&unknown)
	if len(unknown) > 0 {
		return nil, invalid(unknown)
	}
	cfg, err := config.LoadDefaultConfig(ctx, append(slices.Clone(load), config.WithRegion(o.Estate.Config(names[0]).AWS.Region), quiet)...)
	if err != nil {
		return nil, fmt.Errorf("find AWS credentials: %w", err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, explain("ask AWS for the identity behind the credentials", err)
	}
	site, err := NewSite(o, aws.ToString(who.Account))
	if err != nil {
		return nil, err
	}
	cfg.Region = site.Region
	return &Bootstrap{
		Site: site, Caller: aws.ToString(who.Arn),
		s3: s3.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg),
	}, nil
}

// quiet keeps the SDK's own warnings from the screen: what failed is in the errors.
func quiet(o *config.LoadOptions) error {
	o.Logger = logging.Nop{}
	return nil
}

// Action is what happens to a resource.
type Action string

// The actions.
const (
	// Exists: it exists and matches.
	Exists Action = "exists"
	// Create: it does not exist.
	Create Action = "create"
	// Update: it exists and differs.
	Update Action = "update"
	// Adopt: it exists and was not created by bootstrap. A bucket, a key or a role is taken over and tagged; the OIDC
	// provider is used as it is.
	Adopt Action = "adopt"
)

// Change is one resource and what will be done to it.
type Change struct {
	// Resource says what it is, Name which one.
	Resource string `json:"resource"`
	Name     string `json:"name"`
	Action   Action `json:"action"`
	// Pending reports whether there is something to do.
	Pending bool `json:"pending"`
	// Details say what is created, or what differs.
	Details []string `json:"details,omitempty"`
	// Unexpected are policies of a role that bootstrap did not write and that may allow more than intended. They are kept,
	// as nothing is ever deleted, and need a review.
	Unexpected []string `json:"unexpected,omitempty"`
	// Notes are further remarks, such as foreign statements that are kept in a bucket's policy.
	Notes []string `json:"notes,omitempty"`
}

// Plan lists the changes.
type Plan struct {
	Changes []Change
}

// Pending returns the changes that do something.
func (p *Plan) Pending() []Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return !c.Pending })
}

// Clean reports whether everything is as it should be, and roles have no unexpected permissions.
func (p *Plan) Clean() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Pending || len(c.Unexpected) > 0 })
}

// has reports whether the plan says the same of a resource.
func (p *Plan) has(c Change) bool {
	return slices.ContainsFunc(p.Changes, func(o Change) bool {
		return o.Resource == c.Resource && o.Name == c.Name && o.Action == c.Action && o.Pending
	})
}

// found is a resource as it was found, and the steps that make it match.
type found struct {
	Change
	steps []func(context.Context) error
}

// todo adds a step and the detail that describes it.
func (f *found) todo(detail string, step func(context.Context) error) {
	f.Pending = true
	if f.Action == Exists {
		f.Action = Update
	}
	f.Details = append(f.Details, detail)
	f.steps = append(f.steps, step)
}

// inspections returns the inspection of every resource, in creation order: roles trust the provider and name the key, and
// so does the bucket.
func (b *Bootstrap) inspections() []func(context.Context) (*found, error) {
	out := []func(context.Context) (*found, error){b.inspectKey, b.inspectBucket}
	if b.Site.stateOnly {
		return out
	}
	out = slices.Insert(out, 0, b.inspectProvider)
	for _, e := range b.Site.Environments {
		for _, p := range []document{{readPrefix + e.Name, b.Site.readPolicy(e)}, {writePrefix + e.Name, b.Site.writePolicy(e)}} {
			out = append(out, func(ctx context.Context) (*found, error) { return b.inspectPolicy(ctx, p) })
		}
		for _, deploys := range []bool{false, true} {
			out = append(out, func(ctx context.Context) (*found, error) { return b.inspectRole(ctx, e, deploys) })
		}
	}
	return out
}

// Plan compares, and changes nothing.
func (b *Bootstrap) Plan(ctx context.Context) (*Plan, error) {
	b.keyARN = b.Site.arn("kms", "key/not-made-yet")
	p := &Plan{}
	for _, inspect := range b.inspections() {
		f, err := inspect(ctx)
		if err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, f.Change)
	}
	return p, nil
}

// Apply applies a plan. It inspects each resource again right before changing it, and stops with an ErrRefused if there is
// something to do that the plan did not show. It calls done after each change.
func (b *Bootstrap) Apply(ctx context.Context, p *Plan, done func(Change)) error {
	for _, inspect := range b.inspections() {
		f, err := inspect(ctx)
		if err != nil {
			return err
		}
		if !f.Pending {
			continue
		}
		if !p.has(f.Change) {
			return &automation.Error{Kind: automation.ErrRefused, Messages: []string{fmt.Sprintf(
				"%s %s has changed since the plan was made (%s): run bootstrap again", f.Resource, f.Name, strings.Join(f.Details, "; "))}}
		}
		for _, step := range f.steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
		if done != nil {
			done(f.Change)
		}
	}
	return nil
}

// The tag that marks what bootstrap created or took over.
const (
	markKey   = "managed-by"
	markValue = "eks-platform-bootstrap"
)

// code returns the AWS error code of an error, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// explain returns what failed with AWS's answer, without the SDK's wrapping.
func explain(what string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %w", what, api)
	}
	return fmt.Errorf("%s: %w", what, err)
}
