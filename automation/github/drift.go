package github

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	gh "github.com/google/go-github/v76/github"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/report"
)

// DriftLabel is the default label of drift issues.
const DriftLabel = "drift"

// Drift is what a drift run found in one environment.
type Drift struct {
	// Repository is where the issue is. Required.
	Repository Repository
	// Environment is the environment's name. It has one issue. Required; letters, digits, dots, underscores, hyphens,
	// slashes.
	Environment string
	// Key distinguishes projects in one repository. Empty: there is only one.
	Key string
	// Label is how issues are found, together with the hidden marker: DriftLabel by default. It is created if the
	// repository has none of that name. An issue from which the label was removed is not found again.
	Label string
	// Result is the preview that checked for drift, as returned by deploy.Drift. Required.
	Result *plan.Result
	// Commit is the commit that was checked, and RunURL where the log is. Both can be empty.
	Commit, RunURL string
	// Limit is the largest body, in bytes, hidden lines included: MaxBody by default.
	Limit int
}

// DriftAction is what ReportDrift did.
type DriftAction string

const (
	// DriftNone means that the environment is clean, and there is no open issue.
	DriftNone DriftAction = "none"
	// DriftOpened means that there was no issue of this environment yet.
	DriftOpened DriftAction = "opened"
	// DriftReopened means that the issue had been closed.
	DriftReopened DriftAction = "reopened"
	// DriftUpdated means that the same resources still drift; the body is up to date.
	DriftUpdated DriftAction = "updated"
	// DriftChanged means that other resources drift now; the body is up to date, and a comment tells.
	DriftChanged DriftAction = "changed"
	// DriftClosed means that the environment is clean now.
	DriftClosed DriftAction = "closed"
	// DriftMuted means that somebody closed the issue as not planned, and the same resources drift; it stays closed until others do.
	DriftMuted DriftAction = "muted"
)

// DriftIssue is the issue of an environment.
type DriftIssue struct {
	// Number and URL are the issue's; empty if there is none.
	Number int
	URL    string
	Action DriftAction
	// Added are the resources that drift now and did not before, Removed the reverse; both sorted.
	Added, Removed []string
}

// String says what was done with the issue, and where it is.
func (i *DriftIssue) String() string {
	text := fmt.Sprintf("issue %s", i.Action)
	if i.URL != "" {
		text += ", " + i.URL
	}
	return text
}

// driftState is the second line of the issue.
type driftState struct {
	Digest    string   `json:"digest"` // of the sorted resources
	Resources []string `json:"resources,omitempty"`
}

// ReportDrift updates the issue of an environment with what a drift check found: it opens, updates, comments on, closes or
// reopens it. Errors: as for Client.Post.
func (c *Client) ReportDrift(ctx context.Context, drift Drift) (*DriftIssue, error) {
	r, err := newDriftReport(c, drift)
	if err != nil {
		return nil, err
	}
	if r.login, err = c.Login(ctx); err != nil {
		return nil, err
	}
	issue, err := r.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("drift issue of %s in %s: %w", drift.Environment, drift.Repository, err)
	}
	return issue, nil
}

// driftReport is one call of ReportDrift.
type driftReport struct {
	*Client
	Drift
	login     string
	marker    string
	title     string
	limit     int
	resources []string
	digest    string
}

func newDriftReport(c *Client, drift Drift) (*driftReport, error) {
	r := &driftReport{Client: c, Drift: drift, limit: cmp.Or(drift.Limit, MaxBody)}
	r.Label = cmp.Or(drift.Label, DriftLabel)
	if err := drift.Repository.problem(); err != nil {
		return nil, err
	}
	switch {
	case drift.Result == nil:
		return nil, fmt.Errorf("result: %w: it is required", ErrInvalid)
	case drift.Environment == "":
		return nil, fmt.Errorf("environment: %w: it is required", ErrInvalid)
	case strings.Contains(r.Label, ","):
		return nil, fmt.Errorf("label %q: %w: it must not contain a comma, by which GitHub separates labels", r.Label, ErrInvalid)
	}
	var err error
	if r.marker, err = marker("drift", drift.Environment); err != nil {
		return nil, err
	}
	if drift.Key != "" {
		if r.marker, err = marker("drift", drift.Key); err != nil {
			return nil, err
		}
		// A key cannot contain a space, so no key looks like a key and an environment.
		r.marker = strings.TrimSuffix(r.marker, " -->") + " environment=" + drift.Environment + " -->"
	}
	r.title = "Drift in " + drift.Environment
	for _, step := range drift.Result.Drift {
		r.resources = append(r.resources, step.URN)
	}
	slices.Sort(r.resources)
	r.resources = slices.Compact(r.resources)
	r.digest = digest(r.resources)
	return r, nil
}

// digest identifies a set of resources; it is empty for none.
func digest(sorted []string) string {
	if len(sorted) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(sorted, "\x00")))
	return hex.EncodeToString(sum[:])
}

