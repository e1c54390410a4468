package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Version is the version of pulumi-kubernetes that this package stands in for: that of the SDK in go.mod, since the
// engine warns about a provider that is older than what the program asks for.
const Version = "4.32.0"

// Store is what the provider needs of the rehearsal cloud's memory; cloud.Store is one.
type Store interface {
	// View runs f on the store as it is.
	View(f func(cloud.Tx) error) error
	// Update runs f and keeps what it wrote, unless it returns an error.
	Update(f func(cloud.Tx) error) error
}

// Server is the resource provider server of package kubernetes. It serves every provider instance of an engine: each
// has a connection of its own, and is told apart by it.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	store Store
	// patience is how long an object waits for what it refers to.
	patience time.Duration

	mu       sync.Mutex
	host     *provider.HostClient
	sessions map[string]*session
}

// session is one configured provider instance.
type session struct {
	settings settings
	// config is nil when the kubeconfig could not be read; broken says why.
	config *kubeconfig
	broken string
}

// New returns a server for package kubernetes whose clusters and objects are in a store.
func New(store Store) *Server {
	return &Server{store: store, patience: defaultPatience, sessions: map[string]*session{}}
}

// Attach connects to the engine that uses this server, for its log.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("connect to the engine at %s: %w", req.GetAddress(), err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host != nil {
		_ = s.host.Close()
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns the version that the server stands in for.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns a package schema that names the kinds which can be made.
func (s *Server) GetSchema(_ context.Context, req *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	if v := req.GetVersion(); v != 0 {
		return nil, status.Errorf(codes.InvalidArgument, "unsupported schema version %d", v)
	}
	resources := map[string]any{releaseToken: map[string]any{}}
	for token := range kinds {
		resources[token] = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"name": "kubernetes", "version": Version, "resources": resources})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(text)}, nil
}

// Invoke refuses every function by name.
func (s *Server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, status.Errorf(codes.Unimplemented, "the rehearsal cloud does not answer the function %s", req.GetTok())
}

// Construct refuses every component by name.
func (s *Server) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, status.Errorf(codes.Unimplemented, "the rehearsal cloud does not construct %s", req.GetType())
}

// Cancel does nothing: every operation is short.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// configure remembers the settings of the provider instance behind a connection.
func (s *Server) configure(ctx context.Context, session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[caller(ctx)] = session
}

// session returns the provider instance behind a connection.
func (s *Server) session(ctx context.Context) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session, ok := s.sessions[caller(ctx)]; ok {
		return session, nil
	}
	return nil, status.Error(codes.FailedPrecondition, "the kubernetes provider was used before it was configured")
}

// caller names the connection of a request; it is empty for calls that did not come over one.
func caller(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return p.Addr.String()
	}
	return ""
}

// warn logs a warning about a resource to the engine.
func (s *Server) warn(ctx context.Context, urn resource.URN, format string, args ...any) {
	s.mu.Lock()
	host := s.host
	s.mu.Unlock()
	if host != nil {
		// A warning that cannot be delivered must not fail the operation that it comments on.
		_ = host.Log(ctx, diag.Warning, urn, fmt.Sprintf(format, args...))
	}
}
