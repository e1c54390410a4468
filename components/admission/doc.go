// Package admission keeps the workloads of environments on one cluster apart: pods of an environment that is bound to
// spot nodes run nowhere else, and nobody else's pods run there.
//
// Taints and labels of nodes alone do not do that: whoever writes a pod chooses its tolerations. So the API server
// decides, by two ValidatingAdmissionPolicies (stable since Kubernetes 1.30, no webhook, no pod of ours):
//
//   - spot required: in namespaces with the label eks-platform/capacity=spot a pod must require spot nodes in every
//     term of its node affinity, and tolerate their taint;
//   - spot refused: in every other namespace nothing may tolerate that taint.
//
// In both, only the scheduler chooses a node (spec.nodeName). The templates of workloads are checked as well, so that a
// denial appears on apply and not in an event of a ReplicaSet.
//
// From Kubernetes 1.36 on a MutatingAdmissionPolicy adds the affinity and the toleration to pods of spot-bound namespaces,
// so teams need not. It is admissionregistration.k8s.io/v1 from 1.36 on; 1.34 and 1.35 have it as v1beta1, off by default
// as all new beta APIs are (KEP 3136), and EKS offers no way to turn one on (aws/containers-roadmap#512).
//
// The policies cannot check DaemonSet pods: the DaemonSet controller replaces their required node affinity by
// the name of the node (pkg/controller/daemon/util/daemonset_util.go in kubernetes/kubernetes). In spot-bound namespaces
// the controller's pods pass, and the DaemonSet's template is checked instead. DaemonSets of kube-system and of namespaces
// with the label eks-platform/system=true, which run on every node, are exempt, as are mirror pods, which kubelets create.
package admission
