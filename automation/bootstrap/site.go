package bootstrap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/deployorder"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/stacks"
)

// Options configures a bootstrap.
type Options struct {
	// Estate are the stack files: they give an environment's account and region, and what its roles may change.
	Estate *stacks.Estate
	// Environments are the stacks to create roles for; none means all in the account of the credentials.
	Environments []string
	// StateOnly makes the bucket and its key, and no roles: for people and CI systems that have credentials of their own.
	StateOnly bool
	// Repository is the GitHub repository whose workflows may use the roles, as owner/name, spelt as GitHub spells it.
	Repository string
	// Issuer is the address of another CI system's OIDC issuer, https:// and no more than host and path; empty for GitHub. Its
	// tokens are for Audience, and their subjects must be PlanSubject for the plan role and DeploySubject for the deploy role,
	// in which {environment} is the stack's name, and * any text.
	Issuer, Audience           string
	PlanSubject, DeploySubject string
	// OwnerID and RepositoryID are GitHub's IDs of the owner and the repository (gh api repos/OWNER/NAME --jq '.owner.id,
	// .id'). With them only this repository can assume the roles, even if it is renamed and its name is reused. Both or
	// none.
	OwnerID, RepositoryID string
	// Branch is the default branch, from which drift is detected; main by default.
	Branch string
	// Bucket is the name of the state bucket; eks-platform-state-<account>-<region> by default. Changing it creates another
	// bucket and leaves the state in the old one.
	Bucket string
	// KeyAlias is the alias of the key; alias/eks-platform-state by default. Stack files refer to the key by it.
	KeyAlias string
	// PermissionsBoundary is the ARN of the permissions boundary of all roles; none by default.
	PermissionsBoundary string
}

// Site is the desired state of one account and region.
type Site struct {
	// AccountID, Region, Bucket and KeyAlias say where it is.
	AccountID, Region, Bucket, KeyAlias string
	// Environments are those that it is for, in the order in which they are deployed.
	Environments []Environment

	repository, ownerID, repositoryID, branch, boundary string
	// issuer is that of the tokens, without https://; other holds what is asked of those of another CI system than GitHub's.
	issuer                                    string
	stateOnly                                 bool
	otherAudience, planSubject, deploySubject string
}

// Environment is one stack and its roles.
type Environment struct {
	// Name is the stack's name.
	Name string
	// Cluster is the cluster that it owns or joins, and Owner the stack that owns it; empty when it is its own.
	Cluster, Owner string

	// label begins the names of what the environment owns, tags are the values of the tag "environment" that its resources
	// have, policies the policies that its roles for service accounts have.
	label    string
	tags     []string
	policies []string
	// approval is delivery.requireApproval of the stack file.
	approval bool
}

// Prefixes of the roles' names, before the stack's name. No deploy role may change anything that begins with them.
const (
	planPrefix   = "eks-platform-plan-"
	deployPrefix = "eks-platform-deploy-"
)

// PlanRole is the name of the role that previews and detects drift.
func (e Environment) PlanRole() string { return planPrefix + e.Name }

// DeployRole is the name of the role that deploys.
func (e Environment) DeployRole() string { return deployPrefix + e.Name }

// GitHubEnvironment is an environment of the GitHub repository. The roles' trust policies decide what its jobs may do; its
// own settings decide who lets them run.
type GitHubEnvironment struct {
	// Name is the environment's name, and Role the name of the role that its jobs, and no others, may assume.
	Name string `json:"name"`
	Role string `json:"role"`
	// MainOnly means that only jobs of the default branch may use it; Approval, that each job needs one.
	MainOnly bool `json:"mainOnly"`
	Approval bool `json:"approval"`
}

// GitHubEnvironments returns the environments of the GitHub repository that must be set up before the roles are used.
// If a job names one that does not exist, GitHub creates it without any protection.
func (s *Site) GitHubEnvironments() []GitHubEnvironment {
	var out []GitHubEnvironment
	if s.stateOnly || s.issuer != githubIssuer {
		return out
	}
	for _, e := range s.Environments {
		out = append(out,
			GitHubEnvironment{Name: previewPrefix + e.Name, Role: e.PlanRole(), Approval: e.approval},
			GitHubEnvironment{Name: e.Name, Role: e.DeployRole(), MainOnly: true, Approval: e.approval})
	}
	return out
}

// previewPrefix begins the name of the GitHub environment that an environment is previewed in.
const previewPrefix = "preview-"

// defaultBucket is the name of the state bucket of an account and region.
func defaultBucket(accountID, region string) string {
	return fmt.Sprintf("eks-platform-state-%s-%s", accountID, region)
}

// RoleARN returns the ARN of one of the site's roles.
func (s *Site) RoleARN(name string) string { return s.global("iam", "role/"+name) }

// BackendURL is the argument of pulumi login.
func (s *Site) BackendURL() string { return fmt.Sprintf("s3://%s?region=%s", s.Bucket, s.Region) }

