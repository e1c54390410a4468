package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/plural"
)

// showResult prints what an operation did, or would do, one resource per line in the engine's order, and how far it got if
// it failed.
func showResult(w io.Writer, r *plan.Result, err error) {
	for _, s := range r.Drift {
		fmt.Fprintf(w, "drift  %s\n", stepLine(s))
	}
	for _, s := range r.Steps {
		fmt.Fprintln(w, stepLine(s))
	}
	showWithheld(w, r)
	for _, d := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", d)
	}
	if err != nil {
		fmt.Fprintf(w, "%s %s: failed after %s\n", r.Operation, r.Stack, seconds(r.Duration))
		return
	}
	fmt.Fprintf(w, "%s %s: %s in %s\n", r.Operation, r.Stack, summary(r), seconds(r.Duration))
}

// showWithheld lists the deletions that an operation with --aws-only did not do, or would not do.
func showWithheld(w io.Writer, r *plan.Result) {
	for _, s := range r.Withheld {
		fmt.Fprintf(w, "withheld %s\n", stepLine(s))
	}
	if n := len(r.Withheld); n > 0 {
		what := plural.Of(n, "deletion is", "deletions are")
		fmt.Fprintf(w, "%s %s: %s withheld because --aws-only leaves out the objects in the cluster; run it without --aws-only from where the cluster can be reached\n",
			r.Operation, r.Stack, what)
	}
}

func stepLine(s plan.Step) string {
	line := fmt.Sprintf("%s %s %s %s", plan.Sign(s.Op), verb(s.Op), s.Type, s.Name)
	switch {
	case s.FollowsFrom != "":
		_, name := plan.Names(s.FollowsFrom)
		line += ": follows from " + name
	case len(s.ReplaceKeys) > 0:
		line += ": because of " + strings.Join(reasons(s), ", ")
	case len(s.DiffKeys) > 0:
		line += ": " + strings.Join(s.DiffKeys, ", ")
	}
	if s.Op == "delete-replaced" {
		line += " (left over from a replacement)"
	}
	if s.Protected && (s.Op == "delete" || s.Op == "replace") {
		line += " (protected)"
	}
	if s.Status == plan.Failed || s.Status == plan.Running {
		line += " (" + map[plan.Status]string{plan.Failed: "failed", plan.Running: "interrupted"}[s.Status] + ")"
	}
	return line
}

// reasons are the properties that force a replacement, with their values.
func reasons(s plan.Step) []string {
	var out []string
	for _, p := range s.Properties {
		if p.Replaces {
			out = append(out, p.Path+": "+oldAndNew(p))
		}
	}
	if len(out) == 0 {
		return s.ReplaceKeys
	}
	return out
}

// verb is the operation in plain words.
func verb(op string) string {
	if op == "delete-replaced" {
		return "delete"
	}
	return op
}

// done are the operations in the past tense.
var done = map[string]string{
	"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "import": "imported",
	"refresh": "refreshed", "read": "read", "discard": "forgotten",
}

// summary counts changes in words: planned or done. Component resources are not counted.
func summary(r *plan.Result) string {
	planned := r.Operation == plan.OpPreview || len(r.Steps) > 0 && r.Steps[0].Status == plan.Planned
	var out []string
	for op, n := range r.Counts {
		what := "to " + op
		if !planned && done[op] != "" {
			what = done[op]
		}
		if n > 0 && op != "same" {
			out = append(out, fmt.Sprintf("%d %s", n, what))
		}
	}
	slices.Sort(out)
	if same := r.Counts["same"]; same > 0 {
		out = append(out, fmt.Sprintf("%d unchanged", same))
	}
	if len(out) == 0 {
		return "nothing to do"
	}
	return strings.Join(out, ", ")
}

// seconds formats a duration for people.
func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// indentedJSON formats a value for people.
func indentedJSON(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}
