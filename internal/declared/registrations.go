package declared

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Registration is one resource as the program registered or read it.
type Registration struct {
	// Type is the type token, for example "aws:ec2/vpc:Vpc".
	Type string
	// Name is the logical name.
	Name string
	// URN is computed the way the engine computes it.
	URN string
	// ID is the id that was made up, empty in a preview.
	ID string
	// Parent is the parent's URN, empty for children of the stack.
	Parent string
	// Custom is true for resources that a provider manages, false for components.
	Custom bool
	// Remote is true for components that a provider constructs; their children are not visible here.
	Remote bool
	// Read is true for resources that were read (Get functions, stack references), not registered.
	Read bool
	// Provider is the reference (URN::id) of the explicit provider, also when inherited from the parent; empty
	// when the resource would use a default provider.
	Provider string
	// Providers maps packages to provider references. It is set on components that were given providers, and
	// empty on remote components that inherit them, because there the engine does the merging.
	Providers map[string]string
	// Protect reports whether deletion is refused, also when inherited from the parent.
	Protect bool
	// RetainOnDelete reports whether the cloud resource survives its deletion from the stack.
	RetainOnDelete bool
	// DeletedWith is the URN of the resource whose deletion makes an own deletion needless.
	DeletedWith string
	// DeleteBeforeReplace reports whether a replacement deletes the old resource first.
	DeleteBeforeReplace bool
	// ReplacementTrigger is the value whose change replaces the resource; nil when it has none.
	ReplacementTrigger any
	// Dependencies are the URNs this resource waits for: through inputs and DependsOn alike, sorted.
	Dependencies []string
	// PropertyDependencies are the URNs that each input property comes from.
	PropertyDependencies map[string][]string
	// IgnoreChanges, ReplaceOnChanges, HideDiffs and AdditionalSecretOutputs are the options of the same name.
	IgnoreChanges           []string
	ReplaceOnChanges        []string
	HideDiffs               []string
	AdditionalSecretOutputs []string
	// Aliases are former identities of the resource.
	Aliases []Alias
	// Transforms counts the resource's own transforms. None of them has run on Inputs.
	Transforms int
	// Inputs are the inputs as sent to the engine. Secrets are wrapped (IsSecret) and, in a preview, values that
	// are not known yet are computed (IsComputed).
	Inputs resource.PropertyMap
}

// Alias is a former identity: a whole URN, or the members that differ from the present identity.
type Alias struct {
	URN, Name, Type, Stack, Project, ParentURN string
	NoParent                                   bool
}

// DependsOn reports whether the registration names a URN among its direct dependencies.
func (r Registration) DependsOn(urn string) bool { return slices.Contains(r.Dependencies, urn) }

// Input returns the plain value of an input by its path ("vpcConfig.subnetIds"), without secret wrappers, or nil
// when it is absent or unknown.
func (r Registration) Input(path string) any {
	value := resource.NewProperty(r.Inputs)
	for _, key := range strings.Split(path, ".") {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		if !value.IsObject() {
			return nil
		}
		value = value.ObjectValue()[resource.PropertyKey(key)]
	}
	return plain(value)
}

// PlainInputs returns all inputs as the Go values of encoding/json, without secret wrappers; what is unknown is nil.
func (r Registration) PlainInputs() map[string]any {
	out, _ := plain(resource.NewProperty(r.Inputs)).(map[string]any)
	return out
}

// plain unwraps secrets at every depth and turns property values into the Go values of encoding/json.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsComputed(), v.IsNull():
		return nil
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		out := make([]any, 0, len(v.ArrayValue()))
		for _, e := range v.ArrayValue() {
			out = append(out, plain(e))
		}
		return out
	case v.IsObject():
		out := map[string]any{}
		for key, e := range v.ObjectValue() {
			out[string(key)] = plain(e)
		}
		return out
	default:
		return v.V
	}
}

// Registrations are what one run registered, ordered by URN.
type Registrations []Registration

// ByType returns the registrations of a type.
func (rs Registrations) ByType(token string) Registrations {
	return rs.where(func(r Registration) bool { return r.Type == token })
}

// WithTypePrefix returns the registrations whose type begins with a prefix, for example "aws:".
func (rs Registrations) WithTypePrefix(prefix string) Registrations {
	return rs.where(func(r Registration) bool { return strings.HasPrefix(r.Type, prefix) })
}

// Named returns the registration of a type and logical name. Where two parents have such a child, it returns the
// first by URN.
func (rs Registrations) Named(token, name string) (Registration, bool) {
	for _, r := range rs {
		if r.Type == token && r.Name == name {
			return r, true
		}
	}
	return Registration{}, false
}

// ByURN returns the registration with a URN.
func (rs Registrations) ByURN(urn string) (Registration, bool) {
	for _, r := range rs {
		if r.URN == urn {
			return r, true
		}
	}
	return Registration{}, false
}

// Names returns the logical names, sorted.
func (rs Registrations) Names() []string {
	names := make([]string, 0, len(rs))
	for _, r := range rs {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

// WaitsFor returns every URN that must be done before the one given: its dependencies, its parent and its
// provider, theirs, and so on, sorted. An engine waits for exactly these.
func (rs Registrations) WaitsFor(urn string) []string {
	byURN := make(map[string]Registration, len(rs))
	for _, r := range rs {
		byURN[r.URN] = r
	}
	seen := map[string]bool{}
	var visit func(string)
	visit = func(at string) {
		r := byURN[at]
		before := append(slices.Clone(r.Dependencies), r.Parent, providerURN(r.Provider))
		for _, b := range before {
			if b != "" && !seen[b] {
				seen[b] = true
				visit(b)
			}
		}
	}
	visit(urn)
	out := make([]string, 0, len(seen))
	for u := range seen {
		out = append(out, u)
	}
	slices.Sort(out)
	return out
}

// providerURN cuts the id off a provider reference, URN::id.
func providerURN(ref string) string {
	if i := strings.LastIndex(ref, "::"); i >= 0 {
		return ref[:i]
	}
	return ""
}

func (rs Registrations) where(keep func(Registration) bool) Registrations {
	var out Registrations
	for _, r := range rs {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}

// Twice returns the URNs that are registered more than once, sorted.
func (rs Registrations) Twice() []string {
	count := map[string]int{}
	var out []string
	for _, r := range rs {
		if count[r.URN]++; count[r.URN] == 2 {
			out = append(out, r.URN)
		}
	}
	slices.Sort(out)
	return out
}
