package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
}

// request prepares an operation.
func (s *Server) request(ctx context.Context, urn string) (*request, error) {
	k, err := kindOf(resource.URN(urn))
	if err != nil {
		return nil, err
	}
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	return &request{urn: resource.URN(urn), kind: k, session: session}, nil
}

// Create makes an object. A preview does the same on a copy, and hands back the inputs where that cannot work yet:
// the cluster or the namespace is still to come, or values are unknown.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r, err := s.request(ctx, req.GetUrn())
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
	meta := child(manifest, "metadata")
	namespace, name := text(meta, "namespace"), text(meta, "name")
	var live map[string]any
	err = s.store.Update(func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		if c.exists(r.kind, namespace, name) && !r.session.settings.upsert {
			return apierrors.NewAlreadyExists(r.kind.resource(), name)
		}
		live = map[string]any{}
		if o, ok := c.get(r.kind, namespace, name); ok {
			live = o.Attributes
		}
		meta := child(live, "metadata")
		if _, adopted := meta["uid"]; !adopted {
			meta["uid"] = string(uuid.NewUUID())
			meta["creationTimestamp"] = time.Now().UTC().Format(time.RFC3339)
		}
		apply(live, nil, manifest)
		if r.kind.complete != nil {
			r.kind.complete(live)
		}
		if err := c.put(r.kind, namespace, name, live); err != nil {
			return err
		}
		if req.GetPreview() {
			return errPreview
		}
		return nil
	})
	var gone unreachable
	switch {
	case req.GetPreview() && errors.As(err, &gone):
		s.warn(ctx, r.urn, "%v", err)
		return asIs, nil
	case req.GetPreview() && apierrors.IsNotFound(err), req.GetPreview() && apierrors.IsAlreadyExists(err):
		// The namespace may come, and the object may go, earlier in the same update.
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
	r, err := s.request(ctx, req.GetUrn())
	if err != nil {
		return nil, err
	}
	var o *cloud.Object
	err = s.store.View(func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		o, _ = tx.Get(c.object.Scope, r.kind.storeType(), c.object.ID+"/"+req.GetId())
		return nil
	})
	if err != nil {
		s.warn(ctx, r.urn, "%v", err)
		switch {
		case r.session.settings.deleteUnreachable:
			return &pulumirpc.ReadResponse{}, nil
		case r.session.settings.skipUpdateUnreachable:
			return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
		default:
			return nil, errors.New("failed to read resource state due to unreachable cluster. " + removal)
		}
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
		// An import: everything that is not the API server's own is an input.
		inputs = manifestOf(resource.NewPropertyMapFromMap(o.Attributes))
		delete(inputs, "status")
	}
	resp := &pulumirpc.ReadResponse{Id: req.GetId()}
	if resp.Inputs, err = marshal(inputs, oldInputs); err != nil {
		return nil, err
	}
	resp.Properties, err = marshal(o.Attributes, oldInputs)
	return resp, err
}

// Update changes an object in place.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	r, err := s.request(ctx, req.GetUrn())
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
	meta := child(after, "metadata")
	namespace, name := text(meta, "namespace"), text(meta, "name")
	var live map[string]any
	err = s.store.Update(func(tx cloud.Tx) error {
		c, err := r.session.cluster(tx)
		if err != nil {
			return err
		}
		o, ok := c.get(r.kind, namespace, name)
		if !ok {
			return apierrors.NewNotFound(r.kind.resource(), name)
		}
		live = o.Attributes
		apply(live, before, after)
		if r.kind.complete != nil {
			r.kind.complete(live)
		}
		if err := c.put(r.kind, namespace, name, live); err != nil {
			return err
		}
		if req.GetPreview() {
			return errPreview
		}
		return nil
	})
	var gone unreachable
	switch {
	case req.GetPreview() && errors.As(err, &gone):
		s.warn(ctx, r.urn, "%v", err)
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
	r, err := s.request(ctx, req.GetUrn())
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
	var gone unreachable
	if errors.As(err, &gone) {
		s.warn(ctx, r.urn, "%v", err)
		if !r.session.settings.deleteUnreachable {
			return nil, errors.New("configured Kubernetes cluster is unreachable. " + removal)
		}
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// identity returns the namespace and name in an object's state.
func identity(state *structpb.Struct) (namespace, name string, err error) {
	props, err := plugin.UnmarshalProperties(state, wire)
	if err != nil {
		return "", "", err
	}
	meta := child(manifestOf(props), "metadata")
	return text(meta, "namespace"), text(meta, "name"), nil
}

// resource names the kind in the API server's errors.
func (k *kind) resource() schema.GroupResource {
	gv, _ := schema.ParseGroupVersion(k.apiVersion)
	return schema.GroupResource{Group: gv.Group, Resource: k.plural}
}
