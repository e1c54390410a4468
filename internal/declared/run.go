package declared

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// Project is the project name of every run, as in Pulumi.yaml.
const Project = "eks-platform"

// Organization is the organization of every run: what self-managed backends call theirs.
const Organization = "organization"

// Options say how a program runs.
type Options struct {
	// Stack is the stack's name. Required.
	Stack string
	// Preview leaves ids and computed outputs unknown, as in a first preview.
	Preview bool
	// Config holds the configuration by full key (eks-platform:network); structured values are JSON, as the engine
	// passes them. SecretKeys are those that are secret.
	Config     map[string]string
	SecretKeys []string
	// StackOutputs answers stack references, by the full name that the program spells; SecretOutputs lists those that
	// are secret. A reference to any other stack fails as in an engine.
	StackOutputs  map[string]map[string]any
	SecretOutputs map[string][]string
	// Outputs adds outputs to resources by type; a preview does not know them.
	Outputs map[string]OutputFunc
	// Call answers the invokes of providers' functions; without it they fail.
	Call func(token string, args resource.PropertyMap) (map[string]any, error)
}

// OutputFunc returns outputs that a cloud would compute for a resource, to be merged over the built-in ones.
type OutputFunc func(name string, inputs resource.PropertyMap) map[string]any

// Result is what a run came to.
type Result struct {
	// Registrations are ordered by URN. A URN that the program registered twice, which an engine refuses, is there
	// twice.
	Registrations Registrations
	// Outputs are the stack's outputs as the Go values of encoding/json, secrets in clear; nil in a preview.
	Outputs map[string]any
}

// Run runs a program and returns what it registered, also when the program fails.
func Run(program pulumi.RunFunc, o Options) (Result, error) {
	rec := &recorder{options: o, hidden: map[string]bool{}}
	var out Result
	var failure error
	err := pulumi.RunErr(
		func(ctx *pulumi.Context) error {
			rec.ctx = ctx
			if failure = program(ctx); failure == nil && !o.Preview {
				out.Outputs, failure = exported(ctx)
			}
			return failure
		},
		pulumi.WithMocksWithOrganization(Organization, Project, o.Stack, rec),
		func(info *pulumi.RunInfo) {
			info.DryRun = o.Preview
			info.Config = maps.Clone(o.Config)
			info.ConfigSecretKeys = slices.Clone(o.SecretKeys)
		},
	)
	out.Registrations = rec.registrations()
	if failure != nil { // the SDK's own error is the same, with a head and bullets
		return out, failure
	}
	return out, err
}

// exported returns the values of what a program exports.
func exported(ctx *pulumi.Context) (map[string]any, error) {
	got, err := internals.UnsafeAwaitOutput(context.Background(), pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput())
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(got.Value)
	if err != nil {
		return nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("read the stack's outputs: %w", err)
	}
	return out, nil
}

// Qualified returns a configuration key with its namespace: a key without one is the project's.
func Qualified(key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return Project + ":" + key
}
