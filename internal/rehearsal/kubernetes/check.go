package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// autonamed is the annotation on objects whose name the provider chose.
const autonamed = "pulumi.com/autonamed"

// Check names an object, puts it in the default namespace, and refuses what the API server would refuse. The genuine
// provider looks at the schema only once everything is known and the cluster is there; here a preview of a cluster
// that is still to come finds a misspelt field too.
func (s *Server) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.checkRelease(ctx, req)
	}
	urn := resource.URN(req.GetUrn())
	k, err := kindOf(urn)
	if err != nil {
		return nil, err
	}
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	if session.settings.skipUpdateUnreachable && len(req.GetOlds().GetFields()) > 0 && s.unreachable(session) != nil {
		s.warn(ctx, urn, "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
		return &pulumirpc.CheckResponse{Inputs: req.GetOlds()}, nil
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
	var failures []*pulumirpc.CheckFailure
	fixed := map[string]string{"apiVersion": k.apiVersion, "kind": k.name}
	for key, value := range fixed {
		if got, given := manifest[key]; given && got != value {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: key, Reason: fmt.Sprintf("must be %s for %s, got %v", value, urn.Type(), got),
			})
		}
		manifest[key] = value
	}
	if _, given := manifest["metadata"].(unknown); !given {
		if err := nameObject(req, urn, manifest, manifestOf(olds)); err != nil {
			return nil, err
		}
		meta := child(manifest, "metadata")
		if _, given := meta["namespace"]; !given && s.namespaced(session, k) {
			meta["namespace"] = session.defaultNamespace()
		}
	}
	for _, problem := range k.problems(manifest) {
		failures = append(failures, &pulumirpc.CheckFailure{Reason: problem})
	}
	inputs, err := marshal(manifest, news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures}, nil
}

// nameObject gives an object without a name the one it had, or a new one made of the resource's name and eight
// characters that the engine's seed decides.
func nameObject(req *pulumirpc.CheckRequest, urn resource.URN, manifest, olds map[string]any) error {
	meta := child(manifest, "metadata")
	if _, given := meta["name"]; given {
		return nil
	}
	if _, given := meta["generateName"]; given {
		return errors.New("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
	}
	oldMeta, _ := olds["metadata"].(map[string]any)
	oldNotes, _ := oldMeta["annotations"].(map[string]any)
	switch naming := req.GetAutonaming(); {
	case text(oldNotes, autonamed) == "true":
		meta["name"] = oldMeta["name"]
	case naming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return fmt.Errorf("automatic naming is disabled for %s; set metadata.name", urn)
	case naming.GetProposedName() != "":
		meta["name"] = naming.GetProposedName()
	default:
		name, err := resource.NewUniqueName(req.GetRandomSeed(), urn.Name()+"-", 8, 253, nil)
		if err != nil {
			return err
		}
		meta["name"] = name
	}
	child(meta, "annotations")[autonamed] = "true"
	return nil
}

// namespaced reports whether objects of a kind live in a namespace. Of a custom kind only its definition in the cluster
// knows; until there is one, the genuine provider takes it that they do.
func (s *Server) namespaced(session *session, k *kind) bool {
	if !k.custom {
		return k.namespaced
	}
	var d *definition
	_ = s.store.View(func(tx cloud.Tx) error {
		c, err := session.cluster(tx)
		if err == nil {
			d = c.definition(k)
		}
		return err
	})
	return d == nil || !d.clusterWide
}

// unreachable returns why a provider instance's cluster does not answer, or nil.
func (s *Server) unreachable(session *session) error {
	return s.store.View(func(tx cloud.Tx) error {
		_, err := session.cluster(tx)
		return err
	})
}
