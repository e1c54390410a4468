package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const crdToken = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"

var crdGVK = apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition")

var definitionKinds = []*kind{{
	apiVersion: crdGVK.GroupVersion().String(), name: crdGVK.Kind, plural: "customresourcedefinitions",
	validate: typed(validateDefinition),
	frozen:   []string{"spec.group", "spec.names.kind", "spec.scope"},
	complete: func(_ *cluster, live map[string]any) {
		names := child(child(live, "spec"), "names")
		for key, value := range map[string]string{
			"singular": strings.ToLower(text(names, "kind")), "listKind": text(names, "kind") + "List",
		} {
			if text(names, key) == "" {
				names[key] = value
			}
		}
	},
}}

// validateDefinition applies the API server's rules on a definition's names and versions.
func validateDefinition(d *apiextensionsv1.CustomResourceDefinition) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	if want := d.Spec.Names.Plural + "." + d.Spec.Group; d.Name != want {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), d.Name, `must be spec.names.plural+"."+spec.group`))
	}
	if d.Spec.Group == "" {
		errs = append(errs, field.Required(at.Child("group"), ""))
	} else {
		errs = append(errs, legalName(at.Child("group"), d.Spec.Group, validation.NameIsDNSSubdomain)...)
		if builtIn(d.Spec.Group) {
			errs = append(errs, field.Invalid(at.Child("group"), d.Spec.Group, "belongs to Kubernetes itself"))
		}
	}
	errs = append(errs, oneOf(at.Child("scope"), string(d.Spec.Scope), "Cluster", "Namespaced")...)
	for name, value := range map[string]string{"plural": d.Spec.Names.Plural, "kind": strings.ToLower(d.Spec.Names.Kind)} {
		if value == "" {
			errs = append(errs, field.Required(at.Child("names", name), ""))
			continue
		}
		for _, msg := range utilvalidation.IsDNS1035Label(value) {
			errs = append(errs, field.Invalid(at.Child("names", name), value, msg))
		}
	}
	stored, versions := 0, sets.New[string]()
	for i, v := range d.Spec.Versions {
		at := at.Child("versions").Index(i)
		for _, msg := range utilvalidation.IsDNS1035Label(v.Name) {
			errs = append(errs, field.Invalid(at.Child("name"), v.Name, msg))
		}
		if versions.Has(v.Name) {
			errs = append(errs, field.Duplicate(at.Child("name"), v.Name))
		}
		versions.Insert(v.Name)
		if v.Storage {
			stored++
		}
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			errs = append(errs, field.Required(at.Child("schema", "openAPIV3Schema"), "schemas are required"))
		} else if v.Schema.OpenAPIV3Schema.Type != "object" {
			errs = append(errs, field.Invalid(at.Child("schema", "openAPIV3Schema", "type"), v.Schema.OpenAPIV3Schema.Type, "must be object at the root"))
		}
	}
	if stored != 1 {
		errs = append(errs, field.Invalid(at.Child("versions"), stored, "must have exactly one version marked as storage version"))
	}
	return errs
}

// definition is what a cluster knows about a custom kind.
type definition struct {
	group, kind string
	versions    []string
	clusterWide bool
	// schema is the structure of the kind's objects, or nil where it is not known.
	schema map[string]any
}

// customKind returns the kind of a custom resource's Pulumi type token: kubernetes:<group>/<version>:<Kind>.
func customKind(token string) (*kind, bool) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[2] == "" || token == releaseToken {
		return nil, false
	}
	group, version, ok := strings.Cut(parts[1], "/")
	if !ok || version == "" || !strings.Contains(group, ".") || builtIn(group) || strings.HasSuffix(group, "helm.sh") ||
		strings.HasPrefix(group, "kustomize") {
		return nil, false
	}
	return &kind{
		apiVersion: parts[1], name: parts[2], plural: strings.ToLower(parts[2]) + "s", custom: true,
		legalName: validation.NameIsDNSSubdomain,
	}, true
}

