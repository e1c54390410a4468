package bootstrap

import (
	"fmt"
	"strings"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// githubIssuer is GitHub's token service, without https://.
const githubIssuer = "token.actions.githubusercontent.com"

// audience is who the tokens are for: with GitHub's, as aws-actions/configure-aws-credentials asks for them.
func (s *Site) audience() string {
	if s.otherAudience != "" {
		return s.otherAudience
	}
	return "sts." + region.DNSSuffix(s.Region)
}

func (s *Site) providerARN() string { return s.global("iam", "oidc-provider/"+s.issuer) }

// otherTrust lets jobs of another CI system than GitHub's assume a role: those whose tokens have a subject.
func (s *Site) otherTrust(subject string, e Environment) iamdoc.Document {
	return iamdoc.Document{Statements: []iamdoc.Statement{{
		Sid: "CI", Principals: map[string][]string{"Federated": {s.providerARN()}},
		Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: map[string]map[string][]string{
			"StringEquals": {s.issuer + ":aud": {s.audience()}},
			"StringLike":   {s.issuer + ":sub": {strings.ReplaceAll(subject, environmentMark, e.Name)}},
		},
	}}}
}

// subjects returns a token's subjects in both formats. Repositories that are created or renamed after 2026-07-15, and
// those that chose to, contain the IDs of owner and repository
// (https://docs.github.com/actions/reference/security/oidc). If the IDs are not known, any match: names contain neither @
// nor a slash, and GitHub writes a colon in the name of a branch or an environment as %3A, so that no other part of a
// subject can match.
func (s *Site) subjects(ends ...string) []string {
	owner, name, _ := strings.Cut(s.repository, "/")
	ownerID, id := s.ownerID, s.repositoryID
	if id == "" {
		ownerID, id = "*", "*"
	}
	var out []string
	for _, end := range ends {
		out = append(out,
			fmt.Sprintf("repo:%s/%s:%s", owner, name, end),
			fmt.Sprintf("repo:%s@%s/%s@%s:%s", owner, ownerID, name, id, end))
	}
	return out
}

// trust lets jobs with certain subjects assume a role. A second claim pins the repository: its ID, which is never reused,
// or at least its full name, against whatever a wildcard in the subject could match. AWS has checked it since January 2026,
// in its commercial regions
// (https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/).
func (s *Site) trust(ends ...string) iamdoc.Document {
	issuer := s.issuer
	equals := map[string][]string{issuer + ":aud": {s.audience()}}
	subjects := "StringLike"
	switch {
	case s.repositoryID != "":
		subjects = "StringEquals"
		if s.partition() == "aws" {
			equals[issuer+":repository_id"] = []string{s.repositoryID}
		}
	default:
		equals[issuer+":repository"] = []string{s.repository}
	}
	conditions := map[string]map[string][]string{"StringEquals": equals}
	if subjects == "StringEquals" {
		equals[issuer+":sub"] = s.subjects(ends...)
	} else {
		conditions[subjects] = map[string][]string{issuer + ":sub": s.subjects(ends...)}
	}
	return iamdoc.Document{Statements: []iamdoc.Statement{{
		Sid: "GitHub", Principals: map[string][]string{"Federated": {s.providerARN()}},
		Actions: []string{"sts:AssumeRoleWithWebIdentity"}, Conditions: conditions,
	}}}
}

// planTrust is for jobs of the GitHub environment preview-<stack>, in which pull requests are previewed, and for the
// default branch, on which drift is detected. A preview runs the pull request's program, so the subject pull_request, which
// a workflow of any branch gets, is never enough: the environment can require an approval.
func (s *Site) planTrust(e Environment) iamdoc.Document {
	if s.planSubject != "" {
		return s.otherTrust(s.planSubject, e)
	}
	return s.trust("environment:"+previewPrefix+e.Name, "ref:refs/heads/"+s.branch)
}

// deployTrust is only for jobs of the GitHub environment with the stack's name. The environment's rules say who may run
// them, from which branch and with whose approval.
func (s *Site) deployTrust(e Environment) iamdoc.Document {
	if s.deploySubject != "" {
		return s.otherTrust(s.deploySubject, e)
	}
	return s.trust("environment:" + e.Name)
}
