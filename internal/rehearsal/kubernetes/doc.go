// Package kubernetes replaces the pulumi-kubernetes 4.32.0 provider and the API servers of the rehearsal cloud's EKS
// clusters.
//
// A provider finds its cluster by the server endpoint in its kubeconfig: a cluster that the rehearsal cloud does not
// have, or no longer has, is unreachable, and answers as the genuine provider does about an unreachable cluster.
// Objects are decoded strictly against the API types of k8s.io/api, live in the cloud's store as
// "kubernetes:<apiVersion>/<kind>", and belong to their namespace or their cluster, so that they go when it goes.
//
// The provider's rules (when a provider or an object is replaced, names, defaults, messages) come from the source of
// pulumi-kubernetes, provider/pkg/provider; what replaces an object is its table in diff.go there. The API server's
// rules come from apimachinery where it has them, and are written out here where only k8s.io/kubernetes has them: a
// kind is a row in one of the kind_*.go files, and one that is in none is refused by name. Beyond the API server,
// which lets them pass, references to what does not exist are refused, because such an object never works.
//
// Admission policies are compiled and put to what is created or updated, by the API server's own code (internal/policy).
//
// Not implemented are controllers (a Deployment makes no pods), the insides of Helm charts (charts.go knows their
// versions and the custom kinds that they bring), admission webhooks, and admission policies with parameters or on
// deletions.
package kubernetes
