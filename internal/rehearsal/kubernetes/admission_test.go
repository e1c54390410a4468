package kubernetes_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/eks-platform/eks-platform/components/admission"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// upgrade moves the cluster to a Kubernetes minor.
func (w *world) upgrade(version string) {
	w.t.Helper()
	require.NoError(w.t, w.store.Update(func(tx cloud.Tx) error {
		c := clusterObject()
		c.Attributes["version"] = version
		return tx.Put(c)
	}))
}

// platformPolicies are what the platform registers for a Kubernetes minor.
func platformPolicies(t *testing.T, version string) ptest.Registrations {
	t.Helper()
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := admission.New(ctx, "admission", &admission.Args{ClusterVersion: version})
		return err
	})
	require.NoError(t, err)
	return regs
}

// guarded returns a cluster of a Kubernetes minor with the platform's policies and a namespace bound to spot nodes.
func guarded(t *testing.T, version string) *world {
	t.Helper()
	w := newWorld(t, true, nil)
	w.upgrade(version)
	for _, typ := range []string{policy, policyBind, mutating, mutatingBind} {
		for _, r := range platformPolicies(t, version).ByType(typ) {
			w.make(typ, r.PlainInputs())
		}
	}
	w.make(namespace, m{"metadata": m{"name": "spot", "labels": m{convention.Capacity: convention.Spot}}})
	w.make(namespace, m{"metadata": m{"name": "platform", "labels": m{convention.System: "true"}}})
	return w
}

// placed is a baseline object in a namespace, whose pods say nothing about nodes but one thing.
func placed(t *testing.T, typ, namespace, about, value string) m {
	t.Helper()
	path := spec
	if typ == pod {
		path = "spec/"
	}
	out := changed(t, typ, path+"tolerations", "null")
	at := out
	for _, key := range strings.Split(strings.TrimSuffix(path, "/"), "/") {
		at = at[key].(m)
	}
	delete(at, "affinity")
	var v any
	require.NoError(t, yaml.Unmarshal([]byte(value), &v))
	at[about] = v
	out["metadata"].(m)["namespace"] = namespace
	return out
}

const everything = "[{operator: Exists}]"

func TestPoliciesOfTheClusterJudgeWhatIsCreated(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.35")
	_, err := w.create(deployment, placed(t, deployment, "spot", "tolerations", everything))
	assert.ErrorContains(t, err, "was not successfully created by the Kubernetes API server: deployments.apps \"web\" is forbidden: "+
		"ValidatingAdmissionPolicy 'eks-platform-spot-required' with binding 'eks-platform-spot-required' denied request: "+
		"Deployment \"web\" in namespace \"spot\" may only run on spot nodes")
	_, err = w.create(daemonSet, placed(t, daemonSet, "default", "tolerations", everything))
	assert.ErrorContains(t, err, "'eks-platform-spot-refused'")
	_, err = w.create(pod, placed(t, pod, "default", "nodeName", "node-1"))
	assert.ErrorContains(t, err, "may not choose its node")
	for _, key := range w.keys() {
		assert.NotContains(t, key, "web", "a refused object is not kept")
	}
	_, err = w.create(daemonSet, placed(t, daemonSet, "platform", "tolerations", everything))
	assert.NoError(t, err)
	_, err = w.create(deployment, placed(t, deployment, "default", "dnsPolicy", "Default"))
	assert.NoError(t, err)
	_, err = w.create(service, valid(t, service))
	assert.NoError(t, err, "no policy matches it")
}

func TestAPreviewIsRefusedToo(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.35")
	_, err := w.server.Create(context.Background(), &pulumirpc.CreateRequest{
		Urn: project + deployment + "::thing", Preview: true, Properties: w.mustCheck(deployment, placed(t, deployment, "default", "tolerations", everything)),
	})
	assert.ErrorContains(t, err, "may not run on spot nodes")

	// The provider takes this reason for a missing permission, and previews without the API server.
	w.make(policy, changed(t, policy, "spec/validations", "[{expression: 'false', reason: Forbidden}]"))
	w.make(policyBind, valid(t, policyBind))
	inputs := w.mustCheck(pod, placed(t, pod, "default", "dnsPolicy", "Default"))
	created, err := w.server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: project + pod + "::thing", Preview: true, Properties: inputs})
	require.NoError(t, err)
	assert.Equal(t, inputs.AsMap(), created.Properties.AsMap())
	_, err = w.create(pod, placed(t, pod, "default", "dnsPolicy", "Default"))
	assert.ErrorContains(t, err, "failed expression: false")
}

func TestPoliciesJudgeUpdatesWithTheOldObject(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.35")
	quiet := placed(t, deployment, "default", "dnsPolicy", "Default")
	o := w.make(deployment, quiet)
	_, _, err := w.to(o, placed(t, deployment, "default", "tolerations", everything))
	assert.ErrorContains(t, err, "was not successfully updated by the Kubernetes API server: deployments.apps \"web\" is forbidden")
	quiet["spec"].(m)["replicas"] = 5
	_, _, err = w.to(o, quiet)
	assert.NoError(t, err)

	before := newWorld(t, true, nil)
	old := before.make(deployment, placed(t, deployment, "default", "tolerations", everything))
	for _, typ := range []string{policy, policyBind} {
		for _, r := range platformPolicies(t, "1.35").ByType(typ) {
			before.make(typ, r.PlainInputs())
		}
	}
	scaled := placed(t, deployment, "default", "tolerations", everything)
	scaled["spec"].(m)["replicas"] = 7
	_, _, err = before.to(old, scaled)
	assert.NoError(t, err, "its template is as it was before the policies")
}