func (r *driftReport) run(ctx context.Context) (*DriftIssue, error) {
	issue, before, err := r.find(ctx)
	if err != nil {
		return nil, err
	}
	clean := len(r.resources) == 0
	if issue == nil {
		if clean {
			return &DriftIssue{Action: DriftNone}, nil
		}
		return r.open(ctx)
	}
	result := &DriftIssue{Number: issue.GetNumber(), URL: issue.GetHTMLURL()}
	closed, same := issue.GetState() == "closed", before.Digest == r.digest
	if !same && (len(before.Resources) > 0 || before.Digest == "") {
		result.Added, result.Removed = missing(before.Resources, r.resources), missing(r.resources, before.Resources)
	}
	request := &gh.IssueRequest{}
	switch {
	case clean && closed:
		result.Action = DriftNone
		if same {
			return result, nil
		}
		// It was closed by hand while there was drift. Its state must say that there is none now.
	case clean:
		result.Action = DriftClosed
		request.State, request.StateReason = gh.Ptr("closed"), gh.Ptr("completed")
	case closed && same && issue.GetStateReason() == "not_planned":
		result.Action = DriftMuted
		return result, nil
	case closed:
		result.Action = DriftReopened
		request.State = gh.Ptr("open")
	case same:
		result.Action = DriftUpdated
	default:
		result.Action = DriftChanged
	}
	// The comment first: if the next request fails, the next run repeats the comment instead of never writing it.
	if !same && result.Action != DriftNone {
		if err := r.comment(ctx, result); err != nil {
			return nil, err
		}
	}
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	if body == issue.GetBody() && r.title == issue.GetTitle() && request.State == nil {
		return result, nil
	}
	request.Body, request.Title = &body, &r.title
	return result, r.edit(ctx, issue.GetNumber(), request)
}

// missing returns what is in b and not in a, both sorted.
func missing(a, b []string) []string {
	var list []string
	for _, name := range b {
		if _, found := slices.BinarySearch(a, name); !found {
			list = append(list, name)
		}
	}
	return list
}

// body returns the desired body of the issue. If the resources do not fit beside the text, only their digest is kept.
func (r *driftReport) body() (string, error) {
	line, err := encodeState(driftState{Digest: r.digest, Resources: r.resources})
	if err == nil && len(line) > r.limit/2 {
		line, err = encodeState(driftState{Digest: r.digest})
	}
	if err != nil {
		return "", err
	}
	budget := r.limit - frameSize(r.marker, line)
	return frame(r.marker, line, strings.ToValidUTF8(r.text(budget), "?")), nil
}

// text is the visible part of the issue.
func (r *driftReport) text(budget int) string {
	if len(r.resources) > 0 {
		found := report.Of(r.title, report.Run{Environment: r.Environment, Result: r.Result, Commit: r.Commit, RunURL: r.RunURL})
		return report.MarkdownParts(found, budget)[0]
	}
	look := "latest check"
	if r.RunURL != "" {
		look = fmt.Sprintf("[latest check](%s)", r.RunURL)
	}
	return fmt.Sprintf("%s matches its state, according to the %s.\n", r.Environment, look)
}

// open opens the issue of an environment that has none. If another run did the same at the same time, the older one stays.
func (r *driftReport) open(ctx context.Context) (*DriftIssue, error) {
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	if err := r.makeLabel(ctx); err != nil {
		return nil, err
	}
	request := &gh.IssueRequest{Title: &r.title, Body: &body, Labels: &[]string{r.Label}}
	err = r.do(ctx, "open an issue", "issues: write", false, func() (*gh.Response, error) {
		_, response, err := r.api.Issues.Create(ctx, r.Repository.Owner, r.Repository.Name, request)
		return response, err
	})
	// A response that got lost does not mean that no issue was created.
	if err != nil && !errors.Is(err, ErrUnavailable) {
		return nil, r.explain(err)
	}
	if err := pause(ctx, jitter(settle)); err != nil {
		return nil, err
	}
	all, findErr := r.list(ctx)
	switch {
	case findErr != nil:
		return nil, findErr
	case len(all) == 0 && err != nil:
		return nil, err
	case len(all) == 0:
		return nil, fmt.Errorf("%w: the issue was opened, but is not listed under the label %q", ErrNotFound, r.Label)
	}
	for _, issue := range all[1:] {
		text := fmt.Sprintf("Duplicate of #%d.", all[0].GetNumber())
		request := &gh.IssueRequest{Body: &text, State: gh.Ptr("closed"), StateReason: gh.Ptr("not_planned")}
		if err := r.edit(ctx, issue.GetNumber(), request); err != nil {
			return nil, err
		}
	}
	return &DriftIssue{
		Number: all[0].GetNumber(), URL: all[0].GetHTMLURL(), Action: DriftOpened, Added: r.resources,
	}, nil
}

