package kubernetes_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
	"github.com/eks-platform/eks-platform/internal/rehearsal/kubernetes"
)

// needed are the objects that baseline objects refer to, in an order that works.
var needed = []string{ingressClass, deployment, policy, mutating, crd}

// furnished returns a cluster with what baseline objects refer to.
func furnished(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, true, nil)
	for _, typ := range needed {
		_, err := w.create(typ, valid(t, typ))
		require.NoError(t, err, typ)
	}
	return w
}

// object is a resource in a test: what was checked and what was created.
type object struct {
	typ     string
	inputs  *structpb.Struct
	created *pulumirpc.CreateResponse
}

func (w *world) make(typ string, inputs m) object {
	w.t.Helper()
	checked, failures := w.check(typ, inputs)
	require.Empty(w.t, failures)
	created, err := w.server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: project + typ + "::thing", Properties: checked})
	require.NoError(w.t, err, typ)
	return object{typ, checked, created}
}

// to returns what changes when an object gets new inputs, and what an update to them says.
func (w *world) to(o object, inputs m) (*pulumirpc.DiffResponse, *pulumirpc.UpdateResponse, error) {
	w.t.Helper()
	checked, failures := w.check(o.typ, inputs)
	require.Empty(w.t, failures)
	d := w.diff(o.typ, o.created, o.inputs, checked)
	updated, err := w.server.Update(context.Background(), &pulumirpc.UpdateRequest{
		Id: o.created.Id, Urn: project + o.typ + "::thing", Olds: o.created.Properties, OldInputs: o.inputs, News: checked,
	})
	return d, updated, err
}

func TestDefaultsOfTheAPIServerAreNotChanges(t *testing.T) {
	t.Parallel()
	for _, typ := range slices.Sorted(maps.Keys(baseline)) {
		if typ == mutatingBeta {
			continue
		}
		w := newWorld(t, true, nil)
		for _, n := range needed {
			if n != typ {
				w.make(n, valid(t, n))
			}
		}
		o := w.make(typ, valid(t, typ))
		assert.Empty(t, w.diff(typ, o.created, o.inputs, o.inputs).Diffs, typ)
		read, err := w.server.Read(context.Background(), &pulumirpc.ReadRequest{
			Id: o.created.Id, Urn: project + typ + "::thing", Inputs: o.inputs, Properties: o.created.Properties,
		})
		require.NoError(t, err)
		assert.Equal(t, o.inputs.AsMap(), read.Inputs.AsMap(), "%s: a refresh changed the inputs", typ)
		assert.Equal(t, o.created.Properties.AsMap(), read.Properties.AsMap(), "%s: a refresh changed the state", typ)
		_, updated, err := w.to(o, valid(t, typ))
		require.NoError(t, err)
		assert.Equal(t, o.created.Properties.AsMap(), updated.Properties.AsMap(), "%s: an update to the same changed it", typ)
	}
}

// property returns the value at a path of keys and indices separated by slashes.
func property(t *testing.T, s *structpb.Struct, path string) any {
	t.Helper()
	v := structpb.NewStructValue(s)
	for _, key := range strings.Split(path, "/") {
		if list := v.GetListValue(); list != nil {
			v = list.Values[0]
			continue
		}
		v = v.GetStructValue().GetFields()[key]
	}
	return v.AsInterface()
}

