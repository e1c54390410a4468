// Package stackfile handles the files of a Pulumi project: their names, and copying them for a run with different secrets
// encryption.
package stackfile

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/internal/datakey"
	"github.com/eks-platform/eks-platform/internal/wholefile"
)

// Project is Pulumi's name for the project.
const Project = "Pulumi.yaml"

// Name is the name of a stack's file.
func Name(stack string) string { return "Pulumi." + stack + ".yaml" }

// encryption are the keys in which a stack file says how secrets are encrypted. A rehearsal has its own answers.
var encryption = []string{"secretsprovider", "encryptedkey", "encryptionsalt"}

// CopyProject copies the project file.
func CopyProject(from, to string) error {
	raw, err := os.ReadFile(filepath.Join(from, Project))
	if err != nil {
		return fmt.Errorf("read the project file: %w", err)
	}
	return wholefile.Replace(filepath.Join(to, Project), raw)
}

// Copy copies a stack's file into a working directory, replacing the real stack's encryption by the rehearsal's.
func Copy(from, to, stack string) error {
	doc, err := Read(filepath.Join(from, Name(stack)))
	if err != nil {
		return err
	}
	for _, key := range encryption {
		remove(doc, key)
	}
	for _, text := range []string{"secretsprovider", datakey.Provider, "encryptedkey", datakey.EncryptedKey} {
		doc.Content[0].Content = append(doc.Content[0].Content, &yaml.Node{Kind: yaml.ScalarNode, Value: text})
	}
	raw, err := yaml.Marshal(doc)
	if err != nil {
		return fmt.Errorf("copy %s: %w", Name(stack), err)
	}
	return wholefile.Replace(filepath.Join(to, Name(stack)), raw)
}

// Read reads a file that holds a mapping.
func Read(path string) (*yaml.Node, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc := &yaml.Node{}
	if err := yaml.Unmarshal(raw, doc); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: must contain a mapping", filepath.Base(path))
	}
	return doc, nil
}

// Find returns the nodes of a top-level key and its value, or nil.
func Find(doc *yaml.Node, key string) (*yaml.Node, *yaml.Node) {
	content := doc.Content[0].Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == key {
			return content[i], content[i+1]
		}
	}
	return nil, nil
}

// remove removes a top-level key from a document.
func remove(doc *yaml.Node, key string) {
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key {
			root.Content = append(root.Content[:i:i], root.Content[i+2:]...)
			return
		}
	}
}
