package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/eks-platform/eks-platform/automation/bootstrap"
	"github.com/eks-platform/eks-platform/stacks"
)

// newBootstrap returns the command that creates what environments need before their first update.
func newBootstrap(t *terminal, project *string) *cobra.Command {
	var o bootstrap.Options
	var yes, check bool
	c := &cobra.Command{
		Use:   "bootstrap [ENV...]",
		Short: "Create the state bucket, its key, and the roles of GitHub workflows",
		Long: `Create, in the account of the environments, what must exist before their first update and what the program must not own:
the bucket of the Pulumi state, the KMS key that encrypts it and the stacks' secrets, the GitHub OIDC provider, and for
each environment a role for previews and a role for deploys. Without names, it does so for all environments in the
account of the current credentials.

It compares what exists with what is needed, shows the changes, and asks before it makes them. A second run changes
nothing. Nothing is ever deleted. With --check nothing is changed, and a difference is an error.

` + exitCodes,
		RunE: func(c *cobra.Command, args []string) error {
			if yes && check {
				return usage(c, errors.New("--check and --yes cannot be combined: --check changes nothing, --yes agrees to changes"))
			}
			e, err := stacks.LoadEstate(*project)
			if err != nil {
				return invalid(err)
			}
			o.Estate, o.Environments = e, args
			return runBootstrap(c.Context(), t, o, yes, check)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.StateOnly, "state-only", false, "make the bucket and its key, and no roles")
	f.StringVar(&o.Repository, "repository", "", "the GitHub repository whose workflows use the roles, as owner/name (required, unless --state-only or --oidc-issuer is given)")
	f.StringVar(&o.Issuer, "oidc-issuer", "", "for another CI system than GitHub: the address of its OIDC issuer, such as https://gitlab.com")
	f.StringVar(&o.Audience, "oidc-audience", "", "with --oidc-issuer: who the tokens are for (the claim aud)")
	f.StringVar(&o.PlanSubject, "plan-subject", "", "with --oidc-issuer: the subject (the claim sub) of jobs that preview; {environment} is the environment's name, * any text")
	f.StringVar(&o.DeploySubject, "deploy-subject", "", "with --oidc-issuer: the subject of jobs that deploy")
	f.StringVar(&o.OwnerID, "owner-id", "", "GitHub's ID of the owner (gh api repos/OWNER/NAME --jq .owner.id)")
	f.StringVar(&o.RepositoryID, "repository-id", "", "GitHub's ID of the repository (gh api repos/OWNER/NAME --jq .id)")
	f.StringVar(&o.Branch, "branch", "main", "the default branch, from which drift is detected")
	f.StringVar(&o.Bucket, "bucket", "", "the state bucket (default eks-platform-state-ACCOUNT-REGION)")
	f.StringVar(&o.KeyAlias, "key-alias", "", "the alias of the key (default alias/eks-platform-state)")
	f.StringVar(&o.PermissionsBoundary, "permissions-boundary", "", "ARN of the IAM permissions boundary of the roles")
	f.BoolVarP(&yes, "yes", "y", false, "do not ask for confirmation")
	f.BoolVar(&check, "check", false, "only compare, and fail if something differs")
	t.jsonFlag(c)
	return c
}

// foundation is the JSON document that bootstrap prints.
type foundation struct {
	AccountID    string                        `json:"accountId"`
	Region       string                        `json:"region"`
	Bucket       string                        `json:"bucket"`
	KeyAlias     string                        `json:"keyAlias"`
	BackendURL   string                        `json:"backendUrl"`
	Environments []foundationEnvironment       `json:"environments"`
	GitHub       []bootstrap.GitHubEnvironment `json:"githubEnvironments"`
	Changes      []bootstrap.Change            `json:"changes"`
	Applied      bool                          `json:"applied"`
	Missing      []bootstrap.Entry             `json:"missingAccessEntries"`
	failure
}

type foundationEnvironment struct {
	Name            string `json:"name"`
	PlanRoleARN     string `json:"planRoleArn,omitempty"`
	DeployRoleARN   string `json:"deployRoleArn,omitempty"`
	SecretsProvider string `json:"secretsProvider"`
}

func runBootstrap(ctx context.Context, t *terminal, o bootstrap.Options, yes, check bool) error {
	b, err := bootstrap.Open(ctx, o)
	if err != nil {
		return err
	}
	plan, err := b.Plan(ctx)
	if err != nil {
		return err
	}
	s := b.Site
	report := foundation{
		AccountID: s.AccountID, Region: s.Region, Bucket: s.Bucket, KeyAlias: s.KeyAlias, BackendURL: s.BackendURL(),
		Environments: []foundationEnvironment{}, GitHub: s.GitHubEnvironments(), Changes: plan.Changes, Missing: s.Entries(o.Estate),
	}
	for _, e := range s.Environments {
		one := foundationEnvironment{Name: e.Name, SecretsProvider: s.SecretsProvider(e)}
		if !o.StateOnly {
			one.PlanRoleARN, one.DeployRoleARN = s.RoleARN(e.PlanRole()), s.RoleARN(e.DeployRole())
		}
		report.Environments = append(report.Environments, one)
	}
	if !t.asJSON {
		showFoundation(t, b, plan)
	}
	err = settle(ctx, t, b, plan, yes, check)
	report.Applied = err == nil && !check && len(plan.Pending()) > 0
	report.failure = failureOf(err)
	if t.asJSON {
		return errors.Join(err, t.json(report))
	}
	if err == nil && !check {
		showUse(t, report)
	}
	return err
}

// settle applies the plan or, with check, returns an error if there is anything to apply.
func settle(ctx context.Context, t *terminal, b *bootstrap.Bootstrap, plan *bootstrap.Plan, yes, check bool) error {
	pending := len(plan.Pending())
	switch {
	case check && !plan.Clean():
		return fmt.Errorf("account %s differs from what it should be; the table names the differences", b.Site.AccountID)
	case check, pending == 0:
		return nil
	}
	if !yes {
		if err := ask(ctx, t, fmt.Sprintf("This changes account %s as %s.", b.Site.AccountID, b.Caller), b.Site.AccountID); err != nil {
			return err
		}
	}
	return b.Apply(ctx, plan, func(c bootstrap.Change) { t.note(fmt.Sprintf("%s %s: %s", c.Resource, c.Name, past[c.Action])) })
}

// past are the actions in the past tense.
var past = map[bootstrap.Action]string{bootstrap.Create: "created", bootstrap.Update: "updated", bootstrap.Adopt: "adopted"}

func showFoundation(t *terminal, b *bootstrap.Bootstrap, plan *bootstrap.Plan) {
	t.print("Account %s, %s, as %s\n\n", b.Site.AccountID, b.Site.Region, b.Caller)
	for _, c := range plan.Changes {
		t.print("%-7s %s %s\n", c.Action, c.Resource, c.Name)
		lines := append([]string{}, c.Details...)
		for _, u := range c.Unexpected {
			lines = append(lines, "UNEXPECTED: "+u)
		}
		for _, line := range append(lines, c.Notes...) {
			t.print("          %s\n", strings.ReplaceAll(text.WrapSoft(line, columns-10), "\n", "\n          "))
		}
	}
	t.print("\n")
	if n := len(plan.Pending()); n > 0 {
		t.print("%d of %d to do\n", n, len(plan.Changes))
	} else {
		t.print("Nothing to do.\n")
	}
}

// showUse says how to use what exists now.
func showUse(t *terminal, r foundation) {
	// A login is one for the whole machine, and environments in other accounts have another backend.
	t.print("\nTo use the state of these environments, in one shell:\n\n  export PULUMI_BACKEND_URL='%s'\n", r.BackendURL)
	for _, e := range r.Environments {
		t.print("  pulumi stack init %s --secrets-provider '%s'\n", e.Name, e.SecretsProvider)
	}
	if r.Environments[0].PlanRoleARN != "" {
		t.print("\nRoles for the workflows:\n\n")
	}
	for _, e := range r.Environments {
		if e.PlanRoleARN != "" {
			t.print("  %s  plan    %s\n  %s  deploy  %s\n", e.Name, e.PlanRoleARN, strings.Repeat(" ", len(e.Name)), e.DeployRoleARN)
		}
	}
	if len(r.GitHub) > 0 {
		t.print("\nGitHub environments. Set them up before the roles are used: GitHub creates a missing one without protection.\n\n")
		for _, e := range r.GitHub {
			rules := "all branches"
			if e.MainOnly {
				rules = "default branch only"
			}
			if e.Approval {
				rules += ", required reviewers"
			}
			t.print("  %-24s %s\n", e.Name, rules)
		}
	}
	if len(r.Missing) > 0 {
		t.print("\nThe roles have no access to the clusters yet.\n")
	}
	for entries := r.Missing; len(entries) > 0; {
		owner := entries[0].Stack
		n := 1
		for n < len(entries) && entries[n].Stack == owner {
			n++
		}
		t.print("\nAdd under cluster.access in Pulumi.%s.yaml:\n\n%s", owner, bootstrap.YAML(entries[:n]))
		entries = entries[n:]
	}
}
