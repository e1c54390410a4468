package rules_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/stacks"
)

// The types inside a cluster that these tests look for.
const (
	namespaceObject = "kubernetes:core/v1:Namespace"
	daemonSetObject = "kubernetes:apps/v1:DaemonSet"
	cronJobObject   = "kubernetes:batch/v1:CronJob"
	policyObject    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	quotaObject     = "kubernetes:core/v1:ResourceQuota"
	limitsObject    = "kubernetes:core/v1:LimitRange"
	accountObject   = "kubernetes:core/v1:ServiceAccount"
	clusterRoleType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	roleBindingType = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	releaseType     = "kubernetes:helm.sh/v3:Release"
	roleType        = "aws:iam/role:Role"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	kubeSystem      = "kube-system"
)

// insideRules are about what is in a cluster, and what it is towards AWS.
var insideRules = map[string]rule{
	"what needs the Kubernetes API is under one component":              everythingInsideIsUnderOne,
	"nothing waits for what is inside":                                  nothingWaitsForTheInside,
	"what is inside goes with its cluster, if the stack owns that":      theInsideGoesWithItsCluster,
	"images and charts have a version":                                  imagesArePinned,
	"objects are labelled, and in a namespace of the platform":          objectsHaveAPlace,
	"namespaces have a Pod Security level, quota, limits, and are shut": namespacesAreShut,
	"nobody may do everything in a cluster":                             nobodyMayDoEverything,
	"a role for pods is one service account's":                          rolesHaveOneAccount,
	"pods of the platform stay off spot nodes, or run on every node":    podsHaveTheirNodes,
}

// Each case breaks one rule in what prod registers, and no other.
func TestEveryRuleOfAClusterCanBeBroken(t *testing.T) {
	t.Parallel()
	const (
		pinned, placed, shut = "images and charts have a version", "objects are labelled, and in a namespace of the platform", "namespaces have a Pod Security level, quota, limits, and are shut"
		everything, account  = "nobody may do everything in a cluster", "a role for pods is one service account's"
		nodes                = "pods of the platform stay off spot nodes, or run on every node"
	)
	trust := func(condition string) string {
		return quote(`{"Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":"sts:AssumeRole"` + condition + `}]}`)
	}
	regs, file := registered(t, "prod"), settingsOf(t, "prod")
	for _, c := range []struct{ rule, typ, path, value string }{
		{pinned, daemonSetObject, "spec.template.spec.containers[0].image", `"public.ecr.aws/a/b"`},
		{pinned, daemonSetObject, "spec.template.spec.containers[0].image", `"public.ecr.aws/a/b:latest"`},
		{pinned, daemonSetObject, "spec.template.spec.initContainers", `[{"name":"a","image":"b:1"}]`},
		{pinned, cronJobObject, "spec.jobTemplate.spec.template.spec.containers[0].image", `"kubectl:1"`},
		{pinned, releaseType, "version", `">=3.0.0"`},
		{pinned, releaseType, "version", "null"},
		{pinned, releaseType, "values.image", `{"repository":"a","tag":"latest"}`},
		{placed, accountObject, "metadata.namespace", `"default"`},
		{placed, accountObject, "metadata.namespace", "null"},
		{placed, accountObject, "metadata.namespace", `"elsewhere"`},
		{placed, quotaObject, "metadata.labels", "{}"},
		{placed, limitsObject, "metadata.name", "null"},
		{placed, releaseType, "namespace", `"default"`},
		{shut, namespaceObject, `metadata.labels["pod-security.kubernetes.io/enforce"]`, "null"},
		{shut, quotaObject, "spec.hard", "{}"},
		{shut, limitsObject, "spec.limits", "[]"},
		{shut, policyObject, "spec.policyTypes", `["Ingress"]`},
		{shut, policyObject, "spec.podSelector", `{"matchLabels":{"a":"b"}}`},
		{shut, policyObject, "spec.ingress", "[{}]"},
		{everything, clusterRoleType, "rules", `[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]`},
		{everything, clusterRoleType, "rules", `[{"apiGroups":[""],"resources":["secrets"],"verbs":["*"]}]`},
		{everything, clusterRoleType, "rules", `[{"apiGroups":[""],"resources":["pods/*"],"verbs":["get"]}]`},
		{everything, clusterRoleType, "rules", `[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["escalate"]}]`},
		{everything, roleBindingType, "roleRef.name", `"cluster-admin"`},
		{everything, roleBindingType, "subjects[0].name", `"system:authenticated"`},
		{account, roleType, "assumeRolePolicy", trust("")},
		{account, roleType, "assumeRolePolicy", trust(`,"Condition":{"StringLike":{"aws:RequestTag/kubernetes-namespace":"*","aws:RequestTag/kubernetes-service-account":"api"}}`)},
		{account, associationType, "serviceAccount", `"somebody"`},
		{account, associationType, "namespace", `"somewhere"`},
		{nodes, daemonSetObject, "spec.template.spec.tolerations", `[{"key":"a","operator":"Exists"}]`},
		{nodes, daemonSetObject, "spec.template.spec.nodeSelector", `{"lifecycle":"OnDemand"}`},
		{nodes, cronJobObject, "spec.jobTemplate.spec.template.spec.nodeSelector", "{}"},
		{nodes, cronJobObject, "spec.jobTemplate.spec.template.spec.tolerations", `[{"operator":"Exists"}]`},
		{nodes, releaseType, "values.nodeSelector", "{}"},
	} {
		broken := broken(t, regs, c.typ, c.path, c.value)
		for name, check := range insideRules {
			if name == c.rule {
				assert.NotEmpty(t, check(broken, file), "%s %s = %s", c.typ, c.path, c.value)
			} else {
				assert.Empty(t, check(broken, file), "%s: %s %s = %s", name, c.typ, c.path, c.value)
			}
		}
	}
}