// definition returns what the cluster knows about a custom kind, from a CustomResourceDefinition that somebody made or
// from what its add-ons and charts bring, or nil.
func (c *cluster) definition(k *kind) *definition {
	gvk := k.gvk()
	for _, o := range c.list(kinds[crdToken]) {
		spec := child(o.Attributes, "spec")
		if text(spec, "group") != gvk.Group || text(child(spec, "names"), "kind") != gvk.Kind {
			continue
		}
		d := &definition{group: gvk.Group, kind: gvk.Kind, clusterWide: spec["scope"] == "Cluster"}
		versions, _ := spec["versions"].([]any)
		for _, v := range versions {
			v, _ := v.(map[string]any)
			if v["served"] != true {
				continue
			}
			d.versions = append(d.versions, text(v, "name"))
			if text(v, "name") == gvk.Version {
				d.schema, _ = child(v, "schema")["openAPIV3Schema"].(map[string]any)
			}
		}
		if slices.Contains(d.versions, gvk.Version) {
			return d
		}
	}
	for _, d := range c.broughtDefinitions() {
		if d.group == gvk.Group && d.kind == gvk.Kind && slices.Contains(d.versions, gvk.Version) {
			return &d
		}
	}
	return nil
}

// fits says why a custom resource does not fit its definition, or returns nil.
func (d *definition) fits(namespace string, manifest map[string]any) error {
	if d.clusterWide && namespace != "" {
		return fmt.Errorf("%s is cluster-wide: metadata.namespace must not be set", d.kind)
	}
	if d.schema == nil {
		return nil
	}
	errs := structural(d.schema, manifest, nil, true)
	if len(errs) == 0 {
		return nil
	}
	return errs.ToAggregate()
}

// deleteDefined removes the objects of a custom kind, which go with its definition.
func (c *cluster) deleteDefined(name string) error {
	o, ok := c.get(kinds[crdToken], "", name)
	if !ok {
		return nil
	}
	spec := child(o.Attributes, "spec")
	versions, _ := spec["versions"].([]any)
	for _, v := range versions {
		v, _ := v.(map[string]any)
		k := &kind{apiVersion: text(spec, "group") + "/" + text(v, "name"), name: text(child(spec, "names"), "kind")}
		for _, o := range c.list(k) {
			if err := c.tx.Delete(o.Scope, o.Type, o.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// brought reports whether an object that nobody made is brought by something whose insides the rehearsal cloud does not
// have: a Helm release, whose objects are named after it or its chart, or an ExternalSecret.
func (c *cluster) brought(k *kind, namespace, name string) bool {
	for _, o := range c.releases() {
		in := text(o.Attributes, "namespace")
		if namespace != "" && in != namespace {
			continue
		}
		chart := text(o.Attributes, "chart")
		chart = chart[strings.LastIndex(chart, "/")+1:]
		if strings.HasPrefix(name, text(o.Attributes, "name")) || strings.HasPrefix(name, chart) {
			return true
		}
		if known, _ := chartOf(chart); slices.Contains(known.Objects[k.token()], name) {
			return true
		}
	}
	return k.token() == secretToken && c.externalSecret(namespace, name)
}

// externalSecret reports whether an ExternalSecret of a namespace makes a Secret.
func (c *cluster) externalSecret(namespace, name string) bool {
	for _, version := range []string{"v1", "v1beta1"} {
		k := &kind{apiVersion: "external-secrets.io/" + version, name: "ExternalSecret"}
		if slices.ContainsFunc(c.list(k), func(o *cloud.Object) bool {
			meta, target := child(o.Attributes, "metadata"), child(child(o.Attributes, "spec"), "target")
			return text(meta, "namespace") == namespace && (text(target, "name") == name || text(target, "name") == "" && text(meta, "name") == name)
		}) {
			return true
		}
	}
	return false
}
