package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// identifierKey is the setting that alone decides whether a provider is replaced, once it is set.
const identifierKey = resource.PropertyKey("clusterIdentifier")

// settings are the provider settings that change what the rehearsal cloud does.
type settings struct {
	// namespace is the one that objects without a namespace go to; it wins over the kubeconfig's.
	namespace string
	// deleteUnreachable drops the objects of an unreachable cluster from the state.
	deleteUnreachable bool
	// skipUpdateUnreachable keeps them as they are.
	skipUpdateUnreachable bool
	// configMapMutable updates a ConfigMap's data in place instead of replacing it.
	configMapMutable bool
	// secretMutable updates a Secret's data in place instead of replacing it.
	secretMutable bool
	// upsert adopts an object that exists already.
	upsert bool
}

// CheckConfig accepts what the genuine provider accepts, apart from rendering to YAML files, which would leave the
// rehearsal cloud without the objects.
func (s *Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := plugin.UnmarshalProperties(req.GetNews(), plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true})
	if err != nil {
		return nil, err
	}
	resp := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	if v, set := news["renderYamlToDirectory"]; set && v.IsString() && v.StringValue() != "" {
		resp.Failures = append(resp.Failures, &pulumirpc.CheckFailure{
			Property: "renderYamlToDirectory", Reason: "the rehearsal cloud does not render YAML files",
		})
	}
	return resp, nil
}

// DiffConfig says what a change of settings does to the provider, and so to everything it made: with a
// clusterIdentifier that stays the same it is an update, with one that changes a replacement. Without one, a
// different or unknown active cluster in the kubeconfig replaces; adding or removing the identifier does not.
func (s *Server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	options := plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true}
	olds, err := plugin.UnmarshalProperties(req.GetOlds(), options)
	if err != nil {
		return nil, err
	}
	news, err := plugin.UnmarshalProperties(req.GetNews(), options)
	if err != nil {
		return nil, err
	}
	diff := olds.Diff(news)
	if diff == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	resp := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, key := range diff.ChangedKeys() {
		resp.Diffs = append(resp.Diffs, string(key))
	}
	slices.Sort(resp.Diffs)
	if diff.Updated(identifierKey) {
		resp.Replaces = []string{string(identifierKey)}
	}
	if diff.Same(identifierKey) && news.HasValue(identifierKey) {
		return resp, nil
	}

	cluster := []resource.PropertyKey{"kubeconfig", "context", "cluster"}
	for _, key := range cluster {
		if news[key].IsComputed() {
			resp.Replaces = append(resp.Replaces, string(key))
			return resp, nil
		}
	}
	before, after := activeCluster(olds), activeCluster(news)
	if before != nil && after != nil && !reflect.DeepEqual(before.cluster, after.cluster) {
		for _, key := range cluster {
			if slices.Contains(resp.Diffs, string(key)) {
				resp.Replaces = append(resp.Replaces, string(key))
			}
		}
	}
	return resp, nil
}

// activeCluster returns the cluster that settings point at, or nil when they point at none.
func activeCluster(props resource.PropertyMap) *kubeconfig {
	text := func(key resource.PropertyKey) string {
		if v := props[key]; v.IsString() {
			return v.StringValue()
		}
		return ""
	}
	config, err := parseKubeconfig(text("kubeconfig"), text("context"), text("cluster"))
	if err != nil {
		return nil
	}
	return config
}

// Configure takes the settings of one provider instance. A kubeconfig that cannot be read is no error here: it makes
// the cluster unreachable.
func (s *Server) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	//lint:ignore SA1019 The engine fills it for every provider, with secrets as plain text and booleans as words.
	value := func(key string) string { return req.GetVariables()["kubernetes:config:"+key] }
	session := &session{settings: settings{
		namespace:             value("namespace"),
		deleteUnreachable:     value("deleteUnreachable") == "true",
		skipUpdateUnreachable: value("skipUpdateUnreachable") == "true",
		configMapMutable:      value("enableConfigMapMutable") == "true",
		secretMutable:         value("enableSecretMutable") == "true",
		upsert:                value("upsertExistingObjects") == "true",
	}}
	config, err := parseKubeconfig(value("kubeconfig"), value("context"), value("cluster"))
	if err != nil {
		session.broken = fmt.Sprintf("failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %v", err)
	} else {
		session.config = config
	}
	s.configure(ctx, session)
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// defaultNamespace returns the namespace of objects that name none.
func (s *session) defaultNamespace() string {
	switch {
	case s.settings.namespace != "":
		return s.settings.namespace
	case s.config != nil:
		return s.config.namespace
	default:
		return "default"
	}
}
