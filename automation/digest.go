package automation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/buildid"
)

// Identity returns what goes into the digest of a stack's previews besides the changes. program identifies the program in
// the caller's own terms: if a deploy runs from another commit than the preview did, as after a merge, both pass the hash
// of the source tree (git rev-parse 'HEAD^{tree}'). If empty, it is the commit that this binary was built from or, if the
// build does not record it or had uncommitted changes, its build ID: a digest of the sources, dependencies, flags and
// toolchain.
func (p *Platform) Identity(ctx context.Context, stack, program string) (plan.Identity, error) {
	cli, err := p.Command(ctx)
	if err != nil {
		return plan.Identity{}, err
	}
	if program == "" {
		if program, err = buildid.Program(); err != nil {
			return plan.Identity{}, err
		}
	}
	var files strings.Builder
	for _, name := range []string{projectFile, stackFile(stack)} {
		raw, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			return plan.Identity{}, fmt.Errorf("identify %s: %w", stack, err)
		}
		fmt.Fprintf(&files, "%s %s\n", name, hash(string(raw)))
	}
	return plan.Identity{Program: program, StackFile: hash(files.String()), CLI: cli.Version().String()}, nil
}

// Plan makes a plan of a preview that succeeded. For program see Identity.
func (p *Platform) Plan(ctx context.Context, r *plan.Result, program string) (*plan.Plan, error) {
	identity, err := p.Identity(ctx, r.Stack, program)
	if err != nil {
		return nil, err
	}
	return plan.New(r, identity)
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
