package convention

// AutoscaledTag is on the Auto Scaling groups whose size is the Cluster Autoscaler's, with the value true, and on no
// others. EKS puts the usual discovery tags on every managed node group by itself
// (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html), so that an autoscaler which looks for
// those only would take the other groups, too.
const AutoscaledTag = "eks-platform/autoscaled"

// ClusterAutoscalerTag is the tag that EKS puts on a cluster's Auto Scaling groups, with the value owned.
func ClusterAutoscalerTag(cluster string) string { return "k8s.io/cluster-autoscaler/" + cluster }