func TestTheShapeOfTheLayerCanBeBroken(t *testing.T) {
	t.Parallel()
	change := func(stack, typ string, edit func(r *ptest.Registration)) ptest.Registrations {
		regs := registered(t, stack)
		for i := range regs {
			if regs[i].Type == typ {
				edit(&regs[i])
			}
		}
		return regs
	}
	within := registered(t, "dev").ByType(quotaObject)[0].URN
	assert.NotEmpty(t, everythingInsideIsUnderOne(change("dev", quotaObject, func(r *ptest.Registration) {
		r.URN = "urn:pulumi:dev::eks-platform::eks-platform:tenancy:Tenancy$" + r.Type + "::" + r.Name
	}), settings{}))
	assert.NotEmpty(t, everythingInsideIsUnderOne(change("dev", quotaObject, func(r *ptest.Registration) {
		r.Provider = "urn:pulumi:dev::eks-platform::pulumi:providers:kubernetes::other::id"
	}), settings{}))
	for name, edit := range map[string]func(r *ptest.Registration){
		"by DependsOn":   func(r *ptest.Registration) { r.Dependencies = []string{within} },
		"by an input":    func(r *ptest.Registration) { r.PropertyDependencies = map[string][]string{"tags": {within}} },
		"by its parent":  func(r *ptest.Registration) { r.Parent = within },
		"by DeletedWith": func(r *ptest.Registration) { r.DeletedWith = within },
	} {
		assert.NotEmpty(t, nothingWaitsForTheInside(change("dev", "aws:cloudwatch/logGroup:LogGroup", edit), settings{}), name)
	}
	assert.NotEmpty(t, theInsideGoesWithItsCluster(change("dev", stacks.InClusterType, func(r *ptest.Registration) { r.DeletedWith = "" }), settings{}))
	assert.NotEmpty(t, theInsideGoesWithItsCluster(change("stg", stacks.InClusterType, func(r *ptest.Registration) { r.DeletedWith = "urn" }), settings{}))
}

