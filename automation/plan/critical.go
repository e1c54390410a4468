package plan

import "github.com/eks-platform/eks-platform/internal/facts"

// BlastRadius says what breaks when a resource of a type is deleted or replaced.
type BlastRadius struct {
	// Kind is the group that the type belongs to, in a word or two.
	Kind string `json:"kind"`
	// Reason is what is lost.
	Reason string `json:"reason"`
}

// Critical returns what is lost when a resource of a type is deleted or replaced, and whether the type is critical.
func Critical(typ string) (BlastRadius, bool) {
	loss, ok := facts.Critical[typ]
	return BlastRadius(loss), ok
}

// CriticalTypes returns all types that Critical knows.
func CriticalTypes() map[string]BlastRadius {
	out := make(map[string]BlastRadius, len(facts.Critical))
	for typ, loss := range facts.Critical {
		out[typ] = BlastRadius(loss)
	}
	return out
}
