package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/uuid"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// errPreview ends the transaction of a preview, so that nothing of it stays.
var errPreview = errors.New("preview")

// removal is the genuine provider's advice about objects of a cluster that is gone.
const removal = "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the " +
	"operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\""

// request is one operation on one object.
type request struct {
	urn     resource.URN
	kind    *kind
	session *session
	// manager is the field manager that the resource applies as.
	manager string
}

// managerKey is the output that holds a resource's field manager, so that it stays when the resource is renamed.
const managerKey = "__fieldManager"

// request prepares an operation.
func (s *Server) request(ctx context.Context, urn string, olds *structpb.Struct) (*request, error) {
	k, err := kindOf(resource.URN(urn))
	if err != nil {
		return nil, err
	}
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	r := &request{urn: resource.URN(urn), kind: k, session: session, manager: olds.GetFields()[managerKey].GetStringValue()}
	if r.manager == "" {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(urn))
		r.manager = fmt.Sprintf("pulumi-kubernetes-%08x", hash.Sum32())
	}
	return r, nil
}

// Create makes an object. A preview does the same on a copy, and hands back the inputs where that cannot work yet:
// the cluster or the namespace is still to come, or values are unknown.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	if isRelease(req.GetUrn()) {
		id, state, err := s.writeRelease(ctx, req.GetProperties(), req.GetPreview(), true)
		return &pulumirpc.CreateResponse{Id: id, Properties: state}, err
	}
	r, err := s.request(ctx, req.GetUrn(), nil)
	if err != nil {
		return nil, err
	}
	inputs, err := plugin.UnmarshalProperties(req.GetProperties(), wire)
	if err != nil {
		return nil, err
	}
	asIs := &pulumirpc.CreateResponse{Properties: req.GetProperties()}
	if req.GetPreview() && inputs.ContainsUnknowns() {
		return asIs, nil
	}
	manifest := manifestOf(inputs)
	namespace, name := identityOf(manifest)
	var live map[string]any
	err = s.write(req.GetPreview(), func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		if err := c.serves(r.kind); err != nil {
			return err
		}
		live = map[string]any{}
		if o, ok := c.get(r.kind, namespace, name); ok {
			live = o.Attributes
		} else if c.automatic(r.kind, namespace, name) {
			live = r.kind.minimal(namespace, name)
		}
		if len(live) > 0 && !r.session.settings.upsert {
			return apierrors.NewAlreadyExists(r.kind.resource(), name)
		}
		return r.apply(c, live, nil, manifest, namespace, name)
	})
	var gone unreachable
	switch {
	case req.GetPreview() && errors.As(err, &gone):
		s.warn(ctx, r.urn, "%v", err)
		return asIs, nil
	case req.GetPreview() && (mayBeLater(err) || apierrors.IsForbidden(err)): // what it takes for a lack of permission
		return asIs, nil
	case errors.As(err, &gone):
		return nil, err
	case err != nil && !errors.Is(err, errPreview):
		return nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", r.urn, err)
	}
	resp := &pulumirpc.CreateResponse{}
	if req.GetPreview() {
		// Only the API server knows these, and only once it made the object.
		delete(live, "status")
		delete(child(live, "metadata"), "uid")
		delete(child(live, "metadata"), "creationTimestamp")
	} else {
		resp.Id = qualified(namespace, name)
	}
	resp.Properties, err = marshal(live, inputs)
	return resp, err
}

// Read returns an object as it is in the cluster; an empty answer says that it is gone.
func (s *Server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.readRelease(ctx, req)
	}
	r, err := s.request(ctx, req.GetUrn(), req.GetProperties())
	if err != nil {
		return nil, err
	}
	var o *cloud.Object
	err = s.store.View(func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		var ok bool
		namespace, name := parted(req.GetId())
		if o, ok = c.get(r.kind, namespace, name); !ok && c.automatic(r.kind, namespace, name) {
			o = &cloud.Object{Attributes: r.kind.minimal(namespace, name)}
		}
		return nil
	})
	if err != nil {
		return s.unreadable(ctx, r.session, req, err)
	}
	if o == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	oldInputs, err := plugin.UnmarshalProperties(req.GetInputs(), wire)
	if err != nil {
		return nil, err
	}
	inputs := r.kind.shapeOf(o.Attributes, manifestOf(oldInputs))
	if len(oldInputs) == 0 {
		// An import: everything that is not the API server's own is an input.
		inputs = manifestOf(resource.NewPropertyMapFromMap(o.Attributes))
		delete(inputs, "status")
		delete(inputs, managerKey)
	}
	r.output(o.Attributes)
	resp := &pulumirpc.ReadResponse{Id: req.GetId()}
	if resp.Inputs, err = marshal(inputs, oldInputs); err != nil {
		return nil, err
	}
	resp.Properties, err = marshal(o.Attributes, oldInputs)
	return resp, err
}

