package generated

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy/deploytest"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// read returns what an operation's events say.
func read(events <-chan engine.Event) Result {
	out := Result{Changes: map[string]int{}}
	for e := range events {
		switch payload := e.Payload().(type) {
		case engine.ResourcePreEventPayload:
			if op := payload.Metadata.Op; op != deploy.OpSame && op != deploy.OpRead {
				out.Changes[string(op)]++
				out.Steps = append(out.Steps, fmt.Sprintf("%s %s::%s", op, payload.Metadata.Type, payload.Metadata.URN.Name()))
			}
		case engine.DiagEventPayload:
			if payload.Severity == diag.Error {
				out.Errors = append(out.Errors, strings.TrimSpace(colors.Never.Colorize(payload.Message)))
			}
		}
	}
	return out
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
