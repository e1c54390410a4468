package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// serve starts a gRPC server until the test ends and returns its port.
func serve(t *testing.T, register func(*grpc.Server)) int {
	t.Helper()
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop, Init: func(s *grpc.Server) error { register(s); return nil }, Options: rpcutil.OpenTracingServerInterceptorOptions(nil),
	})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop) })
	return handle.Port
}

func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// notes are what a component did, by the component's name and the kind and name of what it did.
type notes map[string]map[string]string

// recorder stands between the engine and a component provider and notes what the provider's constructions ask of the
// engine and answer.
type recorder struct {
	pulumirpc.UnimplementedResourceProviderServer

	t       *testing.T
	backend pulumirpc.ResourceProviderClient

	mu    sync.Mutex
	notes notes
}

func newRecorder(t *testing.T, address string) *recorder {
	return &recorder{t: t, backend: pulumirpc.NewResourceProviderClient(dial(t, address)), notes: notes{}}
}

// take returns the notes and starts new ones.
func (r *recorder) take() notes {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.notes
	r.notes = notes{}
	return out
}

func (r *recorder) note(component, what, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.notes[component] == nil {
		r.notes[component] = map[string]string{}
	}
	if _, twice := r.notes[component][what]; twice {
		what += " once more"
	}
	r.notes[component][what] = text
}

func (r *recorder) Attach(ctx context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return r.backend.Attach(ctx, req)
}

func (r *recorder) GetPluginInfo(ctx context.Context, req *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return r.backend.GetPluginInfo(ctx, req)
}

func (r *recorder) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return r.backend.Configure(ctx, req)
}

func (r *recorder) Cancel(ctx context.Context, req *emptypb.Empty) (*emptypb.Empty, error) {
	return r.backend.Cancel(ctx, req)
}

func (r *recorder) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	monitor := &monitor{
		recorder: r, component: req.GetName(), real: pulumirpc.NewResourceMonitorClient(dial(r.t, req.GetMonitorEndpoint())),
	}
	port := serve(r.t, func(s *grpc.Server) { pulumirpc.RegisterResourceMonitorServer(s, monitor) })
	req = proto.Clone(req).(*pulumirpc.ConstructRequest)
	req.MonitorEndpoint = fmt.Sprintf("127.0.0.1:%d", port)
	resp, err := r.backend.Construct(ctx, req)
	if err != nil {
		r.note(req.GetName(), "error", status.Convert(err).Message())
		return nil, err
	}
	deps := map[string][]string{}
	for k, d := range resp.GetStateDependencies() {
		if urns := sorted(d.GetUrns()); len(urns) > 0 {
			deps[k] = urns
		}
	}
	r.note(req.GetName(), "result", render(map[string]any{
		"urn": resp.GetUrn(), "state": properties(resp.GetState()), "dependencies": deps,
	}))
	return resp, nil
}

// monitor passes the requests of one construction on to the engine.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer

	recorder  *recorder
	component string
	real      pulumirpc.ResourceMonitorClient
}

func (m *monitor) SupportsFeature(ctx context.Context, req *pulumirpc.SupportsFeatureRequest) (*pulumirpc.SupportsFeatureResponse, error) {
	return m.real.SupportsFeature(ctx, req)
}

func (m *monitor) Invoke(ctx context.Context, req *pulumirpc.ResourceInvokeRequest) (*pulumirpc.ResourceInvokeResponse, error) {
	// Reads of resource references by the SDK are no choice of the component.
	if req.GetTok() != "pulumi:pulumi:getResource" {
		m.recorder.note(m.component, "invoke "+req.GetTok(), render(map[string]any{
			"args": properties(req.GetArgs()), "provider": req.GetProvider(), "version": req.GetVersion(),
		}))
	}
	return m.real.Invoke(ctx, req)
}

func (m *monitor) RegisterResourceOutputs(ctx context.Context, req *pulumirpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	m.recorder.note(m.component, "outputs of "+req.GetUrn(), render(properties(req.GetOutputs())))
	return m.real.RegisterResourceOutputs(ctx, req)
}

func (m *monitor) RegisterResource(ctx context.Context, req *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	m.recorder.note(m.component, "register "+req.GetType()+" "+req.GetName(), registration(req))
	return m.real.RegisterResource(ctx, req)
}

func (m *monitor) RegisterPackage(ctx context.Context, req *pulumirpc.RegisterPackageRequest) (*pulumirpc.RegisterPackageResponse, error) {
	return m.real.RegisterPackage(ctx, req)
}

