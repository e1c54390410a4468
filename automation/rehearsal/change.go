package rehearsal

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/stackfile"
	"github.com/eks-platform/eks-platform/internal/wholefile"
)

// change is a change of a stack file that must be an update in place.
type change struct {
	// apply edits the file and says in a few words what it did.
	apply func(file string) (string, error)
	// typ is the type of which one resource must be updated.
	typ string
}

// labelChange adds a label to the first node group. EKS changes labels of a managed node group in place.
var labelChange = &change{apply: addLabel, typ: "aws:eks/nodeGroup:NodeGroup"}

// The label that is added. Keys without a domain belong to the cluster's users.
const (
	rehearsalLabel = "rehearsal"
	rehearsalValue = "changed"
)

func addLabel(file string) (string, error) {
	name := filepath.Base(file)
	doc, err := stackfile.Read(file)
	if err != nil {
		return "", err
	}
	groups := configured(doc, "nodeGroups")
	if groups == nil || groups.Kind != yaml.SequenceNode || len(groups.Content) == 0 || groups.Content[0].Kind != yaml.MappingNode {
		return "", fmt.Errorf("%s: there is no node group to change", name)
	}
	group := groups.Content[0]
	labels := member(group, "labels")
	if labels == nil {
		labels = &yaml.Node{Kind: yaml.MappingNode}
		group.Content = append(group.Content, scalar("labels"), labels)
	}
	labels.Content = append(labels.Content, scalar(rehearsalLabel), scalar(rehearsalValue))
	raw, err := yaml.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("change %s: %w", name, err)
	}
	return fmt.Sprintf("one more label on node group %s", member(group, "name").Value), wholefile.Replace(file, raw)
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// member returns the value of a mapping's key, or nil.
func member(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// configured returns the value of a configuration key, with or without the project's name as a prefix.
func configured(doc *yaml.Node, key string) *yaml.Node {
	_, config := stackfile.Find(doc, "config")
	if config == nil {
		return nil
	}
	for i := 0; i+1 < len(config.Content); i += 2 {
		name := config.Content[i].Value
		if name == key || strings.HasSuffix(name, ":"+key) {
			return config.Content[i+1]
		}
	}
	return nil
}

// inPlace returns an error if a planned change is not the update that it must be.
func (c *change) inPlace(r *plan.Result) error {
	updated := false
	for _, s := range r.Steps {
		switch {
		case s.Op == "replace" || s.Op == "delete":
			return fmt.Errorf("the change must happen in place, and would %s", s)
		case s.Type == c.typ && s.Op == "update":
			updated = true
		}
	}
	if !updated {
		return errors.New("the change must update a " + c.typ + ", and none would be updated")
	}
	return nil
}
