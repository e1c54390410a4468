// Package service describes what the platform runs on a cluster: for all environments, such as the load balancer
// controller, or for one, such as its namespaces. A component package describes its service once, with Define, and the
// registry in package stacks lists it: checks, schema, documentation, endpoints and registration follow.
package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/contract"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// Setter says which stacks set a service.
type Setter int

const (
	// Owner is the stack that owns the cluster: the service is for all environments, and has the cluster's name.
	Owner Setter = iota
	// Every environment has its own, under its own name.
	Every
)

// Stack is what a service is told about its stack.
type Stack struct {
	// Environment is the environment's name, unique on the cluster.
	Environment string
	// Owner reports whether the stack owns the cluster.
	Owner bool
	// AccountID and Region are where the stack runs.
	AccountID, Region string
	// Tags are added to every taggable resource.
	Tags map[string]string
	// Registries replace those of images.
	Registries image.Registries
	// Cluster is the cluster that the environment is on. During validation its outputs are unset, and it is nil for a stack
	// that joins a cluster that is not known yet.
	Cluster *contract.Cluster
	// Nodes are the node groups that the platform's pods can run on. They are set only for registration.
	Nodes []pulumi.Resource
	// Publishes is what the environment publishes for others. A service adds to it when it registers.
	Publishes *contract.Environment
}

// Inside is what a service needs to register its objects in the cluster.
type Inside struct {
	// Options carry the parent and the Kubernetes provider.
	Options []pulumi.ResourceOption
	ready   map[string][]pulumi.Resource
}

// Ready returns what the service with a key has installed in the cluster, for objects that depend on it; nothing if the
// stack does not have it.
func (i Inside) Ready(key string) []pulumi.Resource { return i.ready[key] }

// Install registers a service's objects in the cluster, and returns those that other services may depend on.
type Install func(ctx *pulumi.Context, in Inside) ([]pulumi.Resource, error)

// Chart is a Helm chart that a service installs.
type Chart struct{ Name, Repository string }

// Claims are what services take on their cluster that nobody else may take there.
type Claims struct {
	// Principals get an access entry each; an EKS cluster has one entry per principal.
	Principals []Claim
	// Namespaces are created.
	Namespaces []Claim
}

// Claim is one principal or namespace.
type Claim struct {
	// Name is the principal's ARN, or the namespace's name.
	Name string
	// Path is the config path of what claims it, relative to the settings; empty for the settings as a whole.
	Path string
	// Reads are the config paths that it follows from, if not Path.
	Reads []string
}

// under puts the paths of claims below a service's key.
func under(key string, claims []Claim) []Claim {
	out := make([]Claim, 0, len(claims))
	for _, c := range claims {
		reads := c.Reads
		if len(reads) == 0 {
			reads = []string{c.Path}
		}
		c.Path, c.Reads = problem.Join(key, c.Path), nil
		for _, r := range reads {
			c.Reads = append(c.Reads, problem.Join(key, r))
		}
		out = append(out, c)
	}
	return out
}

// Definition describes a service whose settings are an S.
type Definition[S any] struct {
	// Name is the service's name, and its key in a stack file unless AlwaysOn. It never changes.
	Name string
	// AlwaysOn says that the service has no settings: every cluster has it.
	AlwaysOn bool
	// Doc describes the key in the schema and the reference.
	Doc string
	// Package is the directory of the Go package whose doc comments describe the settings.
	Package string
	// By says which stacks have the service.
	By Setter
	// Uses are services that must be installed before it if the stack has them. The registry lists them before it.
	Uses []string
	// Gate says that whatever is installed after the service waits for it, because it checks what is created.
	Gate bool
	// Endpoints returns the AWS services that it calls from inside the network, by the part of their endpoints' names after
	// the region.
	Endpoints func(*S) []string
	// Chart is the Helm chart that it installs, if any.
	Chart Chart
	// Images returns the images that its pods run, under their public names; one without a tag has the chart's.
	Images func(*S) []string
	// Problems returns what is wrong with the settings, and with them on the stack's cluster, with paths relative to them.
	Problems func(Stack, *S) problem.List
	// Claims returns what the settings take on the cluster in an environment.
	Claims func(environment string, settings *S) Claims
	// Announce sets the facts about the cluster that the service provides to joining stacks.
	Announce func(*S, *contract.Cluster)
	// New registers the AWS side, and returns the function that installs the rest; nil if nothing is in the cluster.
	New func(ctx *pulumi.Context, name string, s Stack, settings *S, aws pulumi.ResourceOption) (Install, error)
}