func TestDefaultsShowInTheOutputs(t *testing.T) {
	t.Parallel()
	w := furnished(t)
	created := map[string]object{}
	for _, c := range []struct {
		typ, path string
		want      any
	}{
		{secret, "type", "Opaque"},
		{secret, "data/password", "aHVudGVyMg=="},
		{secret, "stringData", nil},
		{pod, "spec/restartPolicy", "Always"},
		{pod, "spec/dnsPolicy", "ClusterFirst"},
		{pod, "spec/containers/0/imagePullPolicy", "IfNotPresent"},
		{pod, "spec/containers/0/livenessProbe/failureThreshold", 3.0},
		{pod, "spec/containers/0/livenessProbe/periodSeconds", 5.0},
		{pod, "spec/volumes/0/configMap/defaultMode", 420.0},
		{pod, "spec/terminationGracePeriodSeconds", 30.0},
		{pod, "spec/schedulerName", "default-scheduler"},
		{pod, "spec/containers/0/terminationMessagePath", "/dev/termination-log"},
		{pod, "spec/containers/0/livenessProbe/httpGet/scheme", "HTTP"},
		{pod, "spec/containers/0/ports/0/protocol", "TCP"},
		{deployment, "spec/revisionHistoryLimit", 10.0},
		{deployment, "spec/progressDeadlineSeconds", 600.0},
		{deployment, "spec/strategy/type", "RollingUpdate"},
		{deployment, "spec/template/spec/restartPolicy", "Always"},
		{policy, "spec/failurePolicy", "Fail"},
		{policy, "spec/matchConstraints/matchPolicy", "Equivalent"},
		{policy, "spec/matchConstraints/resourceRules/0/scope", "*"},
		{crd, "spec/names/listKind", "WidgetList"},
		{volume, "spec/persistentVolumeReclaimPolicy", "Retain"},
		{statefulSet, "spec/replicas", 1.0},
		{statefulSet, "spec/updateStrategy/type", "RollingUpdate"},
		{statefulSet, "spec/podManagementPolicy", "OrderedReady"},
		{statefulSet, "spec/volumeClaimTemplates/0/spec/volumeMode", "Filesystem"},
		{daemonSet, "spec/updateStrategy/rollingUpdate/maxUnavailable", "10%"},
		{daemonSet, "spec/revisionHistoryLimit", 10.0},
		{job, "spec/backoffLimit", 6.0},
		{job, "spec/completions", 1.0},
		{cronJob, "spec/successfulJobsHistoryLimit", 3.0},
		{cronJob, "spec/suspend", false},
		{cronJob, "spec/failedJobsHistoryLimit", 1.0},
		{claim, "spec/volumeMode", "Filesystem"},
		{storageClass, "reclaimPolicy", "Delete"},
		{service, "spec/type", "ClusterIP"},
		{service, "spec/ports/0/protocol", "TCP"},
		{netPolicy, "spec/ingress/0/ports/0/protocol", "TCP"},
		{binding, "subjects/0/apiGroup", "rbac.authorization.k8s.io"},
		{wideBinding, "roleRef/apiGroup", "rbac.authorization.k8s.io"},
		{priority, "preemptionPolicy", "PreemptLowerPriority"},
	} {
		o, done := created[c.typ]
		if !done {
			if slices.Contains(needed, c.typ) {
				name := property(t, props(t, valid(t, c.typ)), "metadata/name").(string)
				if c.typ == deployment {
					name = "default/" + name
				}
				o = object{typ: c.typ, created: w.state(c.typ, name)}
			} else {
				o = w.make(c.typ, valid(t, c.typ))
			}
			created[c.typ] = o
		}
		assert.Equal(t, c.want, property(t, o.created.Properties, c.path), "%s %s", c.typ, c.path)
	}
	assert.Regexp(t, `^172\.20\.\d+\.\d+$`, property(t, created[service].created.Properties, "spec/clusterIP"))
	limited := w.make(pod, changed(t, pod, "metadata/name", "other"))
	assert.NotEqual(t, "", property(t, limited.created.Properties, "metadata/uid"))
	_, updated, err := w.to(object{deployment, w.mustCheck(deployment, valid(t, deployment)), w.state(deployment, "default/web")}, changed(t, deployment, "spec/strategy", "{type: Recreate}"))
	require.NoError(t, err)
	assert.Nil(t, property(t, updated.Properties, "spec/strategy/rollingUpdate"), "the defaults of another strategy are gone")
}

func (w *world) mustCheck(typ string, inputs m) *structpb.Struct {
	w.t.Helper()
	checked, failures := w.check(typ, inputs)
	require.Empty(w.t, failures)
	return checked
}

// state reads an object as if it had just been created.
func (w *world) state(typ, id string) *pulumirpc.CreateResponse {
	w.t.Helper()
	read, err := w.server.Read(context.Background(), &pulumirpc.ReadRequest{Id: id, Urn: project + typ + "::thing"})
	require.NoError(w.t, err)
	require.NotEmpty(w.t, read.Id)
	return &pulumirpc.CreateResponse{Id: read.Id, Properties: read.Properties}
}

