package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/facts"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// releaseToken is the Pulumi type token of Helm releases.
const releaseToken = "kubernetes:helm.sh/v3:Release"

// releaseKind is how releases lie in the store. They are no API objects, so the rules of objects do not apply.
var releaseKind = &kind{apiVersion: "helm.sh/v3", name: "Release", plural: "releases", namespaced: true}

// releaseTimeout is the genuine provider's default for waiting for a release, in seconds.
const releaseTimeout = 300.0

// release is the input of the genuine resource; a property that is not here is refused.
type release struct {
	AllowNullValues          bool           `json:"allowNullValues"`
	Atomic                   bool           `json:"atomic"`
	Chart                    string         `json:"chart"`
	Checksum                 string         `json:"checksum"`
	CleanupOnFail            bool           `json:"cleanupOnFail"`
	Compat                   string         `json:"compat"`
	CreateNamespace          bool           `json:"createNamespace"`
	DependencyUpdate         bool           `json:"dependencyUpdate"`
	Description              string         `json:"description"`
	Devel                    bool           `json:"devel"`
	DisableCRDHooks          bool           `json:"disableCRDHooks"`
	DisableOpenapiValidation bool           `json:"disableOpenapiValidation"`
	DisableWebhooks          bool           `json:"disableWebhooks"`
	ForceUpdate              bool           `json:"forceUpdate"`
	Keyring                  string         `json:"keyring"`
	Lint                     bool           `json:"lint"`
	Manifest                 map[string]any `json:"manifest"`
	MaxHistory               *int           `json:"maxHistory"`
	Name                     string         `json:"name"`
	Namespace                string         `json:"namespace"`
	Postrender               string         `json:"postrender"`
	RecreatePods             bool           `json:"recreatePods"`
	RenderSubchartNotes      bool           `json:"renderSubchartNotes"`
	Replace                  bool           `json:"replace"`
	RepositoryOpts           repository     `json:"repositoryOpts"`
	ResetValues              bool           `json:"resetValues"`
	ResourceNames            map[string]any `json:"resourceNames"`
	ReuseValues              bool           `json:"reuseValues"`
	SkipAwait                bool           `json:"skipAwait"`
	SkipCrds                 bool           `json:"skipCrds"`
	Timeout                  int            `json:"timeout"`
	ValueYamlFiles           []any          `json:"valueYamlFiles"`
	Values                   map[string]any `json:"values"`
	Verify                   bool           `json:"verify"`
	Version                  string         `json:"version"`
	WaitForJobs              bool           `json:"waitForJobs"`
}

type repository struct {
	Repo     string `json:"repo"`
	CAFile   string `json:"caFile"`
	CertFile string `json:"certFile"`
	KeyFile  string `json:"keyFile"`
	Password string `json:"password"`
	Username string `json:"username"`
}

func isRelease(urn string) bool { return string(resource.URN(urn).Type()) == releaseToken }

// decodeRelease reads inputs strictly; what is unknown is left out.
func decodeRelease(manifest map[string]any) (*release, error) {
	known, _ := withoutUnknowns(manifest)
	text, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	r := &release{}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return r, d.Decode(r)
}

// releaseName is Helm's rule for the names of releases: a DNS subdomain of at most 53 characters.
var releaseName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// checkRelease names a release, fills in the genuine provider's defaults, and picks the chart's version.
func (s *Server) checkRelease(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	olds, err := plugin.UnmarshalProperties(req.GetOlds(), wire)
	if err != nil {
		return nil, err
	}
	news, err := plugin.UnmarshalProperties(req.GetNews(), wire)
	if err != nil {
		return nil, err
	}
	manifest := manifestOf(news)
	set := func(key string, value any) {
		if given, ok := manifest[key]; !ok || given == "" {
			manifest[key] = value
		}
	}
	urn := resource.URN(req.GetUrn())
	if old := text(manifestOf(olds), "name"); old != "" {
		set("name", old)
	} else {
		name, err := resource.NewUniqueName(req.GetRandomSeed(), urn.Name()+"-", 8, 0, nil)
		if err != nil {
			return nil, err
		}
		set("name", name)
	}
	set("namespace", session.defaultNamespace())
	if manifest["skipAwait"] != true {
		set("timeout", releaseTimeout)
	}
	resp := &pulumirpc.CheckResponse{}
	refuse := func(property, format string, args ...any) {
		resp.Failures = append(resp.Failures, &pulumirpc.CheckFailure{Property: property, Reason: fmt.Sprintf(format, args...)})
	}
	r, err := decodeRelease(manifest)
	if err != nil {
		refuse("", "%v", err)
		r = &release{}
	}
	_, unknownChart := manifest["chart"].(unknown)
	_, unknownVersion := manifest["version"].(unknown)
	_, unknownOpts := manifest["repositoryOpts"].(unknown)
	if err == nil && !unknownChart && !unknownVersion && !unknownOpts {
		version, err := resolveChart(r)
		if err != nil {
			refuse("chart", "%v; check the chart name and repository configuration.", err)
		} else {
			manifest["version"] = version
		}
	}
	if r.Name != "" && (len(r.Name) > 53 || !releaseName.MatchString(r.Name)) {
		refuse("name", "invalid release name, must match regex %s and the length must not be longer than 53, got %q", releaseName, r.Name)
	}
	resp.Inputs, err = marshal(manifest, news)
	return resp, err
}

// diffRelease compares the inputs. Another name or namespace replaces the release; everything else is an upgrade.
func (s *Server) diffRelease(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, before, after, err := manifests(req)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"checksum", "resourceNames"} {
		delete(before, key)
		delete(after, key)
	}
	d := &differ{ignored: paths(req.GetIgnoreChanges()), replaceOn: paths([]string{"name", "namespace"}), found: map[string]*pulumirpc.PropertyDiff{}}
	d.maps(nil, before, after)
	return d.response(), nil
}

