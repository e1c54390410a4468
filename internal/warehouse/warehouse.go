// Package warehouse is a small world for tests of operations: a provider with one type, a program, and an estate of three
// environments. Real engines run on it in a second.
package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Boxes is a cloud with one type, fake:index:Box. Its "colour" can change in place; a new "shape" replaces it; "heavy"
// boxes cannot be made; and making a "slow" one takes a while.
type Boxes struct {
	pulumirpc.UnimplementedResourceProviderServer
	mu    sync.Mutex
	exist map[string]*structpb.Struct

	// Slow is called while a slow box is made, whose name was sent to Created before.
	Slow    func()
	Created chan string
}

// NewBoxes returns a cloud with nothing in it.
func NewBoxes() *Boxes {
	return &Boxes{exist: map[string]*structpb.Struct{}, Created: make(chan string, 100)}
}

// Serve listens for one engine run, until the context ends.
func (b *Boxes) Serve(ctx context.Context) (Endpoint, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Endpoint{}, err
	}
	s := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(s, b)
	go func() { _ = s.Serve(l) }()
	context.AfterFunc(ctx, s.Stop)
	return Endpoint{s, l.Addr().(*net.TCPAddr).Port}, nil
}

// Endpoint is the provider of one engine run.
type Endpoint struct {
	server *grpc.Server
	port   int
}

// Env tells the engine where the provider listens.
func (e Endpoint) Env() map[string]string {
	return map[string]string{"PULUMI_DEBUG_PROVIDERS": fmt.Sprintf("fake:%d", e.port)}
}

// Close ends the provider.
func (e Endpoint) Close() { e.server.Stop() }

// Attach is the first of the methods by which the engine calls a provider.
func (b *Boxes) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns a version.
func (b *Boxes) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

// CheckConfig takes any configuration.
func (b *Boxes) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// DiffConfig finds no difference.
func (b *Boxes) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure turns on what the SDK's providers have.
func (b *Boxes) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true}, nil
}

// Check takes any inputs.
func (b *Boxes) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

// Diff compares inputs; another shape replaces the box.
func (b *Boxes) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	out := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{}}
	for key, v := range r.GetNews().GetFields() {
		if r.GetOlds().GetFields()[key].String() == v.String() {
			continue
		}
		out.Changes = pulumirpc.DiffResponse_DIFF_SOME
		out.Diffs = append(out.Diffs, key)
		kind := pulumirpc.PropertyDiff_UPDATE
		if key == "shape" {
			kind = pulumirpc.PropertyDiff_UPDATE_REPLACE
			out.Replaces = append(out.Replaces, key)
		}
		out.DetailedDiff[key] = &pulumirpc.PropertyDiff{Kind: kind}
	}
	return out, nil
}

// Create makes a box, unless it is heavy, and waits for Slow if it is slow.
func (b *Boxes) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if r.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, nil
	}
	id := string(resource.URN(r.GetUrn()).Name())
	if strings.HasPrefix(id, "heavy") {
		return nil, status.Error(codes.Unknown, "api error TooHeavy: the box is too heavy")
	}
	if strings.HasPrefix(id, "slow") {
		b.Created <- id
		b.Slow()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exist[id] = r.GetProperties()
	return &pulumirpc.CreateResponse{Id: id, Properties: r.GetProperties()}, nil
}

// Read returns a box as it is.
func (b *Boxes) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	props, ok := b.exist[r.GetId()]
	if !ok {
		return &pulumirpc.ReadResponse{}, nil
	}
	return &pulumirpc.ReadResponse{Id: r.GetId(), Properties: props, Inputs: props}, nil
}

// Update changes a box in place.
func (b *Boxes) Update(_ context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if !r.GetPreview() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.exist[r.GetId()] = r.GetNews()
	}
	return &pulumirpc.UpdateResponse{Properties: r.GetNews()}, nil
}

// Delete removes a box.
func (b *Boxes) Delete(_ context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.exist, r.GetId())
	return &emptypb.Empty{}, nil
}

// Cancel does nothing: no operation takes long by itself.
func (b *Boxes) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Paint changes a box behind Pulumi's back.
func (b *Boxes) Paint(id, colour string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, _ := plugin.MarshalProperties(resource.NewPropertyMapFromMap(map[string]any{"colour": colour, "shape": "cube"}), plugin.MarshalOptions{})
	b.exist[id] = p
}

// Remove deletes a box behind Pulumi's back.
func (b *Boxes) Remove(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.exist, id)
}

// Count returns how many boxes there are.
func (b *Boxes) Count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.exist)
}

// Box is the program's side of a box.
type Box struct{ pulumi.CustomResourceState }

// Program is a program: boxes by name, as the configuration says.
func Program(ctx *pulumi.Context) error {
	var names []string
	get := func(key string) string { v, _ := ctx.GetConfig("warehouse:" + key); return v }
	if err := json.Unmarshal([]byte(get("boxes")), &names); err != nil {
		return err
	}
	if get("broken") != "" {
		return errors.New("boxes: there is no box for that")
	}
	for _, name := range names {
		var opts []pulumi.ResourceOption
		if strings.HasPrefix(name, "safe") {
			opts = append(opts, pulumi.Protect(true))
		}
		err := ctx.RegisterResource("fake:index:Box", name, pulumi.Map{
			"colour": pulumi.String(get("colour")), "shape": pulumi.String(get("shape")),
		}, &Box{}, opts...)
		if err != nil {
			return err
		}
	}
	if motto := get("motto"); motto != "" {
		ctx.Export("motto", pulumi.String(motto))
	}
	ctx.Export("boxes", pulumi.Int(len(names)))
	ctx.Export("key", pulumi.ToSecret(pulumi.String("hunter2")))
	ctx.Export("vault", pulumi.Map{"door": pulumi.String("open"), "key": pulumi.ToSecret(pulumi.String("hunter2"))})
	return nil
}

// Street is an estate of some of three environments: stg joins dev, prod stands alone.
type Street []string

// Everybody are all of them.
var Everybody = Street{"dev", "prod", "stg"}

// Names returns the environments.
func (s Street) Names() []string { return s }

// Owner returns the environment whose cluster a stack joins.
func (Street) Owner(stack string) string {
	return map[string]string{"stg": "dev"}[stack]
}

// RequiresApproval is false for all of them.
func (Street) RequiresApproval(string) bool { return false }

// Joined returns the environments that join an owner's cluster.
func (Street) Joined(owner string) []string {
	if owner == "dev" {
		return []string{"stg"}
	}
	return nil
}
