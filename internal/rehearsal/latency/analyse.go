package latency

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// Step is one operation of a critical path. Its times are AWS time since the run's first operation began.
type Step struct {
	URN, Type, Name string
	Kind            rehearsal.Kind
	Start, End      time.Duration
	// Waited is how long the operation could have run but did not, after its last dependency had ended: for one of the
	// engine's parallel slots, and for the engine itself.
	Waited time.Duration
	// Held says that the previous step is no dependency: the engine held this one back until that had ended, because it
	// deletes in layers or had no slot free.
	Held bool
}

// Report is what a run's time went into.
type Report struct {
	// Makespan is from the beginning of the first operation to the end of the last, in AWS time.
	Makespan time.Duration
	// LowerBound is what AWS itself imposes on these operations, with as many slots as one likes.
	LowerBound time.Duration
	// Ratio is Makespan by LowerBound; 0 for a run without operations.
	Ratio float64
	// CriticalPath leads to the operation that ended last. Each step is the dependency of the next that ended last or,
	// where the engine held the next back for longer, what ended last before that began.
	CriticalPath []Step
}

// Analyse judges one engine run. dependencies are the engine's, by URN; a URN that nothing was done to, such as a
// component, stands for what it depends on itself. So a component's children belong among its dependencies, and a
// parent not among a child's. needs are what AWS imposes: References and Rules. Reads are left out.
func (m Model) Analyse(run []rehearsal.Operation, dependencies map[string][]string, needs []Need) Report {
	ops := make([]rehearsal.Operation, 0, len(run))
	for _, op := range run {
		if op.Kind != rehearsal.Read {
			ops = append(ops, op)
		}
	}
	if len(ops) == 0 {
		return Report{}
	}
	begin := slices.MinFunc(ops, func(a, b rehearsal.Operation) int { return a.Start.Compare(b.Start) }).Start
	last := slices.MaxFunc(ops, func(a, b rehearsal.Operation) int { return a.End.Compare(b.End) })
	r := Report{
		Makespan:     m.unscaled(last.End.Sub(begin)),
		LowerBound:   m.lowerBound(ops, needs),
		CriticalPath: m.criticalPath(ops, begin, last, dependencies),
	}
	if r.LowerBound > 0 {
		r.Ratio = float64(r.Makespan) / float64(r.LowerBound)
	}
	return r
}

// pause is how long the engine may take between two operations, in AWS time, before it is said to hold one back. It is
// the duration of the shortest operation.
const pause = 6 * time.Second

// node is one operation; a replacement is two, on the same URN.
type node struct {
	urn      string
	deletion bool
}

func nodeOf(o rehearsal.Operation) node { return node{o.URN, o.Kind == rehearsal.Delete} }

// lowerBound returns the longest path through what AWS imposes.
func (m Model) lowerBound(ops []rehearsal.Operation, needs []Need) time.Duration {
	takes := map[node]time.Duration{}
	for _, op := range ops {
		takes[nodeOf(op)] += m.Duration(op.Type, op.Kind)
	}
	// waits holds, for each operation, groups of which one operation must have ended.
	waits := map[node][][]node{}
	for _, n := range needs {
		if len(n.AnyOf) == 0 {
			continue
		}
		var makers []node
		for _, urn := range n.AnyOf {
			makers = append(makers, node{urn, false})
		}
		waiter := node{n.URN, false}
		waits[waiter] = append(waits[waiter], makers)
		if len(n.AnyOf) == 1 {
			goes := node{n.AnyOf[0], true}
			waits[goes] = append(waits[goes], []node{{n.URN, true}})
		}
	}
	ends := map[node]time.Duration{}
	visiting := map[node]bool{}
	var end func(node) time.Duration
	end = func(n node) time.Duration {
		if d, done := ends[n]; done {
			return d
		}
		duration, acts := takes[n]
		// Nothing is done to it, so it is there already. Needs in a circle would be a contradiction, not a bound.
		if !acts || visiting[n] {
			return 0
		}
		visiting[n] = true
		var start time.Duration
		for _, group := range waits[n] {
			first := end(group[0])
			for _, other := range group[1:] {
				first = min(first, end(other))
			}
			start = max(start, first)
		}
		ends[n] = start + duration
		return ends[n]
	}
	var bound time.Duration
	for n := range takes {
		bound = max(bound, end(n))
	}
	return bound
}

// criticalPath walks back from the last operation through the dependencies that ended last.
func (m Model) criticalPath(ops []rehearsal.Operation, begin time.Time, last rehearsal.Operation, dependencies map[string][]string) []Step {
	byNode := map[node]rehearsal.Operation{}
	for _, op := range ops {
		byNode[nodeOf(op)] = op
	}
	before := predecessors(ops, byNode, dependencies)
	var path []Step
	seen := map[node]bool{}
	for op := last; ; {
		seen[nodeOf(op)] = true
		var previous *rehearsal.Operation
		for _, n := range before(op) {
			p, acted := byNode[n]
			if acted && !seen[n] && !p.End.After(op.Start) && (previous == nil || p.End.After(previous.End)) {
				previous = &p
			}
		}
		ready := begin
		if previous != nil {
			ready = previous.End
		}
		held := false
		if wait := op.Start.Sub(ready); m.unscaled(wait) > pause {
			latest := ready
			for _, p := range ops {
				if !seen[nodeOf(p)] && p.End.After(latest) && !p.End.After(op.Start) {
					previous, latest, held = &p, p.End, true
				}
			}
		}
		path = append(path, Step{
			URN: op.URN, Type: op.Type, Name: op.URN[strings.LastIndex(op.URN, "::")+len("::"):], Kind: op.Kind,
			Start: m.unscaled(op.Start.Sub(begin)), End: m.unscaled(op.End.Sub(begin)), Waited: m.unscaled(op.Start.Sub(ready)), Held: held,
		})
		if previous == nil {
			slices.Reverse(path)
			return path
		}
		op = *previous
	}
}

// predecessors returns what an operation may have waited for: to be made, for what it depends on; to be deleted, for
// what depends on it, and in a run that makes things too for all of those, because the engine deletes last.
func predecessors(ops []rehearsal.Operation, byNode map[node]rehearsal.Operation, dependencies map[string][]string) func(rehearsal.Operation) []node {
	needed := func(urn string) []string {
		var out []string
		seen := map[string]bool{urn: true}
		queue := slices.Clone(dependencies[urn])
		for len(queue) > 0 {
			d := queue[0]
			queue = queue[1:]
			if seen[d] {
				continue
			}
			seen[d] = true
			_, made := byNode[node{d, false}]
			_, gone := byNode[node{d, true}]
			if made || gone {
				out = append(out, d)
			} else {
				queue = append(queue, dependencies[d]...)
			}
		}
		return out
	}
	dependents := map[string][]node{}
	var made []node
	for _, op := range ops {
		if op.Kind != rehearsal.Delete {
			made = append(made, nodeOf(op))
			continue
		}
		for _, d := range needed(op.URN) {
			dependents[d] = append(dependents[d], nodeOf(op))
		}
	}
	slices.SortFunc(made, func(a, b node) int { return cmp.Compare(a.urn, b.urn) })
	return func(op rehearsal.Operation) []node {
		if op.Kind == rehearsal.Delete {
			return append(slices.Clone(dependents[op.URN]), made...)
		}
		var out []node
		for _, d := range needed(op.URN) {
			out = append(out, node{d, false})
		}
		return out
	}
}
