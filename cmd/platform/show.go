package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/automation"
)

// signs are Pulumi's own.
var signs = map[string]string{"create": "+", "update": "~", "replace": "+-", "delete": "-", "import": "="}

// showResult writes what an operation did, or would do, one resource a line, in the order of the engine.
func showResult(w io.Writer, r *automation.Result) {
	for _, s := range r.Drift {
		fmt.Fprintf(w, "drift  %s\n", stepLine(s))
	}
	for _, s := range r.Steps {
		fmt.Fprintln(w, stepLine(s))
	}
	for _, d := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", d)
	}
	fmt.Fprintf(w, "%s %s: %s in %s\n", r.Operation, r.Stack, summary(r.Changes), seconds(r.Duration))
}

func stepLine(s automation.Step) string {
	sign, known := signs[s.Op]
	if !known {
		sign = s.Op
	}
	line := fmt.Sprintf("%2s %s %s", sign, s.Type, s.Name)
	switch {
	case len(s.ReplaceKeys) > 0:
		line += ": replaced because of " + strings.Join(s.ReplaceKeys, ", ")
	case len(s.DiffKeys) > 0:
		line += ": " + strings.Join(s.DiffKeys, ", ")
	}
	if s.Protected && (s.Op == "delete" || s.Op == "replace") {
		line += " (protected)"
	}
	if s.Status == automation.Failed || s.Status == automation.Running {
		line += " (" + map[automation.Status]string{automation.Failed: "failed", automation.Running: "interrupted"}[s.Status] + ")"
	}
	return line
}

// summary counts changes in words.
func summary(changes map[string]int) string {
	var out []string
	for op, n := range changes {
		if n > 0 && op != "same" {
			out = append(out, fmt.Sprintf("%d to %s", n, op))
		}
	}
	slices.Sort(out)
	if same := changes["same"]; same > 0 {
		out = append(out, fmt.Sprintf("%d unchanged", same))
	}
	if len(out) == 0 {
		return "nothing to do"
	}
	return strings.Join(out, ", ")
}

// seconds writes a duration as people read it.
func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// indentedJSON writes a value for people.
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