func TestImmutablePropertiesReplaceAsInTheGenuineProvider(t *testing.T) {
	t.Parallel()
	const images = "spec.containers[0].image"
	for _, c := range []struct {
		typ, path, value string
		// replaces is what the genuine provider's table says; nothing for an update.
		replaces []string
	}{
		{deployment, "spec/replicas", "3", nil},
		{deployment, "spec/template/spec/containers/0/image", "nginx:2", nil},
		{deployment, "spec/selector", "{matchExpressions: [{key: app, operator: Exists}]}", []string{"spec.selector.matchExpressions", "spec.selector.matchLabels"}},
		{daemonSet, "spec/selector/matchExpressions", "[{key: app, operator: Exists}]", []string{"spec.selector.matchExpressions"}},
		{statefulSet, "spec/replicas", "3", nil},
		{statefulSet, "spec/serviceName", "null", []string{"spec.serviceName"}},
		{statefulSet, "spec/podManagementPolicy", "Parallel", []string{"spec.podManagementPolicy"}},
		{statefulSet, "spec/volumeClaimTemplates/0/spec/resources/requests/storage", "2Gi", []string{"spec.volumeClaimTemplates[0].spec.resources.requests.storage"}},
		{statefulSet, "spec/revisionHistoryLimit", "3", []string{"spec.revisionHistoryLimit"}},
		{pod, "spec/containers/0/image", "nginx:2", []string{images}},
		{pod, "spec/nodeSelector/a", "b", []string{"spec.nodeSelector.a"}},
		{pod, "metadata/labels/a", "b", nil},
		{job, "spec/template/spec/containers/0/image", "kubectl:2", []string{"spec.template.spec.containers[0].image"}},
		{job, "spec/parallelism", "2", []string{"spec.parallelism"}},
		{job, "spec/backoffLimit", "2", nil},
		{cronJob, "spec/jobTemplate/spec/template/spec/containers/0/image", "kubectl:2", nil},
		{claim, "spec/resources/requests/storage", "2Gi", nil},
		{claim, "spec/storageClassName", "null", []string{"spec.storageClassName"}},
		{claim, "spec/accessModes", "[ReadOnlyMany]", []string{"spec.accessModes[0]"}},
		{volume, "spec/csi/volumeHandle", "fs-2", []string{"spec.csi.volumeHandle"}},
		{volume, "spec/persistentVolumeReclaimPolicy", "Delete", nil},
		{storageClass, "parameters/type", "io2", []string{"parameters.type"}},
		{storageClass, "provisioner", "ebs.csi.eks.amazonaws.com", []string{"provisioner"}},
		{storageClass, "allowVolumeExpansion", "true", nil},
		{binding, "roleRef/name", "view", []string{"roleRef.name"}},
		{wideBinding, "roleRef/name", "admin", []string{"roleRef.name"}},
		{binding, "subjects/0/name", "ops", nil},
		{role, "rules/0/verbs", "[get]", nil},
		{service, "spec/clusterIP", "None", []string{"spec.clusterIP"}},
		{service, "spec/ports/0/port", "81", nil},
		{secret, "stringData/password", "x", []string{"stringData.password"}},
		{secret, "type", "example.com/token", []string{"type"}},
		{configMap, "data/a", "c", []string{"data.a"}},
		{quota, "spec/scopes", "[NotTerminating]", []string{"spec.scopes"}},
		{quota, "spec/hard/pods", "'30'", nil},
		{budget, "spec/minAvailable", "1", nil},
		{netPolicy, "spec/podSelector/matchLabels/app", "api", nil},
		{deployment, "metadata/name", "api", []string{"metadata.name"}},
	} {
		t.Run(c.typ[strings.LastIndex(c.typ, ":")+1:]+" "+c.path, func(t *testing.T) {
			w := furnished(t)
			var o object
			if slices.Contains(needed, c.typ) {
				o = object{c.typ, w.mustCheck(c.typ, valid(t, c.typ)), w.state(c.typ, "default/web")}
			} else {
				o = w.make(c.typ, valid(t, c.typ))
			}
			d := w.diff(c.typ, o.created, o.inputs, w.mustCheck(c.typ, changed(t, c.typ, c.path, c.value)))
			assert.NotEmpty(t, d.Diffs)
			assert.Equal(t, c.replaces, d.Replaces)
		})
	}
}

