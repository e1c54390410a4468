package autoscaling

import (
	"fmt"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
)

// policy lets the autoscaler read all Auto Scaling groups, as describe calls cannot be limited to resources, and resize
// those that discovery finds. The actions are those of the autoscaler's own policy
// (https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.36.1/cluster-autoscaler/cloudprovider/aws/README.md);
// its resources are *.
func (a *Args) policy() iamdoc.Document {
	partition := region.Partition(a.Region)
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid: "LookAround",
			Actions: []string{
				"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
				"autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities",
				"ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions",
				"ec2:GetInstanceTypesFromInstanceRequirements",
			},
			Resources: []string{"*"},
		},
		{
			// To know what the nodes of an empty managed group would be like.
			Sid: "NodeGroups", Actions: []string{"eks:DescribeNodegroup"},
			Resources: []string{fmt.Sprintf("arn:%s:eks:%s:%s:nodegroup/%s/*/*", partition, a.Region, a.AccountID, a.ClusterName)},
		},
		{
			Sid: "Size", Actions: []string{"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"},
			Resources: []string{fmt.Sprintf("arn:%s:autoscaling:%s:%s:autoScalingGroup:*:autoScalingGroupName/*",
				partition, a.Region, a.AccountID)},
			Conditions: map[string]map[string][]string{"StringEquals": {
				"aws:ResourceTag/" + convention.ClusterAutoscalerTag(a.ClusterName): {"owned"},
				"aws:ResourceTag/" + convention.AutoscaledTag:                       {"true"},
			}},
		},
	}}
}
