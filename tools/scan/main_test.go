package main

import (
	"slices"
	"strings"
	"testing"
)

const objects = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: logs}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers:
        - {name: agent, image: "example.com/agent:latest"}
`

func TestAFindingIsAnExceptionOrFails(t *testing.T) {
	t.Parallel()
	found, err := score("dev", []byte(objects))
	if err != nil {
		t.Fatal(err)
	}
	const object = "DaemonSet logs/agent"
	var rules []string
	for _, f := range found {
		if f.object != object {
			t.Errorf("a finding about %s", f.object)
		}
		rules = append(rules, f.rule)
	}
	for _, want := range []string{"container-resources", "pod-networkpolicy", "container-ephemeral-storage-request-and-limit", "container-image-tag"} {
		if !slices.Contains(rules, want) {
			t.Errorf("%s does not find what is wrong: %v", want, rules)
		}
	}
	var all []exception
	for _, rule := range rules {
		all = append(all, exception{Rule: rule, Objects: []string{"DaemonSet */agent"}, Reason: "a test"})
	}
	if got := judge(found, all, true); len(got) > 0 {
		t.Errorf("reviewed findings fail: %v", got)
	}
	if got := judge(found, all[1:], true); len(got) != 1 || !strings.HasPrefix(got[0], "dev: "+object+": "+rules[0]) {
		t.Errorf("a finding without its exception gives %q", got)
	}
	stale := append(all, exception{Rule: rules[0], Objects: []string{"DaemonSet logs/other"}, Reason: "a test"})
	if got := judge(found, stale, false); len(got) > 0 {
		t.Errorf("an exception that matches nothing fails where stale ones do not matter: %v", got)
	}
	if got := judge(found, stale, true); len(got) != 1 || !strings.Contains(got[0], "DaemonSet logs/other any more: remove the exception") {
		t.Errorf("an exception that matches nothing gives %q", got)
	}
}

func TestAnExceptionHasAReason(t *testing.T) {
	t.Parallel()
	if _, err := parse([]byte(`[{rule: x, objects: [y]}]`)); err == nil {
		t.Error("an exception without a reason is taken")
	}
	if _, err := parse(reviewed); err != nil {
		t.Error(err)
	}
}
