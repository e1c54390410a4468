package generated

import (
	"context"
	"errors"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy/deploytest"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eks-platform/eks-platform/automation/plan"
)

// collect returns what the library makes of an operation's events.
func collect(op plan.Operation, stack string, from <-chan engine.Event) (*plan.Result, error) {
	c := plan.NewCollector(op, stack, nil)
	var failure error
	for e := range from {
		event, err := display.ConvertEngineEvent(e, false)
		if err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		c.Add(events.EngineEvent{EngineEvent: event})
	}
	return c.Result(), failure
}

// loaders return the cloud's providers to an engine's host, by what PULUMI_DEBUG_PROVIDERS says: "aws:1234,eks:1235".
// Every provider instance has a connection of its own, by which the cloud tells them apart.
func loaders(listeners string) ([]*deploytest.ProviderLoader, error) {
	var out []*deploytest.ProviderLoader
	for _, l := range strings.Split(listeners, ",") {
		name, port, _ := strings.Cut(l, ":")
		connect := func(host plugin.Host) (plugin.Provider, error) {
			conn, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return nil, err
			}
			client := pulumirpc.NewResourceProviderClient(conn)
			if name == "eks" && host != nil {
				_, err = client.Attach(context.Background(), &pulumirpc.PluginAttach{Address: host.ServerAddr()})
			}
			return plugin.NewProviderWithClient(nil, client, false), err
		}
		p, err := connect(nil)
		if err != nil {
			return nil, err
		}
		about, err := p.GetPluginInfo(context.Background())
		if err != nil {
			return nil, err
		}
		out = append(out, deploytest.NewProviderLoaderWithHost(tokens.Package(name), *about.Version, connect))
	}
	return out, nil
}