// inside reports whether a registration is below the one component of what is inside the cluster.
func inside(r ptest.Registration) bool { return strings.Contains(r.URN, stacks.InClusterType+"$") }

// insideURN tells the same of a URN.
func insideURN(urn string) bool { return inside(ptest.Registration{URN: urn}) }

func everythingInsideIsUnderOne(regs ptest.Registrations, _ settings) []string {
	var b breaches
	if n := len(regs.ByType(stacks.InClusterType)); n != 1 {
		b = append(b, "there is one component for what is inside the cluster")
	}
	for _, r := range regs {
		needs := strings.HasPrefix(r.Type, "kubernetes:")
		b.unless(!needs && r.Type != "pulumi:providers:kubernetes" || inside(r), r, "is below %s: a run that leaves that out needs no way to the cluster", stacks.InClusterType)
		b.unless(!needs || strings.Contains(r.Provider, stacks.InClusterType+"$pulumi:providers:kubernetes"), r, "goes through the provider below it")
		b.unless(needs || !inside(r) || !r.Custom || strings.HasPrefix(r.Type, "pulumi:"), r, "is no object of the cluster: a run that leaves the inside out would miss it")
	}
	return b
}

func nothingWaitsForTheInside(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs {
		if inside(r) {
			continue
		}
		before := append(slices.Clone(r.Dependencies), r.Parent, r.DeletedWith, r.Provider)
		for _, urns := range r.PropertyDependencies {
			before = append(before, urns...)
		}
		for _, urn := range before {
			b.unless(!insideURN(urn), r, "does not wait for %s, which a run may leave out", urn)
		}
	}
	return b
}

// theInsideGoesWithItsCluster looks at the component: the engine hands DeletedWith down to what is below it, as a test
// on the real one shows.
func theInsideGoesWithItsCluster(regs ptest.Registrations, _ settings) []string {
	var b breaches
	clusters := regs.ByType(clusterType)
	for _, r := range regs.ByType(stacks.InClusterType) {
		owned := ""
		if len(clusters) == 1 && !clusters[0].Read {
			owned = clusters[0].URN
		}
		b.unless(r.DeletedWith == owned, r, "is deleted with %q, got %q", owned, r.DeletedWith)
	}
	return b
}

// podSpecOf returns the pod of a workload.
func podSpecOf(r ptest.Registration) (attributes, bool) {
	path := "spec.template.spec"
	switch _, kind, _ := strings.Cut(strings.TrimPrefix(r.Type, "kubernetes:"), ":"); kind {
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
	case "CronJob":
		path = "spec.jobTemplate.spec.template.spec"
	case "Pod":
		path = "spec"
	default:
		return nil, false
	}
	spec, _ := r.Input(path).(attributes)
	return spec, true
}

var oneVersion = regexp.MustCompile(`^[0-9]+[.][0-9]+[.][0-9]+$`)

func imagesArePinned(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs {
		if spec, ok := podSpecOf(r); ok && strings.HasPrefix(r.Type, "kubernetes:") {
			containers := slices.Concat(list(spec["containers"]), list(spec["initContainers"]))
			b.unless(len(containers) > 0, r, "has containers")
			for _, c := range containers {
				ref, _ := c.(attributes)["image"].(string)
				b.unless(image.Problem(ref) == "", r, "runs one version of %q", ref)
			}
		}
		if r.Type == releaseType {
			version, _ := r.Input("version").(string)
			b.unless(oneVersion.MatchString(version), r, "is one version of its chart, got %q", version)
			tag, tagged := r.Input("values.image.tag").(string)
			b.unless(!tagged || tag != "" && tag != "latest", r, "runs one version of its image, got %q", tag)
		}
	}
	return b
}

// clusterWide are the kinds in use that are in no namespace.
var clusterWide = regexp.MustCompile(`:(Namespace|ClusterRole|ClusterRoleBinding|StorageClass|PriorityClass|(Validating|Mutating)AdmissionPolicy(Binding)?)$`)