// makeLabel creates the label if the repository does not have it.
func (r *driftReport) makeLabel(ctx context.Context) error {
	err := r.do(ctx, fmt.Sprintf("read label %q", r.Label), "issues: write", true, func() (*gh.Response, error) {
		_, response, err := r.api.Issues.GetLabel(ctx, r.Repository.Owner, r.Repository.Name, r.Label)
		return response, err
	})
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	label := &gh.Label{
		Name: &r.Label, Color: gh.Ptr("d93f0b"),
		Description: gh.Ptr("The cloud differs from the state"),
	}
	err = r.do(ctx, fmt.Sprintf("create label %q", r.Label), "issues: write", true, func() (*gh.Response, error) {
		_, response, err := r.api.Issues.CreateLabel(ctx, r.Repository.Owner, r.Repository.Name, label)
		return response, err
	})
	var refused *gh.ErrorResponse
	if errors.As(err, &refused) && slices.ContainsFunc(refused.Errors, func(e gh.Error) bool { return e.Code == "already_exists" }) {
		return nil // another run created it first
	}
	return err
}

// comment writes a comment on what changed.
func (r *driftReport) comment(ctx context.Context, result *DriftIssue) error {
	text := strings.ToValidUTF8(changed(result.Added, result.Removed, r.limit, r.RunURL), "?")
	err := r.do(ctx, fmt.Sprintf("comment on issue %d", result.Number), "issues: write", false, func() (*gh.Response, error) {
		comment := &gh.IssueComment{Body: &text}
		_, response, err := r.api.Issues.CreateComment(ctx, r.Repository.Owner, r.Repository.Name, result.Number, comment)
		return response, err
	})
	return r.explain(err)
}

// changed says what is new since the issue was last written, in at most limit bytes. Both lists are empty if the set of
// resources changed but was too large to be kept in the issue.
func changed(added, removed []string, limit int, url string) string {
	var out strings.Builder
	look := "look"
	if url != "" {
		look = fmt.Sprintf("[look](%s)", url)
	}
	fmt.Fprintf(&out, "The drift has changed, according to the %s:\n\n", look)
	end := "\nThe list is truncated.\n"
	for _, part := range []struct {
		urns []string
		what string
	}{{added, "drifted"}, {removed, "no longer drifts"}} {
		for _, urn := range part.urns {
			line := fmt.Sprintf("- `%s` %s\n", strings.ReplaceAll(urn, "`", "'"), part.what)
			if out.Len()+len(line)+len(end) > limit {
				return out.String() + end
			}
			out.WriteString(line)
		}
	}
	return out.String()
}

func (r *driftReport) edit(ctx context.Context, number int, request *gh.IssueRequest) error {
	err := r.do(ctx, fmt.Sprintf("update issue %d", number), "issues: write", true, func() (*gh.Response, error) {
		_, response, err := r.api.Issues.Edit(ctx, r.Repository.Owner, r.Repository.Name, number, request)
		return response, err
	})
	return r.explain(err)
}

// explain adds the kind to GitHub's rejection of a long body.
func (r *driftReport) explain(err error) error {
	if errors.Is(err, errBodyTooLong) {
		return fmt.Errorf("%w: set a limit below %d bytes: %w", ErrTooLarge, r.limit, err)
	}
	var refused *gh.ErrorResponse
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode == http.StatusGone {
		return fmt.Errorf("%w (are issues turned off in the settings of the repository?)", err)
	}
	return err
}

// find returns the oldest issue of the environment and the drift that it records; no issue if there is none.
func (r *driftReport) find(ctx context.Context) (*gh.Issue, driftState, error) {
	all, err := r.list(ctx)
	if err != nil || len(all) == 0 {
		return nil, driftState{}, err
	}
	var before driftState
	decode(all[0].GetBody(), r.marker, &before)
	return all[0], before, nil
}

// list returns the issues of the environment, open and closed, oldest first.
func (r *driftReport) list(ctx context.Context) ([]*gh.Issue, error) {
	var found []*gh.Issue
	opts := &gh.IssueListByRepoOptions{
		State: "all", Labels: []string{r.Label}, Sort: "created", Direction: "asc", ListOptions: gh.ListOptions{PerPage: 100},
	}
	for {
		var page []*gh.Issue
		next := 0
		err := r.do(ctx, "list issues", "issues: write", true, func() (response *gh.Response, err error) {
			page, response, err = r.api.Issues.ListByRepo(ctx, r.Repository.Owner, r.Repository.Name, opts)
			if err == nil {
				next = response.NextPage
			}
			return response, err
		})
		if err != nil {
			return nil, err
		}
		for _, issue := range page {
			if !issue.IsPullRequest() && own(issue.User, r.login) && decode(issue.GetBody(), r.marker, &driftState{}) {
				found = append(found, issue)
			}
		}
		if next == 0 {
			break
		}
		opts.ListOptions.Page = next
	}
	slices.SortFunc(found, func(a, b *gh.Issue) int { return cmp.Compare(a.GetNumber(), b.GetNumber()) })
	return found, nil
}
