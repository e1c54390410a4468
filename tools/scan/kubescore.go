package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/zegl/kube-score/config"
	ks "github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	kubescore "github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/scorecard"
)

// kubernetes is the lowest version of Kubernetes that the platform runs on.
var kubernetes = config.Semver{Major: 1, Minor: 34}

// document is a file that kube-score reads.
type document struct {
	io.Reader
	name string
}

// Name is the file's name.
func (d document) Name() string { return d.name }

// score runs kube-score over the objects of an environment.
func score(environment string, objects []byte) ([]finding, error) {
	p, err := parser.New(nil)
	if err != nil {
		return nil, fmt.Errorf("kube-score: %w", err)
	}
	all, err := p.ParseFiles([]ks.NamedReader{document{bytes.NewReader(objects), environment}})
	if err != nil {
		return nil, fmt.Errorf("kube-score: read the objects of %s: %w", environment, err)
	}
	run := &config.RunConfiguration{
		KubernetesVersion: kubernetes, MinReplicasDeployment: 2, MinReplicasHPA: 2,
		// A CPU limit throttles a pod on a node that has CPU to spare. Requests say who gets how much when it has none.
		IgnoreContainerCpuLimitRequirement: true,
	}
	card, err := kubescore.Score(all, kubescore.RegisterAllChecks(all, nil, run), run)
	if err != nil {
		return nil, fmt.Errorf("kube-score: %s: %w", environment, err)
	}
	var out []finding
	for _, object := range *card {
		name := object.ObjectMeta.Name
		if ns := object.ObjectMeta.Namespace; ns != "" {
			name = ns + "/" + name
		}
		for _, check := range object.Checks {
			if check.Skipped || check.Check.Optional || check.Grade > scorecard.GradeWarning {
				continue
			}
			var why []string
			for _, c := range check.Comments {
				why = append(why, strings.TrimSpace(c.Path+" "+c.Summary))
			}
			out = append(out, finding{
				environment: environment, rule: check.Check.ID, object: object.TypeMeta.Kind + " " + name,
				message: strings.Join(why, "; "),
			})
		}
	}
	return out, nil
}