// writeRelease installs or upgrades a release.
func (s *Server) writeRelease(ctx context.Context, properties *structpb.Struct, preview, create bool) (id string, state *structpb.Struct, err error) {
	session, err := s.session(ctx)
	if err != nil {
		return "", nil, err
	}
	inputs, err := plugin.UnmarshalProperties(properties, wire)
	if err != nil {
		return "", nil, err
	}
	if preview {
		state := maps.Clone(inputs)
		for _, output := range []resource.PropertyKey{"status", "resourceNames"} {
			state[output] = resource.MakeComputed(resource.NewProperty(""))
		}
		out, err := plugin.MarshalProperties(state, wire)
		return "", out, err
	}
	manifest := manifestOf(inputs)
	r, err := decodeRelease(manifest)
	if err != nil {
		return "", nil, err
	}
	err = s.store.Update(func(tx cloud.Tx) error {
		c, err := session.cluster(tx)
		if err != nil {
			verb := "update"
			if create {
				verb = "create"
			}
			return fmt.Errorf("can't %s Helm Release with unreachable cluster: %w", verb, err)
		}
		return c.install(r, manifest, create)
	})
	if err != nil {
		return "", nil, err
	}
	state, err = marshal(manifest, inputs)
	return qualified(r.Namespace, r.Name), state, err
}

// install writes a release into the cluster, with its status.
func (c *cluster) install(r *release, manifest map[string]any, create bool) error {
	revision := 1.0
	old, exists := c.get(releaseKind, r.Namespace, r.Name)
	switch {
	case create && exists && !r.Replace:
		return errors.New("cannot re-use a name that is still in use")
	case !create && !exists:
		return fmt.Errorf("%q has no deployed releases", r.Name)
	case exists:
		status, _ := old.Attributes["status"].(map[string]any)
		number, _ := status["revision"].(float64)
		revision = number + 1
	}
	if !c.exists(namespaceKind, "", r.Namespace) {
		if !r.CreateNamespace {
			return fmt.Errorf("create: failed to create: namespaces %q not found", r.Namespace)
		}
		ns := namespaceKind.minimal("", r.Namespace)
		namespaceKind.complete(c, ns)
		if err := c.put(namespaceKind, "", r.Namespace, ns); err != nil {
			return err
		}
	}
	name := r.Chart[strings.LastIndex(r.Chart, "/")+1:]
	status := map[string]any{
		"chart": name, "name": r.Name, "namespace": r.Namespace, "revision": revision, "status": "deployed", "version": r.Version,
	}
	if known, _ := chartOf(name); known.Versions[r.Version] != "" {
		status["appVersion"] = known.Versions[r.Version]
	}
	manifest["status"] = status
	manifest["resourceNames"] = map[string]any{}
	return c.put(releaseKind, r.Namespace, r.Name, manifest)
}

// readRelease returns a release as it is, with the inputs that made it.
func (s *Server) readRelease(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	var o *cloud.Object
	err = s.store.View(func(tx cloud.Tx) error {
		c, err := session.cluster(tx)
		if err != nil {
			return err
		}
		namespace, name, _ := strings.Cut(req.GetId(), "/")
		o, _ = c.get(releaseKind, namespace, name)
		return nil
	})
	if err != nil {
		return s.unreadable(ctx, session, req, err)
	}
	if o == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	oldInputs, err := plugin.UnmarshalProperties(req.GetInputs(), wire)
	if err != nil {
		return nil, err
	}
	inputs := shapeOf(o.Attributes, manifestOf(oldInputs))
	if len(oldInputs) == 0 {
		inputs = maps.Clone(o.Attributes)
		delete(inputs, "status")
		delete(inputs, "resourceNames")
	}
	resp := &pulumirpc.ReadResponse{Id: req.GetId()}
	if resp.Inputs, err = marshal(inputs, oldInputs); err != nil {
		return nil, err
	}
	resp.Properties, err = marshal(o.Attributes, oldInputs)
	return resp, err
}

// deleteRelease uninstalls a release. Its namespace stays, also one that it made.
func (s *Server) deleteRelease(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	namespace, name, _ := strings.Cut(req.GetId(), "/")
	err = s.store.Update(func(tx cloud.Tx) error {
		c, err := session.cluster(tx)
		if err != nil {
			return err
		}
		if _, ok := c.get(releaseKind, namespace, name); !ok {
			return fmt.Errorf("uninstall: Release not loaded: %s: release: not found", name)
		}
		return c.delete(releaseKind, namespace, name)
	})
	return s.deleted(ctx, resource.URN(req.GetUrn()), session, err)
}

// releases returns the Helm releases of the cluster.
func (c *cluster) releases() []*cloud.Object { return c.list(releaseKind) }

// broughtDefinitions returns the custom kinds that the cluster has without anybody making their definition here.
func (c *cluster) broughtDefinitions() []definition {
	out := definitionsOf(facts.ClusterKinds)
	for _, o := range c.addons() {
		out = append(out, definitionsOf(facts.Addons()[text(o.Attributes, "addonName")].Kinds)...)
	}
	for _, o := range c.releases() {
		known, ok := chartOf(text(o.Attributes, "chart"))
		if !ok || o.Attributes["skipCrds"] == true && known.CRDsDirectory {
			continue
		}
		values, _ := o.Attributes["values"].(map[string]any)
		if switchedOff(known, values) {
			continue
		}
		out = append(out, definitionsOf(known.Kinds)...)
	}
	return out
}
