package kubernetes

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// Diff compares what the program wants with the part of the live object that it spoke of before, so that what the
// API server and other managers add is no change.
func (s *Server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.diffRelease(ctx, req)
	}
	k, err := kindOf(resource.URN(req.GetUrn()))
	if err != nil {
		return nil, err
	}
	session, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	live, before, after, err := manifests(req)
	if err != nil {
		return nil, err
	}
	d := &differ{
		ignored: paths(req.GetIgnoreChanges()), replaceOn: paths(k.replacing(session.settings, after)),
		found: map[string]*pulumirpc.PropertyDiff{},
	}
	d.maps(nil, k.shapeOf(live, before), after)

	resp := d.response()
	resp.DeleteBeforeReplace = len(resp.Replaces) > 0 && keepsItsName(live, after)
	return resp, nil
}

// response returns what was found, in a stable order: Diffs are the members at the top alone, as in the genuine provider, whose
// detailed diff has the paths.
func (d *differ) response() *pulumirpc.DiffResponse {
	resp := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: d.found, HasDetailedDiff: true,
	}
	for _, path := range slices.Sorted(maps.Keys(d.found)) {
		resp.Changes = pulumirpc.DiffResponse_DIFF_SOME
		top := path
		if i := strings.IndexAny(path, ".["); i > 0 {
			top = path[:i]
		}
		if !slices.Contains(resp.Diffs, top) {
			resp.Diffs = append(resp.Diffs, top)
		}
		switch d.found[path].Kind {
		case pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_DELETE_REPLACE, pulumirpc.PropertyDiff_UPDATE_REPLACE:
			resp.Replaces = append(resp.Replaces, path)
		}
	}
	return resp
}

// keepsItsName says that a replacement cannot exist beside the object it replaces: the program chose the name, and it
// stays.
func keepsItsName(live, after map[string]any) bool {
	old, _ := live["metadata"].(map[string]any)
	meta, _ := after["metadata"].(map[string]any)
	notes, _ := meta["annotations"].(map[string]any)
	return text(notes, autonamed) != "true" && text(meta, "name") != "" &&
		text(meta, "name") == text(old, "name") && text(meta, "namespace") == text(old, "namespace")
}

// manifests returns the live object of a request, what the program wanted before, and what it wants now.
func manifests(req interface {
	GetOlds() *structpb.Struct
	GetOldInputs() *structpb.Struct
	GetNews() *structpb.Struct
}) (live, before, after map[string]any, err error) {
	olds, err := plugin.UnmarshalProperties(req.GetOlds(), wire)
	if err != nil {
		return nil, nil, nil, err
	}
	oldInputs, err := plugin.UnmarshalProperties(req.GetOldInputs(), wire)
	if err != nil {
		return nil, nil, nil, err
	}
	news, err := plugin.UnmarshalProperties(req.GetNews(), wire)
	if err != nil {
		return nil, nil, nil, err
	}
	return manifestOf(olds), manifestOf(oldInputs), manifestOf(news), nil
}

// differ collects the differences between two manifests by property path.
type differ struct {
	ignored, replaceOn []resource.PropertyPath
	found              map[string]*pulumirpc.PropertyDiff
}

func (d *differ) maps(at resource.PropertyPath, before, after map[string]any) {
	for key, old := range before {
		path := append(slices.Clone(at), key)
		if wanted, named := after[key]; named {
			d.values(path, old, wanted)
		} else {
			d.add(path, pulumirpc.PropertyDiff_DELETE)
		}
	}
	for key := range after {
		if _, had := before[key]; !had {
			d.add(append(slices.Clone(at), key), pulumirpc.PropertyDiff_ADD)
		}
	}
}

func (d *differ) values(at resource.PropertyPath, before, after any) {
	if old, ok := before.(map[string]any); ok {
		if wanted, ok := after.(map[string]any); ok {
			d.maps(at, old, wanted)
			return
		}
	}
	if old, ok := before.([]any); ok {
		if wanted, ok := after.([]any); ok && len(old) == len(wanted) {
			for i := range old {
				d.values(append(slices.Clone(at), i), old[i], wanted[i])
			}
			return
		}
	}
	// An unknown value is never equal to anything, also not to itself.
	if _, isUnknown := after.(unknown); isUnknown || !reflect.DeepEqual(before, after) {
		d.add(at, pulumirpc.PropertyDiff_UPDATE)
	}
}

func (d *differ) add(path resource.PropertyPath, change pulumirpc.PropertyDiff_Kind) {
	for _, p := range d.ignored {
		if p.Contains(path) {
			return
		}
	}
	for _, p := range d.replaceOn {
		// A whole object that comes or goes takes the properties below it along.
		if p.Contains(path) || path.Contains(p) && change != pulumirpc.PropertyDiff_UPDATE {
			change = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
				pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
				pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
				pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
			}[change]
			break
		}
	}
	d.found[path.String()] = &pulumirpc.PropertyDiff{Kind: change}
}

// paths parses property paths; one that does not parse is taken as a single key.
func paths(texts []string) []resource.PropertyPath {
	out := make([]resource.PropertyPath, len(texts))
	for i, t := range texts {
		p, err := resource.ParsePropertyPath(strings.TrimPrefix(t, "."))
		if err != nil {
			p = resource.PropertyPath{t}
		}
		out[i] = p
	}
	return out
}
