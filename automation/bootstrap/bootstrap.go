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

// Bootstrap compares a site with what is in AWS, and brings it there. It is not safe for concurrent use.
type Bootstrap struct {
	// Site is what is to be.
	Site *Site
	// Caller is the ARN of whose credentials are used.
	Caller string

	s3  *s3.Client
	kms *kms.Client
	iam *iam.Client
	// keyARN is the ARN of the key, once it is known.
	keyARN string
}

// Open asks AWS whose credentials there are and works out what their account is to have. The credentials are found as the
// AWS SDK finds them; load says otherwise, in tests for example.
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
		return nil, explain("ask AWS whose credentials these are", err)
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
	// Exists: it is there, and as it is to be.
	Exists Action = "exists"
	// Create: it is not there.
	Create Action = "create"
	// Update: it is there, and differs.
	Update Action = "update"
	// Adopt: it is there, and somebody else made it. A bucket, a key or a role is taken over, and marked with a tag; the
	// OIDC provider is used as it is.
	Adopt Action = "adopt"
)

// Change is one resource, and what is to be done about it.
type Change struct {
	// Resource says what it is, Name which one.
	Resource string `json:"resource"`
	Name     string `json:"name"`
	Action   Action `json:"action"`
	// Pending tells that there is something to do.
	Pending bool `json:"pending"`
	// Details say what is made, or what differs.
	Details []string `json:"details,omitempty"`
	// Unexpected is what a role may do beyond what it is to: policies that bootstrap did not write. They stay, as nothing
	// is ever deleted, and somebody must look at them.
	Unexpected []string `json:"unexpected,omitempty"`
	// Notes are what else is worth knowing, such as statements of others that stay on a bucket.
	Notes []string `json:"notes,omitempty"`
}

// Plan is what there is to do.
type Plan struct {
	Changes []Change
}

// Pending returns the changes that do something.
func (p *Plan) Pending() []Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return !c.Pending })
}

// Clean tells that everything is as it is to be, and roles can do nothing else.
func (p *Plan) Clean() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Pending || len(c.Unexpected) > 0 })
}

// has reports whether the plan says the same of a resource.
func (p *Plan) has(c Change) bool {
	return slices.ContainsFunc(p.Changes, func(o Change) bool {
		return o.Resource == c.Resource && o.Name == c.Name && o.Action == c.Action && o.Pending
	})
}

// found is a resource as it was found, and the steps that bring it to what it is to be.
type found struct {
	Change
	steps []func(context.Context) error
}

// todo adds a step, which a detail tells of.
func (f *found) todo(detail string, step func(context.Context) error) {
	f.Pending = true
	if f.Action == Exists {
		f.Action = Update
	}
	f.Details = append(f.Details, detail)
	f.steps = append(f.steps, step)
}

// inspections returns how to look at every resource, in the order in which they are made: roles trust the provider and
// name the key, and so does the bucket.
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

// Apply does what a plan says. Each resource is looked at once more right before it is changed; if there is something to
// do by then that the plan did not show, Apply stops with an ErrRefused. It calls done after each change.
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
				"%s %s has changed since it was looked at (%s): run it again", f.Resource, f.Name, strings.Join(f.Details, "; "))}}
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

// The tag that marks what bootstrap made or took over.
const (
	markKey   = "managed-by"
	markValue = "eks-platform-bootstrap"
)

// code returns AWS's code of an error, or nothing.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// explain says what failed, with AWS's answer and without the SDK's wrapping.
func explain(what string, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %w", what, api)
	}
	return fmt.Errorf("%s: %w", what, err)
}
