package eks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Version is the version of pulumi-eks whose components this package constructs.
const Version = "2.8.1"

// awsVersion is the version of pulumi-aws that the published component was built with. Its children ask for that
// version, which decides the default provider they fall on when the program passes none.
const awsVersion = "6.45.0"

// component constructs one component type.
type component func(ctx *pulumi.Context, name string, inputs provider.ConstructInputs,
	opts pulumi.ResourceOption) (*provider.ConstructResult, error)

// components holds the components that the rehearsal cloud constructs, by type token.
var components = map[string]component{
	managedNodeGroupType: constructManagedNodeGroup,
}

// Server is the resource provider server of package eks.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	mu sync.Mutex
	// engine is the address of the engine that attached last; messages of constructed components go there.
	engine string
}

// New returns a server for package eks. It holds no cloud state: everything it makes goes through the engine to
// the aws provider. It serves one engine at a time.
func New() *Server { return &Server{} }

// Attach remembers the engine that uses this server.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine = req.GetAddress()
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns the version that the server stands in for.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns a package schema that names the components which can be constructed.
func (s *Server) GetSchema(_ context.Context, req *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	if v := req.GetVersion(); v != 0 {
		return nil, status.Errorf(codes.InvalidArgument, "unsupported schema version %d", v)
	}
	resources := map[string]any{}
	for typ := range components {
		resources[typ] = map[string]any{"isComponent": true}
	}
	text, err := json.Marshal(map[string]any{"name": "eks", "version": Version, "resources": resources})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(text)}, nil
}

// Configure accepts any configuration, as the component provider does: it has none of its own. CheckConfig and
// DiffConfig stay unimplemented, as they are there.
func (s *Server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Cancel does nothing: a construction ends when the engine closes its monitor.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Construct registers a component and its children with the engine that asked.
func (s *Server) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	construct, known := components[req.GetType()]
	if !known {
		return nil, status.Errorf(codes.Unimplemented, "the rehearsal cloud does not construct %s", req.GetType())
	}
	s.mu.Lock()
	engine := s.engine
	s.mu.Unlock()
	if engine == "" {
		return nil, errors.New("the eks provider was asked to construct a component before an engine attached to it")
	}

	req = withHeededOptions(req)
	if err := flattenCluster(req); err != nil {
		return nil, fmt.Errorf("read the cluster of %s %q: %w", req.GetType(), req.GetName(), err)
	}
	host, err := provider.NewHostClient(engine)
	if err != nil {
		return nil, fmt.Errorf("connect to the engine at %s: %w", engine, err)
	}
	// The SDK leaves the connections of a construction open. Closing the context closes the one to the monitor
	// and, with it, the host client's.
	var run *pulumi.Context
	defer func() {
		if run != nil {
			_ = run.Close()
		} else {
			_ = host.Close()
		}
	}()
	return provider.Construct(ctx, req, host.EngineConn(), func(
		pctx *pulumi.Context, _, name string, inputs provider.ConstructInputs, opts pulumi.ResourceOption,
	) (*provider.ConstructResult, error) {
		run = pctx
		return construct(pctx, name, inputs, opts)
	})
}