// Service is a Definition for loops over services with different settings.
type Service struct {
	Name, Doc, Package string
	AlwaysOn, Gate     bool
	By                 Setter
	Uses               []string
	Chart              Chart

	settings  func() any
	endpoints func(any) []string
	images    func(any) []string
	problems  func(Stack, any) problem.List
	claims    func(string, any) Claims
	announce  func(any, *contract.Cluster)
	create    func(*pulumi.Context, string, Stack, any, pulumi.ResourceOption) (Install, error)
}

// Define returns the Service of a definition.
func Define[S any](d Definition[S]) *Service {
	s := &Service{
		Name: d.Name, Doc: d.Doc, Package: d.Package, AlwaysOn: d.AlwaysOn, Gate: d.Gate, By: d.By, Uses: d.Uses, Chart: d.Chart,
		settings:  func() any { return new(S) },
		endpoints: func(any) []string { return nil },
		images:    func(any) []string { return nil },
		problems:  func(Stack, any) problem.List { return nil },
		claims:    func(string, any) Claims { return Claims{} },
		announce:  func(any, *contract.Cluster) {},
		create: func(ctx *pulumi.Context, name string, on Stack, settings any, aws pulumi.ResourceOption) (Install, error) {
			return d.New(ctx, name, on, settings.(*S), aws)
		},
	}
	if d.Endpoints != nil {
		s.endpoints = func(settings any) []string { return d.Endpoints(settings.(*S)) }
	}
	if d.Images != nil {
		s.images = func(settings any) []string { return d.Images(settings.(*S)) }
	}
	if d.Problems != nil {
		s.problems = func(on Stack, settings any) problem.List { return d.Problems(on, settings.(*S)) }
	}
	if d.Claims != nil {
		s.claims = func(environment string, settings any) Claims { return d.Claims(environment, settings.(*S)) }
	}
	if d.Announce != nil {
		s.announce = func(settings any, c *contract.Cluster) { d.Announce(settings.(*S), c) }
	}
	return s
}

// Settings returns new settings of the service, a pointer to its S.
func (s *Service) Settings() any { return s.settings() }

// name returns the name of the service's component in a stack.
func (s *Service) name(on Stack) string {
	if s.By == Owner {
		return on.Cluster.ControlPlane.Name
	}
	return on.Environment
}

// Registry is a list of services, in the order of their registration.
type Registry []*Service

// Check returns what is wrong with a registry. It is for tests.
func (r Registry) Check() error {
	var errs []error
	seen := []string{}
	for _, s := range r {
		if slices.Contains(seen, s.Name) {
			errs = append(errs, fmt.Errorf("service %s: is listed twice", s.Name))
		}
		for _, other := range s.Uses {
			if !slices.Contains(seen, other) {
				errs = append(errs, fmt.Errorf("service %s: uses %s, which is not listed before it", s.Name, other))
			}
		}
		if s.AlwaysOn == (s.Doc != "") {
			errs = append(errs, fmt.Errorf("service %s: must either have documentation for its key or be always on", s.Name))
		}
		seen = append(seen, s.Name)
	}
	return errors.Join(errs...)
}

// Keys returns the services' keys in a stack file.
func (r Registry) Keys() []string {
	var out []string
	for _, s := range r {
		if !s.AlwaysOn {
			out = append(out, s.Name)
		}
	}
	return out
}

// Set are the services that a stack file turns on, with their settings.
type Set struct {
	registry Registry
	settings map[string]any
}

// Read reads the services' keys out of the values of a stack file, which have their defaults. What it cannot read of one
// service does not keep it from reading the others; it returns the first error.
func (r Registry) Read(values map[string]json.RawMessage) (Set, error) {
	out := Set{registry: r, settings: map[string]any{}}
	var first error
	for _, s := range r {
		raw, given := values[s.Name]
		if s.AlwaysOn || !given || string(raw) == "null" {
			continue
		}
		settings := s.settings()
		if err := json.Unmarshal(raw, settings); err != nil && first == nil {
			first = err
		}
		out.settings[s.Name] = settings
	}
	return out, first
}