func TestMutatingPoliciesCompleteWhatIsCreated(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.36")
	o := w.make(daemonSet, placed(t, daemonSet, "spot", "tolerations", "[{key: a, operator: Exists}]"))
	tolerations := property(t, o.created.Properties, spec+"tolerations").([]any)
	assert.Equal(t, []any{
		map[string]any{"key": "a", "operator": "Exists"},
		map[string]any{"key": "spotInstance", "operator": "Equal", "value": "true", "effect": "NoSchedule"},
	}, tolerations)
	const required = spec + "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0/key"
	assert.Equal(t, "lifecycle", property(t, o.created.Properties, required))
	_, updated, err := w.to(o, placed(t, daemonSet, "spot", "tolerations", "[{key: b, operator: Exists}]"))
	require.NoError(t, err)
	assert.Len(t, property(t, updated.Properties, spec+"tolerations"), 2)
	assert.Equal(t, "lifecycle", property(t, updated.Properties, required))

	silent := placed(t, daemonSet, "spot", "dnsPolicy", "Default")
	silent["metadata"].(m)["name"] = "silent"
	o = w.make(daemonSet, silent)
	assert.Len(t, property(t, o.created.Properties, spec+"tolerations"), 1)
	assert.Empty(t, w.diff(daemonSet, o.created, o.inputs, o.inputs).Diffs, "what a policy adds is no change")

	_, err = w.create(deployment, placed(t, deployment, "spot", "dnsPolicy", "Default"))
	assert.NoError(t, err, "its pods will be completed")
	_, err = w.create(pod, placed(t, pod, "spot", "nodeName", "node-1"))
	assert.ErrorContains(t, err, "may not choose its node")
}

func TestAPolicyIsCompiledForItsCluster(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{"1.34": false, "1.35": true, "1.36": true} {
		w := guarded(t, version)
		_, err := w.create(policy, changed(t, policy, "spec/validations/0/expression", "'lists.range(3).size() == 3'"))
		if ok {
			assert.NoError(t, err, version)
			continue
		}
		assert.ErrorContains(t, err, `ValidatingAdmissionPolicy.admissionregistration.k8s.io "spot" is invalid: `+
			`spec.validations[0].expression: Invalid value: "lists.range(3).size() == 3": compilation failed: ERROR: <input>:1:1: undeclared reference to 'lists'`)
	}
}

func TestABindingTakenAwayLetsEverythingPass(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.35")
	_, err := w.create(pod, placed(t, pod, "default", "nodeName", "node-1"))
	require.Error(t, err)
	for _, key := range w.keys() {
		if strings.Contains(key, "Binding ") && strings.Contains(key, "spot-refused") {
			require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
				return tx.Delete(clusterObject().Scope, "kubernetes:admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding", strings.Fields(key)[1])
			}))
		}
	}
	_, err = w.create(pod, placed(t, pod, "default", "nodeName", "node-1"))
	assert.NoError(t, err)
}

func TestACustomResourceIsJudgedByItsPlural(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	definition := changed(t, crd, "spec/names/plural", "widgetry")
	definition["metadata"].(m)["name"] = "widgetry.example.com"
	w.make(crd, definition)
	p := changed(t, policy, "spec/matchConstraints/resourceRules", "[{apiGroups: [example.com], apiVersions: ['*'], operations: [CREATE], resources: [widgetry]}]")
	delete(p["spec"].(m), "variables")
	p["spec"].(m)["validations"] = []any{m{"expression": "object.spec.size < 3", "message": "too big"}}
	w.make(policy, p)
	w.make(policyBind, valid(t, policyBind))
	_, err := w.create(widget, valid(t, widget))
	assert.ErrorContains(t, err, "denied request: too big")
	_, err = w.create(widget, changed(t, widget, "spec/size", "2"))
	assert.NoError(t, err)
}

func TestMovingAClusterTo136StopsRefusingTemplatesThatSayNothing(t *testing.T) {
	t.Parallel()
	w := guarded(t, "1.35")
	silent := placed(t, deployment, "spot", "dnsPolicy", "Default")
	_, err := w.create(deployment, silent)
	require.ErrorContains(t, err, "may only run on spot nodes")

	old, ok := platformPolicies(t, "1.35").Named(policy, "admission-spot-required")
	require.True(t, ok)
	checked := w.mustCheck(policy, old.PlainInputs())
	state := w.state(policy, admission.SpotRequired)
	w.upgrade("1.36")
	for _, r := range platformPolicies(t, "1.36") {
		switch {
		case r.Name == "admission-spot-required":
			diff, _, err := w.to(object{policy, checked, &pulumirpc.CreateResponse{Id: state.Id, Properties: state.Properties}}, r.PlainInputs())
			require.NoError(t, err)
			assert.NotEmpty(t, diff.Diffs)
			assert.Empty(t, diff.Replaces, "there is no moment without it")
		case r.Type == mutating || r.Type == mutatingBind:
			w.make(r.Type, r.PlainInputs())
		}
	}
	_, err = w.create(deployment, silent)
	require.NoError(t, err)
	made, err := w.create(pod, placed(t, pod, "spot", "dnsPolicy", "Default"))
	require.NoError(t, err)
	assert.Len(t, property(t, made.Properties, "spec/tolerations"), 1)
}
