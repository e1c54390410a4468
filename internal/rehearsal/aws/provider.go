// Package aws is the rehearsal cloud's AWS provider. It accepts, refuses and replaces what the genuine provider does, by the
// facts in internal/facts/aws; the svc_*.go files add the rules that AWS itself enforces, one file per subject.
package aws

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Options say what a Provider works on.
type Options struct {
	// Store is the cloud. Required.
	Store *cloud.Store
	// Account is the caller's AWS account, which providers check against their allowedAccountIds. Empty: the
	// first account that the provider allows.
	Account string
}

// Provider serves Pulumi's engine as the AWS provider does, on the rehearsal cloud. One Provider serves any number
// of provider instances of one engine operation; each has a connection of its own, by which they are told apart.
// Two engines that run at the same time take a Provider each.
type Provider struct {
	pulumirpc.UnimplementedResourceProviderServer

	options Options

	mu       sync.Mutex
	sessions map[string]*session
	last     *session
	host     *provider.HostClient // nil where no engine has attached
}

// New returns a Provider.
func New(options Options) *Provider {
	return &Provider{options: options, sessions: map[string]*session{}}
}

func connection(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

// session returns the provider instance that a request is for. A connection that was renewed after a long idle time
// belongs to the instance configured last.
func (p *Provider) session(ctx context.Context) (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.sessions[connection(ctx)]; s != nil {
		return s, nil
	}
	if p.last != nil {
		return p.last, nil
	}
	return nil, errors.New("the provider is not configured")
}

// Handshake answers an engine that attaches; it takes the place of Configure's flags.
func (p *Provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// Version is the version of pulumi-aws that this package stands in for: that of the SDK in go.mod, since the engine warns
// about a provider that is older than what the program asks for. The facts may describe an earlier one.
const Version = "6.83.4"

// GetPluginInfo returns the version of the provider.
func (p *Provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns a package without members: enough for programs in Go, which bring their SDK.
func (p *Provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"aws","version":"` + Version + `"}`}, nil
}

// Cancel is accepted; operations end by their requests' contexts.
func (p *Provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// CheckConfig checks a provider's own arguments.
func (p *Provider) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := fromWire(r.GetNews())
	if err != nil {
		return nil, err
	}
	_, failures := checkConfig(news)
	for _, k := range []resource.PropertyKey{"accessKey", "secretKey", "token"} {
		if v, ok := news[k]; ok && !v.ContainsSecrets() {
			news[k] = resource.MakeSecret(v)
		}
	}
	inputs, err := toWire(news)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures}, err
}

// DiffConfig compares a provider's own arguments. Another region replaces the provider, and everything with it.
func (p *Provider) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before := r.GetOldInputs()
	if before == nil {
		before = r.GetOlds()
	}
	olds, news, err := bothFromWire(before, r.GetNews())
	if err != nil {
		return nil, err
	}
	out := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	names := map[string]bool{}
	for _, m := range []resource.PropertyMap{olds, news} {
		for k := range m {
			if !internal(k) && k != "version" && !deepBare(olds[k]).DeepEquals(deepBare(news[k])) {
				names[string(k)] = true
			}
		}
	}
	if len(names) > 0 {
		out.Changes, out.Diffs = pulumirpc.DiffResponse_DIFF_SOME, sortedNames(names)
	}
	if o, n := bare(olds["region"]), bare(news["region"]); names["region"] && o.IsString() && n.IsString() {
		out.Replaces = []string{"region"}
	}
	return out, nil
}

// Configure gives the connection's provider instance its account, region and tags.
func (p *Provider) Configure(ctx context.Context, r *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := fromWire(r.GetArgs())
	if err != nil {
		return nil, err
	}
	s, err := newSession(args, p.options.Account)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions[connection(ctx)], p.last = s, s
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true}, nil
}

// Check holds a resource's inputs against the facts, fills in its name and merges default tags.
func (p *Provider) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	f, err := resourceFactsOf(typeOf(r.GetType(), r.GetUrn()))
	if err != nil {
		return nil, err
	}
	olds, news, err := bothFromWire(r.GetOlds(), r.GetNews())
	if err != nil {
		return nil, err
	}
	inputs, failures := checkResource(f, s, r, olds, news)
	out := &pulumirpc.CheckResponse{Failures: failures}
	out.Inputs, err = toWire(inputs)
	return out, err
}

func checkResource(f *resourceFacts, s *session, r *pulumirpc.CheckRequest, olds, news resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	c := &checker{}
	filled := []resource.PropertyValue{}
	delete(news, defaultsKey)
	if f.Autoname != nil {
		did, err := fillName(f.Autoname, r, olds, news)
		if err != nil {
			c.fail(f.Autoname.Prop, "%v", err)
		}
		if did {
			filled = append(filled, resource.NewStringProperty(f.Autoname.Prop))
		}
	}
	if f.taggable {
		news[tagsAllKey] = s.tags.all(news["tags"])
	}
	inputs := c.object(f.Props, news, "")
	for _, rel := range f.relations {
		rel.check(inputs, func(path, reason string) { c.fail(path, "%s", reason) })
	}
	inputs[defaultsKey] = resource.NewArrayProperty(filled)
	return inputs, c.failures
}

func typeOf(typ, urn string) string {
	if typ != "" {
		return typ
	}
	return string(resource.URN(urn).Type())
}

// Diff says what new inputs change, and what of it replaces the resource.
func (p *Provider) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if _, err := p.session(ctx); err != nil {
		return nil, err
	}
	f, err := resourceFactsOf(typeOf(r.GetType(), r.GetUrn()))
	if err != nil {
		return nil, err
	}
	olds, oldInputs, err := bothFromWire(r.GetOlds(), r.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := fromWire(r.GetNews())
	if err != nil {
		return nil, err
	}
	return diff(f, olds, oldInputs, ignoring(olds, news, r.GetIgnoreChanges())), nil
}

// Invoke answers a data-source function.
func (p *Provider) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	s, err := p.session(ctx)
	if err != nil {
		return nil, err
	}
	f, answer, err := functionFactsOf(r.GetTok())
	if err != nil {
		return nil, err
	}
	args, err := fromWire(r.GetArgs())
	if err != nil {
		return nil, err
	}
	c := &checker{}
	args = c.object(f.Props, args, "")
	if len(c.failures) > 0 {
		return &pulumirpc.InvokeResponse{Failures: c.failures}, nil
	}
	if s.unknown {
		return nil, fmt.Errorf("%s: the provider's account or region is not known yet", r.GetTok())
	}
	given, _ := toAttribute(resource.NewObjectProperty(args)).(map[string]any)
	defaults, _ := toAttribute(resource.NewObjectProperty(s.tags.defaults)).(map[string]any)
	var result cloud.Attributes
	err = p.options.Store.View(func(tx cloud.Tx) error {
		result, err = answer(&FunctionCall{
			Tx: tx, Scope: cloud.Scope{Account: s.account, Region: s.region}, Partition: s.partition,
			Token: r.GetTok(), Args: given, DefaultTags: defaults,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", r.GetTok(), err)
	}
	if result == nil {
		result = cloud.Attributes{}
	}
	// Results carry the arguments too, as data sources do.
	for k, v := range given {
		if _, ok := result[k]; !ok {
			result[k] = v
		}
	}
	id := result["id"]
	m := fromAttribute(&prop{Type: "object", Props: f.Props}, result).ObjectValue()
	if text, ok := id.(string); ok {
		m["id"] = resource.NewStringProperty(text)
	}
	out := &pulumirpc.InvokeResponse{}
	out.Return, err = toWire(m)
	return out, err
}