// Has reports whether the stack file sets a service.
func (s Set) Has(name string) bool { return s.settings[name] != nil }

// Of returns a service's settings by their type, or nil if the stack file does not set the service.
func Of[S any](s Set) *S {
	for _, settings := range s.settings {
		if x, ok := settings.(*S); ok {
			return x
		}
	}
	return nil
}

// each calls f with every service of a stack and its settings, in the registry's order.
func (s Set) each(owner bool, f func(*Service, any) error) error {
	for _, service := range s.registry {
		settings := s.settings[service.Name]
		if service.AlwaysOn {
			settings = service.settings()
		}
		if settings == nil || service.By == Owner && !owner {
			continue
		}
		if err := f(service, settings); err != nil {
			return err
		}
	}
	return nil
}

// Misplaced returns the keys that a joining stack's file sets although only the owner may.
func (s Set) Misplaced() []string {
	var out []string
	for _, service := range s.registry {
		if service.By == Owner && s.Has(service.Name) {
			out = append(out, service.Name)
		}
	}
	return out
}

// Endpoints returns the AWS services that an owner's services call from inside the network, sorted and without duplicates.
func (s Set) Endpoints() []string {
	var out []string
	_ = s.each(true, func(service *Service, settings any) error {
		out = append(out, service.endpoints(settings)...)
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Image is a container image of a service.
type Image struct {
	Service string
	// Chart is the name of the Helm chart that runs it; empty where the program runs it without one.
	Chart string
	// Name is the image's public name. It has no tag if the chart sets the tag.
	Name string
}

// Images returns the images of a stack's services, in the registry's order.
func (s Set) Images(owner bool) []Image {
	var out []Image
	_ = s.each(owner, func(service *Service, settings any) error {
		for _, name := range service.images(settings) {
			out = append(out, Image{service.Name, service.Chart.Name, name})
		}
		return nil
	})
	return out
}

// Claims returns what the services of an environment take on its cluster, with paths from the root of the stack file.
func (s Set) Claims(environment string) Claims {
	var out Claims
	_ = s.each(true, func(service *Service, settings any) error {
		c := service.claims(environment, settings)
		out.Principals = append(out.Principals, under(service.Name, c.Principals)...)
		out.Namespaces = append(out.Namespaces, under(service.Name, c.Namespaces)...)
		return nil
	})
	return out
}

// Announce sets the facts about the cluster that an owner's services provide.
func (s Set) Announce(c *contract.Cluster) {
	_ = s.each(true, func(service *Service, settings any) error {
		service.announce(settings, c)
		return nil
	})
}

// Problems returns what is wrong with the services of a stack. Those of an owner are checked only if the cluster is known.
func (s Set) Problems(on Stack) problem.List {
	var out problem.List
	_ = s.each(on.Owner, func(service *Service, settings any) error {
		if service.By == Every || on.Cluster != nil {
			out = append(out, service.problems(on, settings).Under(service.Name)...)
		}
		return nil
	})
	return out
}

// Registered are the services of a stack whose AWS side is registered.
type Registered []registered

type registered struct {
	*Service
	install Install
}

// Register registers the AWS side of a stack's services.
func (s Set) Register(ctx *pulumi.Context, on Stack, aws pulumi.ResourceOption) (Registered, error) {
	var out Registered
	err := s.each(on.Owner, func(service *Service, settings any) error {
		install, err := service.create(ctx, service.name(on), on, settings, aws)
		if err == nil && install != nil {
			out = append(out, registered{service, install})
		}
		return err
	})
	return out, err
}

// Install registers the services' objects in the cluster. gate is called with what the rest must wait for.
func (r Registered) Install(ctx *pulumi.Context, opts []pulumi.ResourceOption, gate func([]pulumi.Resource)) error {
	in := Inside{Options: opts, ready: map[string][]pulumi.Resource{}}
	for _, s := range r {
		ready, err := s.install(ctx, in)
		if err != nil {
			return err
		}
		in.ready[s.Name] = ready
		if s.Gate {
			gate(ready)
		}
	}
	return nil
}
