package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Plan is a preview that somebody can approve and a deploy is held to. It is written and read as JSON.
type Plan struct {
	// Format is the version of this layout, 1.
	Format int `json:"format"`
	// Digest is what is approved: see Result.Digest.
	Digest string `json:"digest"`
	// Identity is what the digest stands for beside the changes.
	Identity Identity `json:"identity"`
	// Result is the preview.
	Result *Result `json:"result"`
}

// planFormat is the version of the layout.
const planFormat = 1

// Plan makes a plan of a preview that succeeded. Program names the program: see Identity.
func (p *Platform) Plan(ctx context.Context, r *Result, program string) (*Plan, error) {
	identity, err := p.Identity(ctx, r.Stack, program)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Format: planFormat, Digest: r.Digest(identity), Identity: identity, Result: r}
	if plan.Digest == "" {
		return nil, fmt.Errorf("the preview of %s did not succeed: there is nothing to approve", r.Stack)
	}
	return plan, nil
}

// Write writes the plan to a file.
func (p *Plan) Write(file string) error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(file, append(raw, '\n')); err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	return nil
}

// ReadPlan reads a plan that Write has written. What is no plan is an *Error of kind ErrInvalid.
func ReadPlan(file string) (*Plan, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, &Error{Kind: ErrInvalid, Messages: []string{fmt.Sprintf("read the approved preview: %v", err)}, cause: err}
	}
	p := &Plan{}
	err = json.Unmarshal(raw, p)
	switch {
	case err == nil && p.Format != planFormat:
		err = fmt.Errorf("it has format %d, this program knows %d", p.Format, planFormat)
	case err == nil && (p.Digest == "" || p.Result == nil || p.Result.Stack == ""):
		err = fmt.Errorf("it lacks a digest or a result")
	}
	if err != nil {
		return nil, &Error{Kind: ErrInvalid, Messages: []string{fmt.Sprintf("%s is no preview that was saved: %v", file, err)}, cause: err}
	}
	return p, nil
}

// Difference is what distinguishes a plan from the one that was approved.
type Difference struct {
	// Identity says what else is different, in sentences: program, stack file, CLI.
	Identity []string `json:"identity,omitempty"`
	// Appeared are steps that were not in the approved plan, Vanished those that are not planned any more.
	Appeared []Step `json:"appeared,omitempty"`
	Vanished []Step `json:"vanished,omitempty"`
	// Changed are steps on the same resource that do something else.
	Changed []StepDifference `json:"changed,omitempty"`
}

// StepDifference is a step as it was approved, and as it would be done now.
type StepDifference struct {
	Approved Step `json:"approved"`
	Now      Step `json:"now"`
}

// Compare tells how a plan differs from one that was approved.
func (p *Plan) Compare(approved *Plan) *Difference {
	d := &Difference{}
	if p.Identity.StackFile != approved.Identity.StackFile {
		d.Identity = append(d.Identity, fmt.Sprintf("the stack file or the project file was changed: %s or %s", stackFile(p.Result.Stack), projectFile))
	}
	if p.Identity.Program != approved.Identity.Program {
		d.Identity = append(d.Identity, fmt.Sprintf("the program is another one: %s, approved was %s", p.Identity.Program, approved.Identity.Program))
	}
	if p.Identity.CLI != approved.Identity.CLI {
		d.Identity = append(d.Identity, fmt.Sprintf("the Pulumi CLI is another one: %s, approved was %s", p.Identity.CLI, approved.Identity.CLI))
	}
	before := map[string]Step{}
	for _, s := range approved.Result.Steps {
		before[s.URN] = s
	}
	for _, s := range p.Result.Steps {
		old, known := before[s.URN]
		delete(before, s.URN)
		switch {
		case !known:
			d.Appeared = append(d.Appeared, s)
		case old.Fingerprint != s.Fingerprint:
			d.Changed = append(d.Changed, StepDifference{Approved: old, Now: s})
		}
	}
	for _, s := range approved.Result.Steps {
		if _, left := before[s.URN]; left {
			d.Vanished = append(d.Vanished, s)
		}
	}
	return d
}

// Lines tells the difference to people, one thing a line.
func (d *Difference) Lines() []string {
	out := slices.Clone(d.Identity)
	for _, s := range d.Appeared {
		out = append(out, "not approved: "+planned(s))
	}
	for _, c := range d.Changed {
		out = append(out, fmt.Sprintf("approved: %s; now: %s", planned(c.Approved), planned(c.Now)))
	}
	for _, s := range d.Vanished {
		out = append(out, "approved, and no longer planned: "+planned(s))
	}
	return out
}

// planned describes a step that has not been done.
func planned(s Step) string {
	text := fmt.Sprintf("%s %s %s", s.Op, s.Type, s.Name)
	if len(s.ReplaceKeys) > 0 {
		text += " because of " + strings.Join(s.ReplaceKeys, ", ")
	}
	var changes []string
	for _, c := range s.Properties {
		switch {
		case c.Kind == PropertyUpdated:
			changes = append(changes, fmt.Sprintf("%s: %s -> %s", c.Path, c.Old, c.New))
		case c.Kind == PropertyDeleted:
			changes = append(changes, c.Path+": gone")
		case c.New != "":
			changes = append(changes, fmt.Sprintf("%s: %s", c.Path, c.New))
		}
	}
	if len(changes) > 0 {
		text += " (" + strings.Join(changes, ", ") + ")"
	}
	return text
}
