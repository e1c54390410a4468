// Scan runs public scanners on the output of "platform render" and compares their findings with the reviewed exceptions in
// exceptions.yaml: it fails for a finding without an exception, and for an exception without a finding.
//
//	go run ./cmd/platform render --project tests/testdata/estate --out /tmp/rendered
//	go run -C tools/scan/trivy . /tmp/rendered
//	go run -C tools/scan . /tmp/rendered
package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed exceptions.yaml
var reviewed []byte

// finding is what a scanner found. Its object is named as an exception names it.
type finding struct {
	environment           string
	rule, object, message string
}

// exception is a finding that was looked at and stays.
type exception struct {
	// Rule is the scanner's name of the rule, and Objects are the objects that may violate it, "Kind namespace/name", or
	// resources, "aws_type.name"; * matches anything but a slash.
	Rule    string   `json:"rule"`
	Objects []string `json:"objects"`
	// Reason says why it stays.
	Reason string `json:"reason"`
}

func main() {
	stale := flag.Bool("stale", true, "fail on exceptions that nothing matches")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: scan [flags] DIRECTORY (of platform render)")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *stale); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(dir string, stale bool) error {
	exceptions, err := parse(reviewed)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "objects.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no environments: write them with platform render", dir)
	}
	var found []finding
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		environment := filepath.Base(filepath.Dir(f))
		objects, err := score(environment, text)
		if err != nil {
			return err
		}
		resources, err := misconfigured(environment, filepath.Dir(f))
		if err != nil {
			return err
		}
		found = slices.Concat(found, objects, resources)
	}
	wrong := judge(found, exceptions, stale)
	for _, w := range wrong {
		fmt.Println(w)
	}
	if len(wrong) > 0 {
		return errors.New("fix the objects, or add an exception with its reason to tools/scan/exceptions.yaml")
	}
	fmt.Printf("%d findings in %d environments, all of them reviewed exceptions\n", len(found), len(files))
	return nil
}

// misconfigured reads what trivy found in the AWS resources of an environment.
func misconfigured(environment, dir string) ([]finding, error) {
	text, err := os.ReadFile(filepath.Join(dir, "trivy.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the AWS resources of %s are not scanned yet: go run -C tools/scan/trivy . %s", environment, filepath.Dir(dir))
	}
	if err != nil {
		return nil, err
	}
	var all []struct{ Rule, Object, Message string }
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "trivy.json"), err)
	}
	var out []finding
	for _, f := range all {
		out = append(out, finding{environment, f.Rule, f.Object, f.Message})
	}
	return out, nil
}

// parse reads exceptions. One without a reason is none.
func parse(text []byte) ([]exception, error) {
	var out []exception
	if err := yaml.UnmarshalStrict(text, &out); err != nil {
		return nil, fmt.Errorf("exceptions.yaml: %w", err)
	}
	for i, e := range out {
		if e.Rule == "" || len(e.Objects) == 0 || strings.TrimSpace(e.Reason) == "" {
			return nil, fmt.Errorf("exceptions.yaml: entry %d needs a rule, objects and a reason", i+1)
		}
	}
	return out, nil
}

// judge returns the findings that no exception covers and, if stale ones matter, the exceptions that cover nothing.
func judge(found []finding, exceptions []exception, stale bool) []string {
	type key struct{ rule, object string }
	used := map[key]bool{}
	var out []string
	for _, f := range found {
		covered := false
		for _, e := range exceptions {
			for _, pattern := range e.Objects {
				// A pattern that cannot be read covers nothing, and is reported as such below.
				if ok, err := path.Match(pattern, f.object); err == nil && ok && e.Rule == f.rule {
					covered, used[key{e.Rule, pattern}] = true, true
				}
			}
		}
		if !covered {
			out = append(out, fmt.Sprintf("%s: %s: %s: %s", f.environment, f.object, f.rule, f.message))
		}
	}
	for _, e := range exceptions {
		for _, pattern := range e.Objects {
			if stale && !used[key{e.Rule, pattern}] {
				out = append(out, fmt.Sprintf("exceptions.yaml: %s finds nothing at %s any more: remove the exception", e.Rule, pattern))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
