package policy_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/eks-platform/eks-platform/internal/policy"
)

// deployment is a request to create a deployment of two containers.
func deployment() policy.Request {
	r := configMap(nil)
	r.Resource = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	r.Object = &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "dev"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Containers: []corev1.Container{
					{Name: "web", Image: "web:1", Ports: []corev1.ContainerPort{{ContainerPort: 80, Protocol: corev1.ProtocolTCP}}, Args: []string{"-v"}},
					{Name: "proxy", Image: "proxy:1", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}},
				},
				Tolerations: []corev1.Toleration{{Key: "a", Operator: corev1.TolerationOpExists}},
			}},
		},
	}
	return r
}

// widget is a request to create an object of a kind without a Go type.
func widget() policy.Request {
	r := configMap(nil)
	r.Resource = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}
	r.Object = &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Widget", "metadata": map[string]any{"name": "web", "namespace": "dev"},
		"spec": map[string]any{"size": int64(1), "parts": []any{map[string]any{"name": "a"}}},
	}}
	return r
}

const (
	applies = "  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: '%'}}]"
	patches = "  mutations: [{patchType: JSONPatch, jsonPatch: {expression: '%'}}]"
)

func TestMutationsDoWhatTheAPIServerMakesOfThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request policy.Request
		rest    string
		// refused is part of the refusal; empty where there is none.
		refused string
	}{
		"a field": {deployment(), strings.Replace(applies, "%", `Object{spec: Object.spec{replicas: 3}}`, 1), ""},
		"an element of a list by its key": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "proxy", image: "proxy:2"}]}}}}`, 1), ""},
		"a new element": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{initContainers: [Object.spec.template.spec.initContainers{name: "mesh", image: "mesh", restartPolicy: "Always"}]}}}}`, 1), ""},
		"an element by two keys": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "web", ports: [Object.spec.template.spec.containers.ports{containerPort: 80, protocol: "TCP", name: "http"}]}]}}}}`, 1), ""},
		"an element without its key": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{image: "proxy:2"}]}}}}`, 1), ""},
		"an atomic list": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{tolerations: [Object.spec.template.spec.tolerations{key: "b"}]}}}}`, 1), "may not mutate atomic arrays, maps or structs: .spec.template.spec.tolerations"},
		"an atomic list in an element": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "web", args: ["-q"]}]}}}}`, 1), "may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args"},
		"an atomic struct": {deployment(), strings.Replace(applies, "%",
			`Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}`, 1), "may not mutate atomic arrays, maps or structs"},
		"an unknown field":            {deployment(), strings.Replace(applies, "%", `Object{spec: Object.spec{replica: 3}}`, 1), "field not declared in schema"},
		"a wrong type":                {deployment(), strings.Replace(applies, "%", `Object{spec: Object.spec{replicas: "3"}}`, 1), "expected numeric"},
		"a wrong type name":           {deployment(), strings.Replace(applies, "%", `Object{spec: Object.status{replicas: 3}}`, 1), "type mismatch"},
		"a custom resource":           {widget(), strings.Replace(applies, "%", `Object{spec: Object.spec{size: 2, colour: "red"}}`, 1), ""},
		"a list of a custom resource": {widget(), strings.Replace(applies, "%", `Object{spec: Object.spec{parts: [Object.spec.parts{name: "b"}]}}`, 1), ""},
		"a label":                     {deployment(), strings.Replace(applies, "%", `Object{metadata: Object.metadata{labels: {"a": object.metadata.name}}}`, 1), ""},

		"add":       {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/template/spec/tolerations/-", value: Object.spec.template.spec.tolerations{key: "b", operator: "Exists"}}]`, 1), ""},
		"replace":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", value: "web:2"}]`, 1), ""},
		"remove":    {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "remove", path: "/spec/template/spec/tolerations"}]`, 1), ""},
		"move":      {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "move", from: "/spec/template/spec/containers/1", path: "/spec/template/spec/containers/0"}]`, 1), ""},
		"a test":    {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "test", path: "/spec/template/spec/containers/0/name", value: "web"}, JSONPatch{op: "add", path: "/spec/replicas", value: 2}]`, 1), ""},
		"no test":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "test", path: "/spec/template/spec/containers/0/name", value: "x"}, JSONPatch{op: "add", path: "/spec/replicas", value: 2}]`, 1), ""},
		"escaped":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/metadata/labels", value: {}}, JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: "c"}]`, 1), ""},
		"a map":     {configMap(nil), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/data", value: {"a": "<b>"}}]`, 1), ""},
		"nothing":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "test", path: "/metadata/name", value: "web"}]`, 1), ""},
		"no place":  {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "remove", path: "/spec/paused"}]`, 1), "JSON Patch: "},
		"no field":  {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/pause", value: true}]`, 1), `strict decoding error: unknown field "spec.pause"`},
		"no number": {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/replicas", value: "two"}]`, 1), "cannot unmarshal string"},
		"no type":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/strategy", value: Object.spec.wrong{type: "Recreate"}}, JSONPatch{op: "add", path: "/spec/strategy", value: Object.spec.strategy{type: Object.spec.x{}}}]`, 1), "type mismatch"},
		"a part":    {widget(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/parts/-", value: {"name": "b"}}, JSONPatch{op: "replace", path: "/spec/size", value: 2}]`, 1), ""},

		"an error":           {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: object.spec.missing, value: 1}]`, 1), "no such key: missing"},
		"an ignored error":   {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: object.spec.missing, value: 1}]`, 1) + "\n  failurePolicy: Ignore", ""},
		"the authorizer":     {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": string(authorizer.path("/a").check("get").allowed())}}]`, 1), ""},
		"a condition":        {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/replicas", value: 2}]`, 1) + "\n  matchConditions: [{name: a, expression: 'object.metadata.name != \"web\"'}]", ""},
		"a wrong condition":  {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/replicas", value: 2}]`, 1) + "\n  matchConditions: [{name: a, expression: 'object.spec.missing == 1'}]", "no such key: missing"},
		"a variable":         {deployment(), "  variables: [{name: size, expression: 'object.spec.template.spec.containers.size()'}]\n" + strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/replicas", value: variables.size}]`, 1), ""},
		"the namespace":      {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/template/spec/hostname", value: namespaceObject.metadata.labels.team}]`, 1), ""},
		"who asks, and what": {deployment(), strings.Replace(patches, "%", `[JSONPatch{op: "add", path: "/spec/template/spec/hostname", value: request.userInfo.username + request.operation + request.resource.resource}]`, 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mutating(t, "p", c.rest)
			p.Spec.MatchConstraints.ResourceRules[0].APIGroups = []string{"*"}
			p.Spec.MatchConstraints.ResourceRules[0].Resources = []string{"*"}
			answer := newCluster(t, "1.36").mutate(p, mutatingBinding(t, "")).admit(c.request)
			if c.refused == "" {
				assert.Nil(t, answer.Denied)
				return
			}
			require.NotNil(t, answer.Denied)
			assert.ErrorContains(t, answer.Denied, c.refused)
		})
	}
}

func TestSeveralMutationsAndPoliciesFollowEachOtherAsInTheAPIServer(t *testing.T) {
	t.Parallel()
	// Each policy counts how often it acted, and what it saw.
	acts := func(name, condition string) string {
		return `
  matchConditions: [{name: a, expression: '` + condition + `'}]
  mutations:
    - patchType: JSONPatch
      jsonPatch:
        expression: >-
          [JSONPatch{op: "add", path: "/data/` + name + `", value: ("` + name + `" in object.data ? object.data.` + name + ` : "") + string(size(object.data))}]
    - patchType: ApplyConfiguration
      applyConfiguration: {expression: 'Object{metadata: Object.metadata{labels: {"last": "` + name + `"}}}'}
`
	}
	type given struct{ name, condition, reinvocation string }
	for _, policies := range [][]given{
		{{"a", "true", "IfNeeded"}},
		{{"a", "true", "IfNeeded"}, {"b", "true", "IfNeeded"}},
		{{"a", "true", "IfNeeded"}, {"b", "true", "Never"}},
		{{"a", "true", "Never"}, {"b", "true", "IfNeeded"}},
		{{"a", `"c" in object.data`, "IfNeeded"}, {"b", "true", "IfNeeded"}, {"c", "true", "Never"}},
		{{"a", `"b" in object.data`, "IfNeeded"}, {"b", `"a" in object.data`, "IfNeeded"}, {"c", `"x" in object.data`, "IfNeeded"}},
		{{"a", `"c" in object.data`, "IfNeeded"}, {"b", `"a" in object.data`, "IfNeeded"}, {"c", "true", "IfNeeded"}},
		{{"a", `object.missing == ""`, "IfNeeded"}, {"b", "true", "IfNeeded"}, {"c", `object.missing == ""`, "Never"}},
	} {
		c := newCluster(t, "1.36")
		for _, p := range policies {
			c.mutate(mutating(t, p.name, acts(p.name, p.condition)+"  reinvocationPolicy: "+p.reinvocation),
				mutatingBinding(t, ""), mutatingBinding(t, "matchResources: {objectSelector: {matchLabels: {last: a}}}"))
		}
		c.validate(validating(t, "v", "  validations: [{expression: 'size(object.data) < 5'}]"), binding(t, deny))
		answer := c.admit(configMap(map[string]string{"given": ""}))
		if policies[0].condition == "true" {
			require.Nil(t, answer.Denied)
			assert.NotEmpty(t, answer.Object.(*corev1.ConfigMap).Data["a"])
		}
		update := configMap(map[string]string{"given": "", "a": ""})
		update.Operation, update.OldObject = admissionv1.Update, configMap(nil).Object
		c.admit(update)
		update.Operation, update.Object = admissionv1.Delete, nil
		c.admit(update)
	}
}

func TestValidationsSayWhatTheAPIServerSays(t *testing.T) {
	t.Parallel()
	costly := `[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, [1,2,3,4,5,6,7,8,9,10].all(g, true)))))))`
	for name, c := range map[string]struct {
		rest, refused string
	}{
		"the expression":           {"  validations: [{expression: ' 1 == 2 '}]", "denied request: failed expression: 1 == 2"},
		"a message":                {"  validations: [{expression: 'false', message: ' nope '}]", "denied request: nope"},
		"a computed message":       {"  validations: [{expression: 'false', message: nope, messageExpression: '\" \" + object.metadata.name + \" \"'}]", "denied request: web"},
		"two lines":                {"  validations: [{expression: 'false', message: nope, messageExpression: '\"a\\nb\"'}]", "denied request: nope"},
		"an empty message":         {"  validations: [{expression: 'false', message: nope, messageExpression: '\" \"'}]", "denied request: nope"},
		"a long message":           {"  validations: [{expression: 'false', message: nope, messageExpression: '\"" + strings.Repeat("a", 5*1024+1) + "\"'}]", "denied request: nope"},
		"a message that fails":     {"  validations: [{expression: 'false', message: nope, messageExpression: 'string(object.missing)'}]", "denied request: nope"},
		"a reason":                 {"  validations: [{expression: 'false', reason: RequestEntityTooLarge}]", "failed expression"},
		"unauthorized":             {"  validations: [{expression: 'false', reason: Unauthorized}]", "failed expression"},
		"the first of several":     {"  validations: [{expression: 'true'}, {expression: 'false', message: second}, {expression: 'object.missing == 1'}]", "second"},
		"an error before":          {"  validations: [{expression: 'object.missing == 1'}, {expression: 'false', message: second}]", "no such key: missing"},
		"an ignored error":         {"  failurePolicy: Ignore\n  validations: [{expression: 'object.missing == 1'}, {expression: 'false', message: second}]", "second"},
		"the budget":               {"  validations: [{expression: '" + costly + "'}]", "cost"},
		"the ignored budget":       {"  failurePolicy: Ignore\n  validations: [{expression: '" + costly + "'}]", ""},
		"the budget of a message":  {"  validations: [{expression: 'true'}, {expression: 'false', message: nope, messageExpression: '" + costly + " ? \"a\" : \"b\"'}]", "denied request: nope"},
		"an audit annotation":      {"  validations: [{expression: 'true'}]\n  auditAnnotations: [{key: a, valueExpression: 'string(object.metadata.name)'}, {key: b, valueExpression: 'null'}]", ""},
		"an annotation that fails": {"  auditAnnotations: [{key: a, valueExpression: 'string(object.missing)'}]", "no such key: missing"},
		"an ignored annotation":    {"  failurePolicy: Ignore\n  auditAnnotations: [{key: a, valueExpression: 'string(object.missing)'}]", ""},
		"a denial and annotation":  {"  validations: [{expression: 'false', message: nope}]\n  auditAnnotations: [{key: a, valueExpression: 'string(object.missing)'}]", "denied request: nope"},
		"a condition that fails":   {"  matchConditions: [{name: a, expression: 'object.missing == 1'}]\n  validations: [{expression: 'true'}]", "no such key: missing"},
		"an ignored condition":     {"  failurePolicy: Ignore\n  matchConditions: [{name: a, expression: 'object.missing == 1'}]\n  validations: [{expression: 'false'}]", ""},
		"no selector":              {"  validations: [{expression: 'true'}]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			denied := newCluster(t, "1.35").validate(validating(t, "p", c.rest), binding(t, deny)).admit(configMap(nil)).Denied
			if c.refused == "" {
				assert.Nil(t, denied)
			} else if assert.NotNil(t, denied) {
				assert.ErrorContains(t, denied, c.refused)
			}
			if !strings.Contains(c.rest, costly) {
				newCluster(t, "1.35").validate(validating(t, "p", c.rest), binding(t, "  validationActions: [Warn, Audit]"), binding(t, deny)).admit(configMap(nil))
			}
		})
	}
}

func TestSelectorsAndRulesMatchWhatTheyMatchInTheAPIServer(t *testing.T) {
	t.Parallel()
	namespaced := configMap(map[string]string{"a": "b"})
	namespaced.Object.(*corev1.ConfigMap).Labels = map[string]string{"size": "l"}
	update := configMap(nil)
	update.Operation, update.OldObject = admissionv1.Update, namespaced.Object
	namespace := configMap(nil)
	namespace.Resource.Resource, namespace.Namespace = "namespaces", nil
	namespace.Object = &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "dev", Labels: map[string]string{"team": "a"}}}
	node := configMap(nil)
	node.Resource.Resource, node.Namespace = "nodes", nil
	node.Object = &corev1.Node{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: "a"}}
	requests := map[string]policy.Request{"namespaced": namespaced, "update": update, "namespace": namespace, "node": node}
	matched := map[bool]int{}
	for _, match := range []string{
		`{}`,
		`{resourceRules: []}`,
		`{namespaceSelector: {matchLabels: {team: a}}}`,
		`{namespaceSelector: {matchLabels: {team: b}}}`,
		`{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}`,
		`{namespaceSelector: {matchExpressions: [{key: team, operator: Near}]}}`,
		`{objectSelector: {matchLabels: {size: l}}}`,
		`{objectSelector: {matchExpressions: [{key: size, operator: DoesNotExist}]}}`,
		`{objectSelector: {matchExpressions: [{key: size, operator: Near}]}}`,
		`{objectSelector: {matchExpressions: [{key: size, operator: Near}]}, namespaceSelector: {matchLabels: {team: b}}}`,
		`{resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: ["*"], scope: Cluster}]}`,
		`{resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: ["*"], scope: Namespaced}]}`,
		`{resourceRules: [{apiGroups: [apps], apiVersions: ["*"], operations: ["*"], resources: ["*"]}], objectSelector: {matchExpressions: [{key: size, operator: Near}]}}`,
		`{resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [UPDATE], resources: [configmaps, nodes]}]}`,
		`{resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], resourceNames: [a, dev]}]}`,
		`{excludeResourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE], resources: ["*"], resourceNames: [web]}]}`,
	} {
		all := decode[admissionv1.MatchResources](t, `{resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}]}`)
		given := decode[admissionv1.MatchResources](t, match)
		for _, failure := range []admissionv1.FailurePolicyType{admissionv1.Fail, admissionv1.Ignore} {
			if failure == admissionv1.Ignore && !strings.Contains(match, "Near") {
				continue // it makes a difference only where something is wrong
			}
			p := validating(t, "p", "  validations: [{expression: 'false', message: matched}]")
			p.Spec.FailurePolicy = &failure
			b := binding(t, deny)
			p.Spec.MatchConstraints, b.Spec.MatchResources = given, nil
			byPolicy := newCluster(t, "1.35").validate(p, b)
			p.Spec.MatchConstraints, b.Spec.MatchResources = all, given
			byBinding := newCluster(t, "1.35").validate(p, b)
			for name, r := range requests {
				denied := byPolicy.admit(r).Denied != nil
				assert.Equal(t, denied, byBinding.admit(r).Denied != nil, "%s %s", name, match)
				matched[denied]++
			}
		}
	}
	assert.Greater(t, matched[true], 20)
	assert.Greater(t, matched[false], 20)

	p := validating(t, "p", "  validations: [{expression: 'true'}]")
	p.Spec.MatchConstraints = nil
	assert.ErrorContains(t, newCluster(t, "1.35").validate(p, binding(t, deny)).admit(namespaced).Denied, "policy contained no match constraints")
	m := mutating(t, "p", strings.Replace(patches, "%", `[JSONPatch{op: "remove", path: "/data"}]`, 1))
	m.Spec.MatchConstraints = nil
	assert.ErrorContains(t, newCluster(t, "1.36").mutate(m, mutatingBinding(t, "")).admit(namespaced).Denied, "policy contained no match constraints")
	m = mutating(t, "p", strings.Replace(patches, "%", `[JSONPatch{op: "remove", path: "/data"}]`, 1))
	near := "matchResources: {objectSelector: {matchExpressions: [{key: size, operator: Near}]}}"
	assert.ErrorContains(t, newCluster(t, "1.36").mutate(m, mutatingBinding(t, near)).admit(namespaced).Denied, "failed to configure binding")
}