// SecretsProvider is how an environment's stack encrypts its secrets. The encryption context, which KMS binds to the
// ciphertext, lets IAM tell environments apart on the one key (gocloud.dev/secrets/awskms: parameters that begin with
// context_).
func (s *Site) SecretsProvider(e Environment) string {
	return fmt.Sprintf("awskms://%s?region=%s&context_%s=%s", s.KeyAlias, s.Region, contextKey, e.Name)
}

// contextKey is the key of the encryption context.
const contextKey = "environment"

var (
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]*)/[A-Za-z0-9._-]{1,100}$`)
	numberForm     = regexp.MustCompile(`^[1-9][0-9]{0,19}$`)
	bucketForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	aliasForm      = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)
	issuerForm     = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._/-]*[A-Za-z0-9_-])?$`)
	branchForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
	boundaryForm   = regexp.MustCompile(`^arn:[a-z-]+:iam::(aws|[0-9]{12}):policy/.+$`)
)

// maxRoleName is IAM's limit (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const maxRoleName = 64

// problems returns what is wrong with the options on their own.
func (o Options) problems() problem.List {
	var out problem.List
	check := func(name, value string, form *regexp.Regexp, rule string) {
		if value != "" && !form.MatchString(value) {
			out.Add(name, "%s, got %q", rule, value)
		}
	}
	o.ciProblems(&out)
	check("repository", o.Repository, repositoryForm, "must be a GitHub repository as owner/name, letters, digits, hyphens, underscores and periods")
	check("owner-id", o.OwnerID, numberForm, "must be GitHub's ID of the owner")
	check("repository-id", o.RepositoryID, numberForm, "must be GitHub's ID of the repository")
	if (o.OwnerID == "") != (o.RepositoryID == "") {
		out.Add("repository-id", "must be given together with owner-id: gh api repos/%s --jq '.owner.id, .id' prints both", o.Repository)
	}
	check("branch", o.Branch, branchForm, "must be the name of one branch, without wildcards")
	check("bucket", o.Bucket, bucketForm, "must be 3 to 63 lower-case letters, digits and hyphens")
	check("key-alias", o.KeyAlias, aliasForm, "must be alias/ and letters, digits, slashes, underscores and hyphens")
	if strings.HasPrefix(o.KeyAlias, "alias/aws/") {
		out.Add("key-alias", "must not begin with alias/aws/, which is reserved for AWS, got %q", o.KeyAlias)
	}
	check("permissions-boundary", o.PermissionsBoundary, boundaryForm, "must be the ARN of an IAM policy")
	return out
}

// ciProblems checks who may assume the roles: workflows of a GitHub repository, jobs of another CI system, or nobody.
func (o Options) ciProblems(out *problem.List) {
	other := o.Issuer + o.Audience + o.PlanSubject + o.DeploySubject
	github := o.Repository + o.OwnerID + o.RepositoryID
	switch {
	case o.StateOnly && other+github+o.PermissionsBoundary != "":
		out.Add("state-only", "makes no roles: leave out the repository, the issuer and the permissions boundary")
	case o.StateOnly:
	case other == "" && o.Repository == "":
		out.Add("repository", "is required: the GitHub repository whose workflows use the roles, as owner/name; for another CI system give oidc-issuer, and state-only for no roles")
	case other == "":
	case github != "":
		out.Add("oidc-issuer", "is for another CI system than GitHub: leave out the repository")
	default:
		if !issuerForm.MatchString(o.Issuer) {
			out.Add("oidc-issuer", "must be the address of an OIDC issuer, such as https://gitlab.com, got %q", o.Issuer)
		}
		for _, s := range []struct{ name, value string }{{"oidc-audience", o.Audience}, {"plan-subject", o.PlanSubject}, {"deploy-subject", o.DeploySubject}} {
			switch fixed := strings.Trim(strings.ReplaceAll(s.value, environmentMark, ""), "*?:/"); {
			case s.value == "":
				out.Add(s.name, "is required with oidc-issuer: AWS accepts the tokens of every customer of the issuer without it")
			case len(fixed) < shortestSubject, s.name == "oidc-audience" && strings.ContainsAny(s.value, "*?"):
				out.Add(s.name, "must say whose tokens these are, got %q", s.value)
			}
		}
	}
}

// environmentMark stands for the stack's name in subjects.
const environmentMark = "{environment}"

// shortestSubject is how much of a subject must not be a wildcard.
const shortestSubject = 3

// chosen returns the names of the stacks that are asked for, all of them if none is named.
func (o Options) chosen(out *problem.List) []string {
	known := o.Estate.Names()
	for _, name := range o.Environments {
		if !slices.Contains(known, name) {
			out.Add("", "there is no environment %q: there are %s", name, strings.Join(known, ", "))
		}
	}
	order := deployorder.Of(o.Estate)
	if len(o.Environments) == 0 {
		return order
	}
	return slices.Compact(deployorder.Sort(order, o.Environments))
}

