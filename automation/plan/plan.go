package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/eks-platform/eks-platform/internal/wholefile"
)

// Plan is a preview that can be approved and that a deploy must match. It is written and read as JSON.
type Plan struct {
	// Format is the version of this layout, 1.
	Format int `json:"format"`
	// Digest is what is approved: see Result.Digest.
	Digest string `json:"digest"`
	// Identity is what the digest covers besides the changes.
	Identity Identity `json:"identity"`
	// Result is the preview.
	Result *Result `json:"result"`
}

// Format is the version of the layout.
const Format = 1

// New makes a plan of a preview that succeeded.
func New(r *Result, i Identity) (*Plan, error) {
	p := &Plan{Format: Format, Digest: r.Digest(i), Identity: i, Result: r}
	if p.Digest == "" {
		return nil, fmt.Errorf("the preview of %s did not succeed: there is nothing to approve", r.Stack)
	}
	return p, nil
}

// Write writes the plan to a file.
func (p *Plan) Write(file string) error {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := wholefile.Replace(file, append(raw, '\n')); err != nil {
		return fmt.Errorf("write the preview: %w", err)
	}
	return nil
}

// ErrNoPlan means that a file is no plan that Write has written, or one of another format.
var ErrNoPlan = errors.New("not a saved preview")

// Read reads a plan that Write has written. For any other file it returns an ErrNoPlan.
func Read(file string) (*Plan, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: read the approved preview: %w", ErrNoPlan, err)
	}
	p := &Plan{}
	err = json.Unmarshal(raw, p)
	switch {
	case err == nil && p.Format != Format:
		err = fmt.Errorf("it has format %d, and this program reads format %d", p.Format, Format)
	case err == nil && (p.Digest == "" || p.Result == nil || p.Result.Stack == ""):
		err = errors.New("it lacks a digest or a result")
	}
	if err != nil {
		return nil, fmt.Errorf("%s is %w: %w", file, ErrNoPlan, err)
	}
	return p, nil
}

// Difference is how a plan differs from the approved one.
type Difference struct {
	// Identity says in sentences what else differs: program, stack file, CLI.
	Identity []string `json:"identity,omitempty"`
	// Appeared are steps that were not in the approved plan, Vanished those that are no longer planned.
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

// Compare returns how a plan differs from the approved one.
func (p *Plan) Compare(approved *Plan) *Difference {
	d := &Difference{}
	if p.Identity.StackFile != approved.Identity.StackFile {
		d.Identity = append(d.Identity, fmt.Sprintf("the stack file or the project file has changed: Pulumi.%s.yaml or Pulumi.yaml", p.Result.Stack))
	}
	if p.Identity.Program != approved.Identity.Program {
		d.Identity = append(d.Identity, fmt.Sprintf("the program differs: it is %s, approved was %s", p.Identity.Program, approved.Identity.Program))
	}
	if p.Identity.CLI != approved.Identity.CLI {
		d.Identity = append(d.Identity, fmt.Sprintf("the Pulumi CLI differs: it is %s, approved was %s", p.Identity.CLI, approved.Identity.CLI))
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

// Lines describes the difference for people, one item per line.
func (d *Difference) Lines() []string {
	out := slices.Clone(d.Identity)
	for _, s := range d.Appeared {
		out = append(out, "not approved: "+s.String())
	}
	for _, c := range d.Changed {
		out = append(out, fmt.Sprintf("approved: %s; now: %s", c.Approved, c.Now))
	}
	for _, s := range d.Vanished {
		out = append(out, "approved, and no longer planned: "+s.String())
	}
	return out
}