// A namespace is deleted by its own labels. The API server reads them from its cache, which the tests' genuine cluster
// has not.
func TestTheDeletionOfANamespaceIsMatchedByItsLabels(t *testing.T) {
	t.Parallel()
	r := configMap(nil)
	r.Operation, r.Object, r.Namespace, r.Resource.Resource = admissionv1.Delete, nil, nil, "namespaces"
	r.OldObject = &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "dev", Labels: map[string]string{"team": "a"}}}
	for team, want := range map[string]bool{"a": true, "b": false} {
		p := validating(t, "p", "  validations: [{expression: 'false'}]")
		p.Spec.MatchConstraints.ResourceRules[0].Resources = []string{"namespaces"}
		p.Spec.MatchConstraints.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": team}}
		compiled, errs := policy.CompileValidating(p, "1.35")
		require.Empty(t, errs)
		var set policy.Set
		set.Validate(compiled, binding(t, deny))
		answer, err := set.Admit(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, want, answer.Denied != nil, team)
	}
}

func TestTheStructuresAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	want, err := exec.CommandContext(t.Context(), "go", "run", "generate.go").Output()
	require.NoError(t, err)
	got, err := os.ReadFile("structures.yaml")
	require.NoError(t, err)
	assert.True(t, string(want) == string(got), "structures.yaml is not what client-go has now: go generate ./internal/policy")
}
