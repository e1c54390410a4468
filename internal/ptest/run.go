package ptest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Project is the project name of every run, as in Pulumi.yaml.
const Project = "eks-platform"

type settings struct {
	stack           string
	config          map[string]string
	secretKeys      []string
	stackReferences map[string]map[string]any
	secretOutputs   map[string][]string
	outputs         map[string]OutputFunc
	calls           map[string]CallFunc
}

// Option changes a run.
type Option func(*settings)

// OutputFunc returns outputs that a cloud would compute for a resource, to be merged over the built-in ones.
type OutputFunc func(name string, inputs resource.PropertyMap) map[string]any

// CallFunc answers an invoke.
type CallFunc func(args resource.PropertyMap) (map[string]any, error)

// WithStack sets the stack's name, by default "test".
func WithStack(name string) Option {
	return func(s *settings) { s.stack = name }
}

// WithConfig sets config values. A key without a namespace ("network") is taken to be the project's; structured
// values are JSON, as the engine passes them.
func WithConfig(values map[string]string) Option {
	return func(s *settings) {
		for key, value := range values {
			s.config[qualify(key)] = value
		}
	}
}

// WithSecretConfig marks config keys as secret.
func WithSecretConfig(keys ...string) Option {
	return func(s *settings) {
		for _, key := range keys {
			s.secretKeys = append(s.secretKeys, qualify(key))
		}
	}
}

// WithStackOutputs answers stack references to a stack (full name, as the program spells it) with outputs;
// secretNames lists those that are secret. A reference to any other stack fails as in an engine.
func WithStackOutputs(stack string, outputs map[string]any, secretNames ...string) Option {
	return func(s *settings) {
		s.stackReferences[stack] = outputs
		s.secretOutputs[stack] = secretNames
	}
}

// WithOutputs adds outputs to resources of a type after an update; a preview does not know them.
func WithOutputs(token string, f OutputFunc) Option {
	return func(s *settings) { s.outputs[token] = f }
}

// WithCall answers an invoke, for example "aws:index/getCallerIdentity:getCallerIdentity". An invoke without an
// answer fails the run.
func WithCall(token string, f CallFunc) Option {
	return func(s *settings) { s.calls[token] = f }
}

func qualify(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return Project + ":" + key
}

// Run runs a program and returns what it registered, together with the program's error. With preview, ids and
// computed outputs are unknown as in a first preview; without it they have plausible values. It fails the test when
// a URN is registered twice.
func Run(t testing.TB, preview bool, program pulumi.RunFunc, opts ...Option) (Registrations, error) {
	t.Helper()
	s := settings{
		stack: "test", config: map[string]string{},
		stackReferences: map[string]map[string]any{}, secretOutputs: map[string][]string{},
		outputs: map[string]OutputFunc{}, calls: map[string]CallFunc{},
	}
	for _, o := range opts {
		o(&s)
	}
	rec := &recorder{settings: s, preview: preview, hidden: map[string]bool{}}
	err := pulumi.RunErr(
		func(ctx *pulumi.Context) error {
			rec.ctx = ctx
			return program(ctx)
		},
		pulumi.WithMocks(Project, s.stack, rec),
		func(info *pulumi.RunInfo) {
			info.DryRun = preview
			info.Config = maps.Clone(s.config)
			info.ConfigSecretKeys = slices.Clone(s.secretKeys)
		},
	)
	regs := rec.registrations()
	for i := 1; i < len(regs); i++ {
		if regs[i].URN == regs[i-1].URN {
			t.Errorf("%s is registered twice; an engine refuses that", regs[i].URN)
		}
	}
	return regs, err
}
