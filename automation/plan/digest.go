package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// Identity is what a preview's digest covers besides the changes.
type Identity struct {
	// Program identifies the program that planned the changes.
	Program string `json:"program"`
	// StackFile is the hash of the project file and the stack's own.
	StackFile string `json:"stackFile"`
	// CLI is the version of the Pulumi CLI.
	CLI string `json:"cli"`
}

// digestVersion must change whenever the same preview gets another digest.
const digestVersion = "eks-platform preview digest 1"

// Digest is the SHA-256 of what a preview would change, in hexadecimal: two previews with the same digest would do the
// same, and a deploy that previews again and finds another digest than the approved one must stop. It covers, in whatever
// order the engine processed the resources:
//
//   - of each step: operation, URN, type, the properties that force a replacement, the paths and kinds of all property
//     changes, and the inputs that the resource will have;
//   - the stack, and the identity: program, stack file, CLI.
//
// Secrets are redacted in the engine's events: a changed secret counts as changed, not by its value. One from the stack
// file is covered by the file's hash. What is not known before the update counts as unknown, and a physical name with
// random digits, which the engine generates anew in every preview, counts as generated. Drift is not covered; what an
// update would do about it is.
//
// A run that did not succeed saw only a part, and has no digest: the result is empty. So has one that went through JSON.
func (r *Result) Digest(i Identity) string {
	if !r.succeeded {
		return ""
	}
	lines := make([]string, 0, len(r.Steps))
	for _, s := range r.Steps {
		lines = append(lines, s.Fingerprint)
	}
	slices.Sort(lines)
	return hash(canonical([]any{digestVersion, r.Stack, i.Program, i.StackFile, i.CLI, lines}))
}

// ShortDigest is the part of a digest that is shown to people: twelve digits.
func ShortDigest(digest string) string { return digest[:min(12, len(digest))] }

// fingerprints keeps, for each URN, what its step changes, until all generated names are known.
type fingerprints map[string]*print

// print is the input of one step's fingerprint.
type print struct {
	text  string
	names []string // physical names that the engine generated for this resource
}

// note records a step.
func (f fingerprints) note(m apitype.StepEventMetadata) {
	p := &print{}
	var changes []string
	for path, d := range m.DetailedDiff {
		changes = append(changes, path+" "+string(d.Kind))
	}
	if len(m.DetailedDiff) == 0 {
		changes = slices.Clone(m.Diffs)
	}
	slices.Sort(changes)
	var inputs any
	if m.New != nil {
		inputs = p.blind(nameOf(m.URN), m.New.Inputs)
	}
	p.text = canonical([]any{m.Op, m.URN, m.Type, slices.Sorted(slices.Values(m.Keys)), changes, inputs})
	f[m.URN] = p
}

// seal sets the fingerprints of the steps. A generated name can also occur in other resources, and inside longer texts.
func (f fingerprints) seal(steps []Step) {
	owner := map[string]string{}
	for urn, p := range f {
		for _, name := range p.names {
			owner[name] = urn
		}
	}
	var pairs []string
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(owner))) { // longer names first: one may be a prefix of another
		pairs = append(pairs, name, "the name of "+owner[name])
	}
	madeUp := strings.NewReplacer(pairs...)
	for i, s := range steps {
		if p := f[s.URN]; p != nil {
			steps[i].Fingerprint = hash(madeUp.Replace(p.text))
		} else if s.Fingerprint == "" {
			steps[i].Fingerprint = hash(canonical([]any{s.Op, s.URN, s.Type}))
		}
	}
	clear(f)
}

// blind copies a value with constants in place of secrets, unknowns and Pulumi's own marks, and records the names that the
// engine generated: Check lists in __defaults what it filled in.
func (p *print) blind(resource string, v any) any {
	switch v := v.(type) {
	case string:
		if unknown[v] {
			return unknownValue
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = p.blind(resource, member)
		}
		return out
	case map[string]any:
		switch signature(v) {
		case "":
		case sig.AssetSig, sig.ArchiveSig:
			return []any{signature(v), v["hash"]}
		case sig.Secret:
			return secretValue
		}
		p.findNames(resource, v)
		out := make(map[string]any, len(v))
		for k, member := range v {
			if k != defaultsKey {
				out[k] = p.blind(resource, member)
			}
		}
		return out
	}
	return v
}

// defaultsKey is where providers note which inputs they filled in.
const defaultsKey = "__defaults"

// autonamed is the annotation of Kubernetes objects whose name the provider generated.
const autonamed = "pulumi.com/autonamed"

func (p *print) findNames(resource string, v map[string]any) {
	filled, _ := v[defaultsKey].([]any)
	if annotations, ok := v["annotations"].(map[string]any); ok && annotations[autonamed] == "true" {
		filled = append(slices.Clone(filled), "name")
	}
	for _, key := range filled {
		k, _ := key.(string)
		name, _ := v[k].(string)
		// Other defaults are always the same, and are not names.
		if rest, ok := strings.CutPrefix(strings.ToLower(name), strings.ToLower(resource)); ok && len(rest) > 4 {
			p.names = append(p.names, name)
		} else if i := strings.LastIndex(strings.ToLower(name), strings.ToLower(resource)+"-"); i >= 0 {
			p.names = append(p.names, name)
		}
	}
}
