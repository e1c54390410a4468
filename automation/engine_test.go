package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/clitest"
)

// boxes is a cloud with one type, fake:index:Box. Its "colour" can change in place; a new "shape" replaces it; "heavy"
// boxes cannot be made; and making a "slow" one takes a while.
type boxes struct {
	pulumirpc.UnimplementedResourceProviderServer
	mu      sync.Mutex
	exist   map[string]*structpb.Struct
	slow    func() // what making a slow box waits for
	created chan string
}

func newBoxes() *boxes {
	return &boxes{exist: map[string]*structpb.Struct{}, created: make(chan string, 100)}
}

// serve listens for one engine run, until the context ends.
func (b *boxes) serve(ctx context.Context) (endpoint, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(s, b)
	go func() { _ = s.Serve(l) }()
	context.AfterFunc(ctx, s.Stop)
	return boxesEndpoint{s, l.Addr().(*net.TCPAddr).Port}, nil
}

type boxesEndpoint struct {
	server *grpc.Server
	port   int
}

func (e boxesEndpoint) Env() map[string]string {
	return map[string]string{"PULUMI_DEBUG_PROVIDERS": fmt.Sprintf("fake:%d", e.port)}
}
func (e boxesEndpoint) Close() { e.server.Stop() }

func (b *boxes) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
func (b *boxes) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}
func (b *boxes) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}
func (b *boxes) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}
func (b *boxes) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true}, nil
}
func (b *boxes) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, nil
}

func (b *boxes) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
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

func (b *boxes) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if r.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: r.GetProperties()}, nil
	}
	id := string(resource.URN(r.GetUrn()).Name())
	if strings.HasPrefix(id, "heavy") {
		return nil, status.Error(codes.Unknown, "api error TooHeavy: the box is too heavy")
	}
	if strings.HasPrefix(id, "slow") {
		b.created <- id
		b.slow()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exist[id] = r.GetProperties()
	return &pulumirpc.CreateResponse{Id: id, Properties: r.GetProperties()}, nil
}

func (b *boxes) Read(_ context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	props, ok := b.exist[r.GetId()]
	if !ok {
		return &pulumirpc.ReadResponse{}, nil
	}
	return &pulumirpc.ReadResponse{Id: r.GetId(), Properties: props, Inputs: props}, nil
}

func (b *boxes) Update(_ context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if !r.GetPreview() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.exist[r.GetId()] = r.GetNews()
	}
	return &pulumirpc.UpdateResponse{Properties: r.GetNews()}, nil
}

func (b *boxes) Delete(_ context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.exist, r.GetId())
	return &emptypb.Empty{}, nil
}

func (b *boxes) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// paint changes a box behind Pulumi's back.
func (b *boxes) paint(id, colour string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, _ := plugin.MarshalProperties(resource.NewPropertyMapFromMap(map[string]any{"colour": colour, "shape": "cube"}), plugin.MarshalOptions{})
	b.exist[id] = p
}

func (b *boxes) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.exist)
}

// box is the program's side of a box.
type box struct{ pulumi.CustomResourceState }

// warehouse is a program: boxes by name, as the configuration says.
func warehouse(ctx *pulumi.Context) error {
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
		}, &box{}, opts...)
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

// street is an estate of some of three environments: stg joins dev, prod stands alone.
type street []string

var everybody = street{"dev", "prod", "stg"}

func (s street) Names() []string { return s }
func (street) Owner(stack string) string {
	return map[string]string{"stg": "dev"}[stack]
}
func (street) RequiresApproval(string) bool { return false }
func (street) Joined(owner string) []string {
	if owner == "dev" {
		return []string{"stg"}
	}
	return nil
}

// rig is a platform on the fake cloud, with a real CLI.
type rig struct {
	*Platform
	t     *testing.T
	boxes *boxes
}

func newRig(t *testing.T) *rig {
	t.Helper()
	command := clitest.Find(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, projectFile), []byte("name: warehouse\nruntime: go\n"), 0o600))
	b := newBoxes()
	cloud := &Rehearsal{dir: t.TempDir(), serve: b.serve, closing: func() error { return nil }}
	p, err := New(Options{ProjectDir: dir, Cloud: cloud, Program: warehouse, Command: command})
	require.NoError(t, err)
	p.load = func(string) (estate, error) { return everybody, nil }
	r := &rig{Platform: p, t: t, boxes: b}
	for _, stack := range everybody {
		r.configure(stack, "boxes: [a, b]", "colour: red", "shape: cube")
	}
	return r
}

// configure writes a stack's file.
func (r *rig) configure(stack string, keys ...string) {
	r.t.Helper()
	var text strings.Builder
	text.WriteString("secretsprovider: awskms://alias/of-the-real-stack\nconfig:\n")
	for _, k := range keys {
		text.WriteString("  warehouse:" + k + "\n")
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, stackFile(stack)), []byte(text.String()), 0o600))
}

func (r *rig) up(stack string) *Result {
	r.t.Helper()
	res, err := r.Up(r.t.Context(), stack, UpOptions{})
	require.NoError(r.t, err)
	return res
}