func objectsHaveAPlace(regs ptest.Registrations, _ settings) []string {
	var b breaches
	own := []any{kubeSystem} // another stack's namespaces are its own business
	for _, r := range regs.ByType(namespaceObject) {
		own = append(own, r.Input("metadata.name"))
	}
	for _, r := range regs.WithTypePrefix("kubernetes:") {
		if r.Type == releaseType {
			b.unless(slices.Contains(own, r.Input("namespace")), r, "is in a namespace of the platform, got %v", r.Input("namespace"))
			continue
		}
		name, _ := r.Input("metadata.name").(string)
		b.unless(name != "", r, "says its name: nobody finds one that Pulumi made up")
		labels, _ := r.Input("metadata.labels").(attributes)
		b.unless(labels["app.kubernetes.io/managed-by"] == convention.ManagedBy && labels["app.kubernetes.io/name"] != nil, r, "says whose it is, got %v", labels)
		namespace := r.Input("metadata.namespace")
		if clusterWide.MatchString(r.Type) {
			b.unless(namespace == nil, r, "is in no namespace, got %v", namespace)
		} else {
			b.unless(slices.Contains(own, namespace), r, "is in a namespace of the platform, got %v", namespace)
		}
	}
	return b
}

// denies reports whether a network policy shuts a namespace in both directions.
func denies(r ptest.Registration) bool {
	selector, _ := r.Input("spec.podSelector").(attributes)
	types := texts(r.Input("spec.policyTypes"))
	return len(selector) == 0 && slices.Contains(types, "Ingress") && slices.Contains(types, "Egress") &&
		r.Input("spec.ingress") == nil && r.Input("spec.egress") == nil
}

func namespacesAreShut(regs ptest.Registrations, _ settings) []string {
	var b breaches
	in := func(namespace any, typ string, holds func(r ptest.Registration) bool) bool {
		return slices.ContainsFunc(regs.ByType(typ), func(r ptest.Registration) bool {
			return r.Input("metadata.namespace") == namespace && holds(r)
		})
	}
	for _, r := range regs.ByType(namespaceObject) {
		labels, _ := r.Input("metadata.labels").(attributes)
		level, _ := labels["pod-security.kubernetes.io/enforce"].(string)
		b.unless(level != "", r, "enforces a Pod Security level")
		if labels[convention.System] == "true" {
			continue // the platform's own
		}
		name := r.Input("metadata.name")
		b.unless(level == "baseline" || level == "restricted", r, "enforces baseline or restricted, got %q", level)
		b.unless(labels[convention.Environment] != nil, r, "says whose environment it is")
		b.unless(in(name, quotaObject, func(q ptest.Registration) bool {
			hard, _ := q.Input("spec.hard").(attributes)
			return len(hard) > 0
		}), r, "has a quota")
		b.unless(in(name, limitsObject, func(l ptest.Registration) bool { return len(list(l.Input("spec.limits"))) > 0 }), r, "has a limit range")
		b.unless(in(name, policyObject, denies), r, "denies all traffic that nothing allows")
	}
	return b
}

// escalating are the verbs by which one gets more rights than one has
// (https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks).
var escalating = []string{"*", "escalate", "bind", "impersonate"}

func nobodyMayDoEverything(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.WithTypePrefix("kubernetes:rbac.authorization.k8s.io/v1:") {
		for _, x := range list(r.Input("rules")) {
			allowed, _ := x.(attributes)
			verbs, resources := texts(allowed["verbs"]), texts(allowed["resources"])
			b.unless(len(verbs) > 0 && len(resources) > 0, r, "says what is allowed")
			for _, verb := range verbs {
				b.unless(!slices.Contains(escalating, verb), r, "allows no %s", verb)
			}
			for _, name := range resources {
				b.unless(!strings.Contains(name, "*"), r, "allows nothing on %s", name)
			}
		}
		if ref, bound := r.Input("roleRef").(attributes); bound {
			b.unless(ref["name"] != "cluster-admin", r, "makes nobody the cluster's administrator")
			subjects := list(r.Input("subjects"))
			b.unless(len(subjects) > 0, r, "binds somebody")
			for _, s := range subjects {
				name, _ := s.(attributes)["name"].(string)
				b.unless(name != "" && !strings.HasPrefix(name, "system:"), r, "binds no group of Kubernetes' own, such as %s", name)
			}
		}
	}
	return b
}

