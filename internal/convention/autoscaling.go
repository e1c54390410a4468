package convention

// AutoscaledTag marks, with the value true, the Auto Scaling groups that the Cluster Autoscaler resizes. EKS adds the usual
// discovery tags to every managed node group (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html),
// so an autoscaler that looks only for those would also resize the other groups.
const AutoscaledTag = "eks-platform/autoscaled"

// ClusterAutoscalerTag is the tag that EKS puts on a cluster's Auto Scaling groups, with the value owned.
func ClusterAutoscalerTag(cluster string) string { return "k8s.io/cluster-autoscaler/" + cluster }
