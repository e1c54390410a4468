// Package generated runs the program over stack files that nobody wrote: estates made from the frozen one by changes that
// validation accepts, chosen by a seed.
//
// It has Pulumi's engine in the test's own process, with the rehearsal cloud's providers, because hundreds of runs of the
// CLI would take an hour. It is a module of its own, so that the engine is no dependency of the program.
package generated

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/pluginstorage"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy/deploytest"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/pkg/v3/util/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/stacks"
)

const (
	project      = "eks-platform"
	organization = "organization"
)

// Platform is an estate that runs: a cloud, and the states of its stacks.
type Platform struct {
	cloud  *rehearsal.Cloud
	states map[string]*deploy.Snapshot
}

// Open opens a cloud in a directory that has nothing but what stack files refer to and somebody else has made. Close it.
func Open(dir string) (*Platform, error) {
	c, err := rehearsal.Open(rehearsal.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	err = c.Store().Update(func(tx cloud.Tx) error {
		for _, account := range accounts {
			if err := tx.Put(&cloud.Object{
				Scope: cloud.Scope{Account: account, Region: region}, Type: keyType, ID: keyID,
				Attributes: cloud.Attributes{"keyId": keyID, "arn": keyARN(account), "isEnabled": true},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return &Platform{cloud: c, states: map[string]*deploy.Snapshot{}}, err
}

// Close closes the cloud.
func (p *Platform) Close() error { return p.cloud.Close() }

// Run previews, updates or destroys a stack of an estate. A destroy does not ask what is protected.
func (p *Platform) Run(ctx context.Context, op plan.Operation, e Estate, stack string) (*plan.Result, error) {
	endpoint, err := p.cloud.Serve(ctx)
	if err != nil {
		return nil, err
	}
	defer endpoint.Close()
	loaders, err := loaders(endpoint.Env()["PULUMI_DEBUG_PROVIDERS"])
	if err != nil {
		return nil, err
	}
	events := make(chan engine.Event)
	var result *plan.Result
	var reading error
	var read sync.WaitGroup
	read.Go(func() { result, reading = collect(op, stack, events) })

	cancelCtx, source := cancel.NewContext(ctx)
	defer source.Terminate()
	engineCtx := &engine.Context{Cancel: cancelCtx, Events: events, BackendClient: p.backend(), PluginManager: noPlugins{}}
	var journal *engine.TestJournal
	if op != plan.OpPreview {
		journal = engine.NewTestJournal()
		engineCtx.SnapshotManager = journal
	}
	name, err := tokens.ParseStackName(stack)
	if err != nil {
		return nil, err
	}
	before := p.states[stack]
	if before != nil { // the engine writes into what it is given
		before = &deploy.Snapshot{
			Manifest: before.Manifest, SecretsManager: before.SecretsManager, Metadata: before.Metadata,
			PendingOperations: before.PendingOperations,
		}
		for _, r := range p.states[stack].Resources {
			before.Resources = append(before.Resources, r.Copy())
		}
	}
	info := engine.UpdateInfo{
		Root:    "/",
		Project: &workspace.Project{Name: project, Runtime: workspace.NewProjectRuntimeInfo("go", nil)},
		Target: &deploy.Target{
			Name: name, Organization: organization, Config: configuration(e.Config(stack)), Decrypter: config.NopDecrypter,
			Snapshot: before,
		},
	}
	options := engine.UpdateOptions{
		Parallel: 16, IgnoreProtect: op == plan.OpDestroy,
		HostFactory: func(_ context.Context, out, status diag.Sink, _ plugin.DebugContext) (plugin.Host, error) {
			return deploytest.NewPluginHost(out, status, deploytest.NewLanguageRuntime(program), loaders...), nil
		},
	}
	if op == plan.OpDestroy {
		_, _, err = engine.Destroy(info, engineCtx, options, false)
	} else {
		_, _, err = engine.Update(info, engineCtx, options, op == plan.OpPreview)
	}
	close(events)
	read.Wait()
	if moved := result.Moved(); err == nil && len(moved) > 0 {
		err = errors.New(moved[0].String())
	}
	if err = errors.Join(err, reading); journal == nil {
		return result, err
	}
	closing := journal.Close()
	after, snapErr := journal.Entries().Snap(before)
	if after != nil {
		snapErr = errors.Join(snapErr, after.VerifyIntegrity())
		p.states[stack] = after
	}
	return result, errors.Join(err, closing, snapErr)
}

// Left returns what programs have made in the cloud and not deleted, as "type id".
func (p *Platform) Left() ([]string, error) {
	objects, err := p.cloud.Objects()
	var out []string
	for _, o := range objects {
		if o.ID != keyID {
			out = append(out, o.Type+" "+o.ID)
		}
	}
	return out, err
}

// program runs the platform's program against the engine's monitor.
func program(info plugin.RunInfo, _ *deploytest.ResourceMonitor) error {
	values := map[string]string{}
	for key, value := range info.Config {
		values[key.String()] = value
	}
	ctx, err := pulumi.NewContext(context.Background(), pulumi.RunInfo{
		Project: info.Project, Stack: info.Stack, Organization: info.Organization, Config: values,
		Parallel: info.Parallel, DryRun: info.DryRun, MonitorAddr: info.MonitorAddress,
	})
	if err != nil {
		return err
	}
	return pulumi.RunWithContext(ctx, stacks.Program)
}

// backend answers stack references.
func (p *Platform) backend() deploy.BackendClient {
	return &deploytest.BackendClient{
		GetStackOutputsF: func(_ context.Context, name string, _ func(error) error) (property.Map, error) {
			state := p.states[name[strings.LastIndex(name, "/")+1:]]
			if state == nil {
				return property.Map{}, fmt.Errorf("unknown stack %q", name)
			}
			for _, r := range state.Resources {
				if r.Type == resource.RootStackType {
					return resource.FromResourcePropertyMap(r.Outputs), nil
				}
			}
			return property.Map{}, fmt.Errorf("unknown stack %q", name)
		},
	}
}

// configuration returns the values in the engine's form.
func configuration(values map[string]string) config.Map {
	out := config.Map{}
	for key, value := range values {
		out[config.MustParseKey(key)] = config.NewValue(value)
	}
	return out
}

// noPlugins keeps the engine from looking for plugins on the machine: the host has them.
type noPlugins struct{ engine.PluginManager }

// HasPlugin reports that every plugin is installed.
func (noPlugins) HasPlugin(context.Context, workspace.PluginDescriptor) pluginstorage.InstallState {
	return pluginstorage.PluginInstalled
}

// GetPluginPath returns a path that nobody opens.
func (noPlugins) GetPluginPath(context.Context, diag.Sink, workspace.PluginDescriptor, []workspace.ProjectPlugin) (string, error) {
	return "/", nil
}