// rolesHaveOneAccount holds what a role for pods trusts against whom EKS gives it to.
func rolesHaveOneAccount(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.ByType(roleType) {
		text, _ := r.Input("assumeRolePolicy").(string)
		var trust struct{ Statement []statement }
		if json.Unmarshal([]byte(text), &trust) != nil || !strings.Contains(text, "pods.eks.amazonaws.com") {
			b.unless(!strings.Contains(text, "oidc"), r, "trusts no token: these stacks use Pod Identity throughout")
			continue
		}
		given := accountsOf(regs, r)
		b.unless(len(given) == 1, r, "is one service account's, got %v", given)
		for _, s := range trust.Statement {
			exact := s.Condition["StringEquals"]
			trusted := strings.Join(texts(exact["aws:RequestTag/kubernetes-namespace"]), "+") + "/" +
				strings.Join(texts(exact["aws:RequestTag/kubernetes-service-account"]), "+")
			b.unless(slices.Contains(given, trusted), r, "trusts the account that has it, %v, got %s", given, trusted)
		}
	}
	return b
}

// accountsOf returns the service accounts that EKS gives a role to, by associations of their own or an add-on's.
func accountsOf(regs ptest.Registrations, role ptest.Registration) []string {
	arn := ptest.ARN(role.Type, role.Name)
	var out []string
	for _, a := range regs.ByType(associationType) {
		if a.Input("roleArn") == arn {
			namespace, _ := a.Input("namespace").(string)
			account, _ := a.Input("serviceAccount").(string)
			out = append(out, namespace+"/"+account)
		}
	}
	for _, a := range regs.ByType(addonType) {
		for _, x := range list(a.Input("podIdentityAssociations")) {
			if given, _ := x.(attributes); given["roleArn"] == arn {
				account, _ := given["serviceAccount"].(string)
				out = append(out, kubeSystem+"/"+account)
			}
		}
	}
	return out
}

// everywhere reports whether tolerations cover every taint.
func everywhere(v any) bool {
	return slices.ContainsFunc(list(v), func(t any) bool {
		toleration, _ := t.(attributes)
		return toleration["operator"] == "Exists" && toleration["key"] == nil && toleration["effect"] == nil
	})
}

// onDemandOnly reports whether pods run on nodes bought on demand, and on no tainted ones.
func onDemandOnly(selector, tolerations any) bool {
	wanted, _ := selector.(attributes)
	for key, value := range convention.OnDemand() {
		if wanted[key] != value {
			return false
		}
	}
	return len(list(tolerations)) == 0
}

// Charts bring Deployments with nodeSelector, or DaemonSets with tolerations, both at the top of their values. Where
// the pods behind them really may run is computed for platform placement.
func podsHaveTheirNodes(regs ptest.Registrations, _ settings) []string {
	var b breaches
	for _, r := range regs.WithTypePrefix("kubernetes:") {
		spec, runs := podSpecOf(r)
		switch {
		case r.Type == daemonSetObject:
			selector, _ := spec["nodeSelector"].(attributes)
			delete(selector, "kubernetes.io/os")
			b.unless(everywhere(spec["tolerations"]) && len(selector) == 0, r, "runs on every node")
		case runs:
			b.unless(onDemandOnly(spec["nodeSelector"], spec["tolerations"]), r, "runs on nodes that nobody takes away")
		case r.Type == releaseType:
			selector, tolerations := r.Input("values.nodeSelector"), r.Input("values.tolerations")
			b.unless(onDemandOnly(selector, tolerations) || everywhere(tolerations) && selector == nil, r, "runs on nodes that nobody takes away, or on every node")
		}
	}
	return b
}