func TestDataIsUpdatedInPlaceWhereTheProviderAllowsItAndTheObjectIsNotImmutable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, map[string]string{"enableSecretMutable": "true", "enableConfigMapMutable": "true"})
	s := w.make(secret, valid(t, secret))
	d, updated, err := w.to(s, changed(t, secret, "stringData/password", "x"))
	require.NoError(t, err)
	assert.Empty(t, d.Replaces)
	assert.Equal(t, "eA==", property(t, updated.Properties, "data/password"))
	c := w.make(configMap, changed(t, configMap, "immutable", "true"))
	inputs := changed(t, configMap, "immutable", "true")
	inputs["data"] = m{"a": "c"}
	d, _, err = w.to(c, inputs)
	assert.Equal(t, []string{"data.a"}, d.Replaces)
	assert.ErrorContains(t, err, "data: Forbidden: field is immutable when `immutable` is set")
}

func TestTheAPIServerRefusesChangesThatTheProviderTries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, path, value string }{
		{priority, "value", "2000"},
		{storageClass, "reclaimPolicy", "Retain"},
		{storageClass, "volumeBindingMode", "Immediate"},
		{claim, "spec/volumeMode", "Block"},
		{csiDriver, "spec/attachRequired", "true"},
	} {
		w := furnished(t)
		o := w.make(c.typ, valid(t, c.typ))
		d, _, err := w.to(o, changed(t, c.typ, c.path, c.value))
		assert.Empty(t, d.Replaces, c.path)
		assert.ErrorContains(t, err, strings.ReplaceAll(c.path, "/", ".")+": Forbidden: may not be changed in an update")
	}
}

func TestAReferenceToWhatDoesNotExistIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	for _, c := range []struct{ typ, path, value, want string }{
		{deployment, "metadata/namespace", "apps", `namespaces "apps" not found`},
		{deployment, spec + "serviceAccountName", "web", `spec.template.spec.serviceAccountName: serviceaccount "web" not found in namespace "default"`},
		{deployment, spec + "priorityClassName", "high", `spec.template.spec.priorityClassName: priorityclass "high" not found`},
		{deployment, spec + "volumes/0/configMap/name", "nope", `volumes[0].configMap.name: configmap "nope" not found`},
		{pod, "spec/volumes/0", "{name: ca, secret: {secretName: nope}}", `volumes[0].secret.secretName: secret "nope" not found`},
		{pod, "spec/volumes/0", "{name: ca, persistentVolumeClaim: {claimName: nope}}", `persistentvolumeclaim "nope" not found`},
		{pod, "spec/volumes/0", "{name: ca, projected: {sources: [{secret: {name: nope}}]}}", `sources[0].secret.name: secret "nope" not found`},
		{pod, "spec/volumes/0", "{name: ca, projected: {sources: [{configMap: {name: nope}}]}}", `sources[0].configMap.name: configmap "nope" not found`},
		{daemonSet, container + "env/0", "{name: A, valueFrom: {secretKeyRef: {name: nope, key: a}}}", `env[0].valueFrom.secretKeyRef.name: secret "nope" not found`},
		{daemonSet, container + "env/0", "{name: A, valueFrom: {configMapKeyRef: {name: nope, key: a}}}", `configmap "nope" not found`},
		{job, spec + "containers/0/envFrom", "[{configMapRef: {name: nope}}]", `envFrom[0].configMapRef.name: configmap "nope" not found`},
		{cronJob, "spec/jobTemplate/" + spec + "serviceAccountName", "nope", `spec.jobTemplate.spec.template.spec.serviceAccountName: serviceaccount "nope" not found`},
		{job, spec + "containers/0/envFrom", "[{secretRef: {name: nope}}]", `secret "nope" not found`},
		{statefulSet, "spec/serviceName", "nope", `spec.serviceName: service "nope" not found`},
		{statefulSet, "spec/volumeClaimTemplates/0/spec/storageClassName", "nope", `storageclass "nope" not found`},
		{claim, "spec/storageClassName", "nope", `spec.storageClassName: storageclass "nope" not found`},
		{binding, "roleRef", "{kind: Role, name: nope}", `roleRef.name: role "nope" not found in namespace "default"`},
		{binding, "roleRef/name", "nope", `roleRef.name: clusterrole "nope" not found`},
		{wideBinding, "roleRef/name", "nope", `roleRef.name: clusterrole "nope" not found`},
		{binding, "subjects/1/name", "nope", `subjects[1]: serviceaccount "nope" not found in namespace "default"`},
		{policyBind, "spec/policyName", "nope", `spec.policyName: validatingadmissionpolicy "nope" not found`},
		{mutatingBind, "spec/policyName", "nope", `spec.policyName: mutatingadmissionpolicy "nope" not found`},
		{ingress, "spec/ingressClassName", "nope", `spec.ingressClassName: ingressclass "nope" not found`},
		{ingress, "spec", "{defaultBackend: {service: {name: nope, port: {number: 80}}}}", `spec.defaultBackend.service.name: service "nope" not found`},
		{autoscaler, "spec/scaleTargetRef/name", "nope", `spec.scaleTargetRef.name: deployment "nope" not found`},
	} {
		inputs := changed(t, c.typ, c.path, c.value)
		_, err := w.create(c.typ, inputs)
		assert.ErrorContains(t, err, c.want)
		preview, err := w.server.Create(context.Background(), &pulumirpc.CreateRequest{
			Urn: project + c.typ + "::thing", Properties: w.mustCheck(c.typ, inputs), Preview: true,
		})
		require.NoError(t, err, "what is missing may come earlier in the same update: %s", c.want)
		assert.NotNil(t, preview.Properties)
	}
	_, err := w.create(pod, changed(t, pod, "spec/volumes/0", "{name: ca, secret: {secretName: nope, optional: true}}"))
	assert.NoError(t, err, "an optional reference may lead nowhere")
}

func TestAnObjectWaitsBrieflyForObjectsCreatedInParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	kubernetes.SetPatience(w.server, time.Minute)
	checked := w.mustCheck(configMap, m{"metadata": m{"name": "late"}})
	go func() {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.server.Create(context.Background(), &pulumirpc.CreateRequest{Urn: project + configMap + "::late", Properties: checked})
	}()
	_, err := w.create(pod, changed(t, pod, "spec/volumes/0/configMap/name", "late"))
	assert.NoError(t, err)
}

func TestWhatEveryClusterHasIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	w.make(namespace, m{"metadata": m{"name": "apps"}})
	for _, c := range []struct{ typ, namespace, name string }{
		{serviceAccount, "apps", "default"}, {configMap, "apps", "kube-root-ca.crt"}, {namespace, "", "kube-public"},
		{clusterRole, "", "cluster-admin"}, {clusterRole, "", "system:node"}, {storageClass, "", "gp2"}, {service, "default", "kubernetes"},
	} {
		inputs := changed(t, c.typ, "metadata/name", c.name)
		if c.namespace != "" {
			inputs["metadata"].(m)["namespace"] = c.namespace
		}
		_, err := w.create(c.typ, inputs)
		assert.ErrorContains(t, err, `"`+c.name+`" already exists`)
		id := strings.TrimPrefix(c.namespace+"/"+c.name, "/")
		assert.Equal(t, c.name, property(t, w.state(c.typ, id).Properties, "metadata/name"), "and can be imported")
	}
	_, err := w.create(serviceAccount, m{"metadata": m{"name": "aws-node", "namespace": "kube-system"}})
	require.NoError(t, err)
	require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
		return tx.Put(&cloud.Object{Scope: clusterObject().Scope, Type: "aws:eks/addon:Addon", ID: "nonprod:coredns", Attributes: cloud.Attributes{
			"addonName": "coredns", "clusterName": "nonprod",
		}})
	}))
	_, err = w.create(serviceAccount, m{"metadata": m{"name": "coredns", "namespace": "kube-system"}})
	assert.ErrorContains(t, err, `"coredns" already exists`, "an add-on brings its service account")
}

func TestAKindThatTheClusterDoesNotServeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	version := func(v string) {
		require.NoError(t, w.store.Update(func(tx cloud.Tx) error {
			c := clusterObject()
			c.Attributes["version"] = v
			return tx.Put(c)
		}))
	}
	version("1.35")
	_, err := w.create(mutating, valid(t, mutating))
	assert.ErrorContains(t, err, `no matches for kind "MutatingAdmissionPolicy" in version "admissionregistration.k8s.io/v1"; it comes with Kubernetes 1.36, and the cluster has 1.35`)
	version("1.36")
	_, err = w.create(mutating, valid(t, mutating))
	assert.NoError(t, err)
	_, err = w.create(mutatingBeta, valid(t, mutating))
	assert.ErrorContains(t, err, "EKS does not enable this beta API")
}

func TestWhatIsUnknownIsNotHeldAgainstAnObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, nil)
	unknown := resource.MakeComputed(resource.NewProperty(""))
	for _, path := range []string{
		"spec.template.metadata.labels.app", "spec.selector", "spec.template.spec.containers[0].image", "spec.template.spec.containers[0].env",
		"spec.template.spec.volumes[0].name", "spec.template.spec.containers[0].ports[0].name", "spec.template.spec.containers[0]", "metadata.name",
	} {
		in := resource.NewProperty(resource.NewPropertyMapFromMap(valid(t, deployment)))
		at, err := resource.ParsePropertyPath(path)
		require.NoError(t, err)
		in, ok := at.Add(in, unknown)
		require.True(t, ok)
		resp, err := w.server.Check(context.Background(), &pulumirpc.CheckRequest{
			Urn: project + deployment + "::thing", News: propsOf(t, in.ObjectValue()), RandomSeed: []byte(strings.Repeat("s", 32)),
		})
		require.NoError(t, err)
		assert.Empty(t, resp.Failures, path)
	}
}

func TestTwoStacksOnOneCluster(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, true, nil)
	w.make(configMap, valid(t, configMap))
	other := "urn:pulumi:stg::eks-platform::" + configMap + "::thing"
	inputs := changed(t, configMap, "data/a", "from stg")
	checked := w.mustCheck(configMap, inputs)
	_, err := w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: other, Properties: checked})
	assert.ErrorContains(t, err, `configmaps "web" already exists`)

	w.configure(kubeconfig(endpoint), map[string]string{"upsertExistingObjects": "true"})
	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: other, Properties: checked})
	assert.ErrorContains(t, err, "Server-Side Apply field conflict detected")
	assert.Regexp(t, `Apply failed with 1 conflict: conflict with "pulumi-kubernetes-[0-9a-f]{8}": \.data\.a$`, err.Error())

	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: other, Properties: w.mustCheck(configMap, m{
		"metadata": m{"name": "web"}, "data": m{"a": "b", "c": "d"},
	})})
	assert.NoError(t, err, "two may own a field that they agree on")
	inputs["metadata"].(m)["annotations"] = m{"pulumi.com/patchForce": "true"}
	_, err = w.server.Create(ctx, &pulumirpc.CreateRequest{Urn: other, Properties: w.mustCheck(configMap, inputs)})
	assert.NoError(t, err, "force takes the field over")
	assert.Equal(t, "from stg", property(t, w.state(configMap, "default/web").Properties, "data/a"))
}

func TestARenamedResourceStaysTheManagerOfItsFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, map[string]string{"enableConfigMapMutable": "true"})
	o := w.make(configMap, valid(t, configMap))
	_, err := w.server.Update(context.Background(), &pulumirpc.UpdateRequest{
		Id: o.created.Id, Urn: project + configMap + "::renamed", Olds: o.created.Properties, OldInputs: o.inputs,
		News: w.mustCheck(configMap, changed(t, configMap, "data/a", "c")),
	})
	assert.NoError(t, err)
}
