package ptest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/declared"
)

// Project is the project name of every run, as in Pulumi.yaml.
const Project = declared.Project

// Partition, Region and AccountID appear in every ARN that a run makes up. None of them exists, so that a test
// notices when a program writes such a value itself instead of using what it was given.
const (
	Partition = declared.Partition
	Region    = declared.Region
	AccountID = declared.AccountID
)

// IPv6VPC is the range of every VPC that asks Amazon for one, and IPv6Services that of every IPv6 cluster's services.
const (
	IPv6VPC      = declared.IPv6VPC
	IPv6Services = declared.IPv6Services
)

type (
	// Registration is a resource that a run registered.
	Registration = declared.Registration
	// Registrations are all resources that a run registered.
	Registrations = declared.Registrations
	// Alias is a name that a resource had before.
	Alias = declared.Alias
)

// ARN returns the ARN that a run gives to a resource of a type, for example
// ARN("aws:iam/role:Role", "dev-node") is arn:aws-test:iam:test-region-1:000000000000:role/dev-node.
func ARN(token, name string) string { return declared.ARN(token, name) }

type settings struct {
	declared.Options
	calls map[string]CallFunc
}

// Option changes a run.
type Option func(*settings)

// OutputFunc returns outputs that a cloud would compute for a resource, to be merged over the built-in ones.
type OutputFunc = declared.OutputFunc

// CallFunc answers an invoke.
type CallFunc func(args resource.PropertyMap) (map[string]any, error)

// WithStack sets the stack's name, by default "test".
func WithStack(name string) Option {
	return func(s *settings) { s.Stack = name }
}

// WithConfig sets config values. A key without a namespace ("network") is taken to be the project's; structured
// values are JSON, as the engine passes them.
func WithConfig(values map[string]string) Option {
	return func(s *settings) {
		for key, value := range values {
			s.Config[declared.Qualified(key)] = value
		}
	}
}

// WithSecretConfig marks config keys as secret.
func WithSecretConfig(keys ...string) Option {
	return func(s *settings) {
		for _, key := range keys {
			s.SecretKeys = append(s.SecretKeys, declared.Qualified(key))
		}
	}
}

// WithStackOutputs answers stack references to a stack (full name, as the program spells it) with outputs;
// secretNames lists those that are secret. A reference to any other stack fails as in an engine.
func WithStackOutputs(stack string, outputs map[string]any, secretNames ...string) Option {
	return func(s *settings) {
		s.StackOutputs[stack] = outputs
		s.SecretOutputs[stack] = secretNames
	}
}

// WithOutputs adds outputs to resources of a type after an update; a preview does not know them.
func WithOutputs(token string, f OutputFunc) Option {
	return func(s *settings) { s.Outputs[token] = f }
}

// InOrder fails the test if a resource of one type reaches the engine before all of another type are done. An order without
// a dependency does not show in what is registered: so the run delays the first ones, and what does not wait for them
// overtakes them. It has no effect on a preview.
func InOrder(t testing.TB, first, then string) Option {
	t.Helper()
	var mu sync.Mutex
	var done, begun []time.Time
	t.Cleanup(func() {
		if len(done) == 0 || len(begun) == 0 {
			t.Errorf("%d of %s and %d of %s were registered", len(done), first, len(begun), then)
			return
		}
		if slices.MaxFunc(done, time.Time.Compare).After(slices.MinFunc(begun, time.Time.Compare)) {
			t.Errorf("%s does not wait for %s", then, first)
		}
	})
	note := func(s *settings, token string, wait time.Duration, times *[]time.Time) {
		former := s.Outputs[token]
		s.Outputs[token] = func(name string, inputs resource.PropertyMap) map[string]any {
			time.Sleep(wait)
			mu.Lock()
			*times = append(*times, time.Now())
			mu.Unlock()
			if former == nil {
				return nil
			}
			return former(name, inputs)
		}
	}
	return func(s *settings) {
		note(s, first, 30*time.Millisecond, &done)
		note(s, then, 0, &begun)
	}
}

// WithCall answers an invoke, for example "aws:index/getCallerIdentity:getCallerIdentity". An invoke without an
// answer fails the run.
func WithCall(token string, f CallFunc) Option {
	return func(s *settings) { s.calls[token] = f }
}

// call answers an invoke.
func (s *settings) call(token string, args resource.PropertyMap) (map[string]any, error) {
	f := s.calls[token]
	if f == nil {
		return nil, fmt.Errorf("no answer for the invoke %s; give the run one with ptest.WithCall", token)
	}
	return f(args)
}

// Run runs a program and returns what it registered, together with the program's error. With preview, ids and
// computed outputs are unknown as in a first preview; without it they have plausible values. It fails the test when
// a URN is registered twice.
func Run(t testing.TB, preview bool, program pulumi.RunFunc, opts ...Option) (Registrations, error) {
	t.Helper()
	s := settings{
		Options: declared.Options{
			Stack: "test", Preview: preview, Config: map[string]string{},
			StackOutputs: map[string]map[string]any{}, SecretOutputs: map[string][]string{},
			Outputs: map[string]declared.OutputFunc{},
		},
		calls: map[string]CallFunc{},
	}
	for _, o := range opts {
		o(&s)
	}
	s.Call = s.call
	result, err := declared.Run(program, s.Options)
	for _, urn := range result.Registrations.Twice() {
		t.Errorf("%s is registered twice; an engine refuses that", urn)
	}
	return result.Registrations, err
}