// NewSite works out what the account of the credentials should have. Options that are wrong are an ErrInvalid, and
// credentials of another account than a stack file's an ErrRefused of package automation.
func NewSite(o Options, accountID string) (*Site, error) {
	out := o.problems()
	names := o.chosen(&out)
	if len(out) > 0 {
		return nil, invalid(out)
	}
	var elsewhere []string
	names = slices.DeleteFunc(names, func(name string) bool {
		other := o.Estate.Config(name).AWS.AccountID
		if other != accountID {
			elsewhere = append(elsewhere, fmt.Sprintf("%s is in account %s", name, other))
		}
		return other != accountID
	})
	if len(elsewhere) > 0 && (len(o.Environments) > 0 || len(names) == 0) {
		return nil, &automation.Error{Kind: automation.ErrRefused, Messages: []string{fmt.Sprintf(
			"the credentials are for account %s, but %s: use credentials for that account, or name only environments in this one",
			accountID, strings.Join(elsewhere, ", "))}}
	}
	first := o.Estate.Config(names[0]).AWS
	s := &Site{
		AccountID: accountID, Region: first.Region, Bucket: o.Bucket, KeyAlias: o.KeyAlias,
		stateOnly: o.StateOnly, issuer: cmp.Or(strings.TrimPrefix(o.Issuer, "https://"), githubIssuer),
		otherAudience: o.Audience, planSubject: o.PlanSubject, deploySubject: o.DeploySubject,
		repository: o.Repository, ownerID: o.OwnerID, repositoryID: o.RepositoryID, branch: o.Branch, boundary: o.PermissionsBoundary,
	}
	if s.Bucket == "" {
		s.Bucket = defaultBucket(accountID, first.Region)
	}
	if s.KeyAlias == "" {
		s.KeyAlias = "alias/eks-platform-state"
	}
	if s.branch == "" {
		s.branch = "main"
	}
	if !s.stateOnly && s.issuer == githubIssuer && region.Partition(s.Region) != "aws" && s.ownerID == "" {
		out.Add("repository-id", "is required in %s, with owner-id: outside its commercial regions AWS does not check GitHub's other claims", s.Region)
	}
	for _, name := range names {
		s.add(o, name, &out)
	}
	if len(out) > 0 {
		return nil, invalid(out)
	}
	return s, nil
}

// add adds an environment to the site.
func (s *Site) add(o Options, name string, out *problem.List) {
	c := o.Estate.Config(name)
	file := "Pulumi." + name + ".yaml"
	if c.AWS.Region != s.Region {
		out.Add(file+": aws.region", "is %s, but a bucket and a key serve one region: name the environments of one region at a time", c.AWS.Region)
	}
	if !s.stateOnly && c.AWS.AssumeRoleARN != "" {
		out.Add(file+": aws.assumeRoleArn", "must not be set if plan and deploy roles are created: even the plan role would act as %s", c.AWS.AssumeRoleARN)
	}
	e := Environment{
		Name: name, label: c.Environment, tags: []string{c.Environment}, policies: accountPolicies(stacks.Service[tenancy.Settings](c)),
		approval: c.Delivery.RequireApproval,
	}
	if tag := c.Tags["environment"]; tag != "" && tag != c.Environment {
		e.tags = []string{tag}
	}
	e.Owner = o.Estate.Owner(name)
	e.Cluster = o.Estate.Config(cmp.Or(e.Owner, name)).Cluster.Name
	if longest := max(len(e.PlanRole()), len(e.DeployRole())); !s.stateOnly && longest > maxRoleName {
		out.Add(file, "the name is too long: its role %s would have %d characters, and IAM's limit is %d", e.DeployRole(), longest, maxRoleName)
	}
	s.Environments = append(s.Environments, e)
}

// accountPolicies returns the managed policies of an environment's service accounts.
func accountPolicies(t *tenancy.Settings) []string {
	if t == nil {
		return nil
	}
	namespaces := slices.Clone(t.Namespaces)
	for _, tenant := range t.Tenants {
		namespaces = append(namespaces, tenant.Namespaces...)
	}
	var out []string
	for _, n := range namespaces {
		for _, sa := range n.ServiceAccounts {
			out = append(out, sa.PolicyARNs...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// invalid returns an error for what is wrong with the options.
func invalid(l problem.List) error {
	e := &automation.Error{Kind: automation.ErrInvalid}
	for _, p := range l {
		e.Messages = append(e.Messages, p.Error())
	}
	return e
}

// arn returns the ARN of something in the site's account and region, and global that of something in its account only.
func (s *Site) arn(service, rest string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", s.partition(), service, s.Region, s.AccountID, rest)
}

func (s *Site) global(service, rest string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", s.partition(), service, s.AccountID, rest)
}

func (s *Site) partition() string { return region.Partition(s.Region) }