// registration renders a registration without what says nothing about the component: where in its code it stands, and
// what its language's SDK is capable of.
func registration(req *pulumirpc.RegisterResourceRequest) string {
	req = proto.Clone(req).(*pulumirpc.RegisterResourceRequest)
	inputs := properties(req.Object)
	deps := map[string][]string{}
	for k, d := range req.GetPropertyDependencies() {
		// No entry and an empty one are the same to the engine beside entries that are not empty.
		if urns := sorted(d.GetUrns()); len(urns) > 0 {
			deps[k] = urns
		}
	}
	req.Dependencies = sorted(req.Dependencies)
	req.Object, req.PropertyDependencies = nil, nil
	req.SourcePosition, req.StackTrace, req.ParentStackTraceHandle = nil, nil, ""
	req.AcceptSecrets, req.AcceptResources, req.SupportsPartialValues = false, false, false
	req.SupportsResultReporting, req.AliasSpecs = false, false
	req.AcceptsByteString = false
	if t := req.CustomTimeouts; t != nil && t.Create == "" && t.Update == "" && t.Delete == "" && t.Read == "" {
		req.CustomTimeouts = nil
	}
	// The Go SDK names a provider for a component that was given one of its own package. The engine has no use for it,
	// which the comparison of the states shows.
	if !req.Custom {
		req.Provider = ""
	}
	// An option that says what holds without it.
	if req.Protect != nil && !*req.Protect {
		req.Protect = nil
	}
	if req.RetainOnDelete != nil && !*req.RetainOnDelete {
		req.RetainOnDelete = nil
	}
	if h := req.Hooks; h != nil && proto.Size(h) == 0 {
		req.Hooks = nil
	}
	text, err := protojson.Marshal(req)
	if err != nil {
		return err.Error()
	}
	var rest map[string]any
	if err := json.Unmarshal(text, &rest); err != nil {
		return err.Error()
	}
	rest["inputs"], rest["propertyDependencies"] = inputs, deps
	return render(rest)
}

// properties returns the values of properties, without the dependencies that some SDKs add to each: they are compared
// by property.
func properties(s *structpb.Struct) map[string]any {
	props, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true, SkipNulls: true,
	})
	if err != nil {
		return map[string]any{"cannot be read": err.Error()}
	}
	return props.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		one := func(v resource.PropertyValue) any {
			s, _ := plugin.MarshalProperties(resource.PropertyMap{"v": v}, plugin.MarshalOptions{
				KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
			})
			return properties(s)["v"]
		}
		switch {
		case v.IsComputed():
			return "<unknown>", true
		case v.IsOutput() && !v.OutputValue().Known:
			return "<unknown>", true
		case v.IsOutput() && v.OutputValue().Secret:
			return map[string]any{"<secret>": one(v.OutputValue().Element)}, true
		case v.IsOutput():
			return one(v.OutputValue().Element), true
		case v.IsSecret():
			return map[string]any{"<secret>": one(v.SecretValue().Element)}, true
		case v.IsResourceReference():
			ref := v.ResourceReferenceValue()
			id := ref.ID.V
			if ref.ID.IsComputed() || ref.ID.IsOutput() {
				id = "<unknown>"
			}
			return map[string]any{"<reference>": string(ref.URN), "id": id}, true
		default:
			return nil, false
		}
	})
}

// providerID is the random end of a reference to a provider.
var providerID = regexp.MustCompile(`::[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// render writes a value as text that two runs have in common.
func render(v any) string {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return providerID.ReplaceAllString(text.String(), "::<id>")
}

func sorted(urns []string) []string {
	out := slices.Clone(urns)
	slices.Sort(out)
	return slices.Compact(out)
}

// echo is a cloud that accepts everything and returns it, with a few values of its own.
type echo struct {
	pulumirpc.UnimplementedResourceProviderServer
}

func (echo) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "6.83.4"}, nil
}

func (echo) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (echo) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (echo) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, SupportsPreview: true}, nil
}

func (echo) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (echo) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if proto.Equal(req.GetOldInputs(), req.GetNews()) {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}, nil
}

// Create returns the inputs and what AWS would compute, which a preview does not know.
func (echo) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	urn := resource.URN(req.GetUrn())
	state := proto.Clone(req.GetProperties()).(*structpb.Struct)
	computed := map[string]any{"arn": "arn:aws:echo:::" + urn.Name()}
	switch urn.Type() {
	case "aws:eks/cluster:Cluster":
		computed["endpoint"] = "https://" + urn.Name() + ".eks.amazonaws.com"
		computed["certificateAuthority"] = map[string]any{"data": "Q0E="}
	case "aws:ec2/launchTemplate:LaunchTemplate":
		computed["latestVersion"] = float64(1)
	}
	for key, value := range computed {
		if req.GetPreview() {
			value = plugin.UnknownStringValue
		}
		v, err := structpb.NewValue(value)
		if err != nil {
			return nil, err
		}
		state.Fields[key] = v
	}
	resp := &pulumirpc.CreateResponse{Properties: state}
	if !req.GetPreview() {
		resp.Id = urn.Name()
	}
	return resp, nil
}

func (echo) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if req.GetTok() != "aws:ssm/getParameter:getParameter" {
		return nil, status.Errorf(codes.Unimplemented, "the echo does not answer %s", req.GetTok())
	}
	name := req.GetArgs().Fields["name"].GetStringValue()
	value, err := structpb.NewStruct(map[string]any{"name": name, "value": "ami of " + name})
	return &pulumirpc.InvokeResponse{Return: value}, err
}