// Update changes an object in place.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	if isRelease(req.GetUrn()) {
		_, state, err := s.writeRelease(ctx, req.GetNews(), req.GetPreview(), false)
		return &pulumirpc.UpdateResponse{Properties: state}, err
	}
	r, err := s.request(ctx, req.GetUrn(), req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := plugin.UnmarshalProperties(req.GetNews(), wire)
	if err != nil {
		return nil, err
	}
	asIs := &pulumirpc.UpdateResponse{Properties: req.GetNews()}
	if req.GetPreview() && news.ContainsUnknowns() {
		return asIs, nil
	}
	_, before, after, err := manifests(req)
	if err != nil {
		return nil, err
	}
	namespace, name := identityOf(after)
	var live map[string]any
	err = s.write(req.GetPreview(), func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		if err := c.serves(r.kind); err != nil {
			return err
		}
		live = nil
		if o, ok := c.get(r.kind, namespace, name); ok {
			live = o.Attributes
		} else if c.automatic(r.kind, namespace, name) {
			live = r.kind.minimal(namespace, name)
		} else {
			return apierrors.NewNotFound(r.kind.resource(), name)
		}
		if err := r.kind.refuseChange(name, live, before, after); err != nil {
			return err
		}
		return r.apply(c, live, before, after, namespace, name)
	})
	var gone unreachable
	switch {
	case req.GetPreview() && errors.As(err, &gone):
		s.warn(ctx, r.urn, "%v", err)
		return asIs, nil
	case req.GetPreview() && (mayBeLater(err) || apierrors.IsForbidden(err)): // what it takes for a lack of permission
		return asIs, nil
	case errors.As(err, &gone):
		return nil, err
	case err != nil && !errors.Is(err, errPreview):
		return nil, fmt.Errorf("resource %q was not successfully updated by the Kubernetes API server: %w", r.urn, err)
	}
	properties, err := marshal(live, news)
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Delete removes an object; a namespace takes everything in it along.
func (s *Server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if isRelease(req.GetUrn()) {
		return s.deleteRelease(ctx, req)
	}
	r, err := s.request(ctx, req.GetUrn(), req.GetProperties())
	if err != nil {
		return nil, err
	}
	namespace, name, err := identity(req.GetProperties())
	if err != nil {
		return nil, err
	}
	err = s.store.Update(func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		return c.delete(r.kind, namespace, name)
	})
	return s.deleted(ctx, r.urn, r.session, err)
}

// output turns what was stored of an object into what the engine gets.
func (r *request) output(live map[string]any) {
	delete(child(live, "metadata"), "managedFields")
	live[managerKey] = r.manager
}

// unreadable answers a refresh of an unreachable cluster as the provider's settings say.
func (s *Server) unreadable(ctx context.Context, session *session, req *pulumirpc.ReadRequest, why error) (*pulumirpc.ReadResponse, error) {
	s.warn(ctx, resource.URN(req.GetUrn()), "%v", why)
	switch {
	case session.settings.deleteUnreachable:
		return &pulumirpc.ReadResponse{}, nil
	case session.settings.skipUpdateUnreachable:
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	default:
		return nil, errors.New("failed to read resource state due to unreachable cluster. " + removal)
	}
}

// deleted answers a deletion: one in an unreachable cluster succeeds only where the provider's settings say so.
func (s *Server) deleted(ctx context.Context, urn resource.URN, session *session, err error) (*emptypb.Empty, error) {
	var gone unreachable
	if errors.As(err, &gone) {
		s.warn(ctx, urn, "%v", err)
		if !session.settings.deleteUnreachable {
			return nil, errors.New("configured Kubernetes cluster is unreachable. " + removal)
		}
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// write runs a change of an object, in a preview without keeping it. A real change waits a little for what the object
// refers to; a preview does not, since what is missing may come earlier in the same update.
func (s *Server) write(preview bool, change func(cloud.Tx) error) error {
	if !preview {
		return s.eventually(change)
	}
	return s.store.Update(func(tx cloud.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return errPreview
	})
}

// mayBeLater says that what a preview finds missing or taken may come or go earlier in the same update.
func mayBeLater(err error) bool {
	var missing dangling
	return apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || meta.IsNoMatchError(errors.Unwrap(err)) || errors.As(err, &missing)
}

// apply brings a live object, new or old, to a manifest and puts it into the cluster.
func (r *request) apply(c *cluster, live, before, after map[string]any, namespace, name string) error {
	if r.kind.custom {
		if err := c.definition(r.kind).fits(namespace, after); err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("%s %q is invalid: %v", r.kind.name, name, err))
		}
	}
	o, problems := r.kind.decode(after)
	if len(problems) > 0 {
		return apierrors.NewBadRequest(strings.Join(problems, "; "))
	}
	if namespace != "" && !c.exists(namespaceKind, "", namespace) {
		return apierrors.NewNotFound(namespaceKind.resource(), namespace)
	}
	if err := c.dangling(r.kind, o); err != nil {
		return err
	}
	if err := c.compiles(r.kind, o); err != nil {
		return err
	}
	review, err := c.review(r.kind, live)
	if err != nil {
		return err
	}
	owners := managersOf(live)
	force := o.GetAnnotations()[forceAnnotation] == "true"
	if err := owners.claim(r.manager, live, after, force); err != nil {
		return err
	}
	metadata := child(live, "metadata")
	if _, adopted := metadata["uid"]; !adopted {
		metadata["uid"] = string(uuid.NewUUID())
		metadata["creationTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	}
	apply(live, before, after)
	if err := r.kind.fillDefaults(live); err != nil {
		return err
	}
	if err := review.admit(live); err != nil {
		return err
	}
	if r.kind.complete != nil {
		r.kind.complete(c, live)
	}
	owners.write(live)
	if err := c.put(r.kind, namespace, name, live); err != nil {
		return err
	}
	r.output(live)
	return nil
}

// identity returns the namespace and name in an object's state.
func identity(state *structpb.Struct) (namespace, name string, err error) {
	props, err := plugin.UnmarshalProperties(state, wire)
	if err != nil {
		return "", "", err
	}
	namespace, name = identityOf(manifestOf(props))
	return namespace, name, nil
}

// identityOf returns the namespace and name in a manifest.
func identityOf(manifest map[string]any) (namespace, name string) {
	metadata := child(manifest, "metadata")
	return text(metadata, "namespace"), text(metadata, "name")
}
