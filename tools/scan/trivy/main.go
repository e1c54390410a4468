// Trivy runs trivy's checks of AWS resources on the output of "platform render", and writes what they find into each
// environment's directory, as trivy.json, for the program in the directory above:
//
//	go run -C tools/scan/trivy . /tmp/rendered
//
// It is a module of its own because trivy and kube-score need different versions of Kubernetes' API.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform"
)

// finding is a failed check of a resource, "aws_type.name".
type finding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Object   string `json:"object"`
	Message  string `json:"message"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: trivy DIRECTORY (of platform render)")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*", "aws.tf"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no environments: write them with platform render", dir)
	}
	for _, f := range files {
		found, err := scan(filepath.Dir(f))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		text, err := json.MarshalIndent(found, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(f), "trivy.json"), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// scan runs the checks over the Terraform configuration in a directory.
func scan(dir string) ([]finding, error) {
	s := terraform.New(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true), rego.WithPolicyNamespaces("builtin"))
	results, err := s.ScanFS(context.Background(), os.DirFS(dir), ".")
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, errors.New("no check applies to anything in it")
	}
	out := []finding{}
	for _, r := range results.GetFailed() {
		resource := r.Metadata()
		for resource.Parent() != nil {
			resource = *resource.Parent()
		}
		out = append(out, finding{Rule: r.Rule().ID, Severity: string(r.Severity()), Object: resource.Reference(), Message: r.Description()})
	}
	return out, nil
}
