package nodegroup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/schema"
	"github.com/eks-platform/eks-platform/internal/tags"
)

// Problems returns everything that is wrong with the settings, on their own and on the given cluster. Paths are those of
// the settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	out := a.AMI.problems().Under("ami")
	out = append(out, a.instanceProblems()...)
	out = append(out, sizeProblems(a.Scaling.Min, a.Scaling.Max, a.Scaling.Desired).Under("scaling")...)
	out = append(out, a.nodeResourceProblems().Under("scaling.nodeResources")...)
	out = append(out, labelProblems(a.Labels).Under("labels")...)
	out = append(out, taintProblems(a.Taints).Under("taints")...)
	out = append(out, a.volumeProblems().Under("volume")...)
	out = append(out, a.Kubelet.problems().Under("kubelet")...)
	out = append(out, a.pidProblems()...)
	out = append(out, a.capacityProblems()...)
	if a.Update.MaxUnavailable != 0 && a.Update.MaxUnavailablePercentage != 0 {
		out.Relate("update.maxUnavailablePercentage", []string{"update.maxUnavailablePercentage", "update.maxUnavailable"},
			"cannot be combined with maxUnavailable: EKS accepts only one of them")
	}
	out = append(out, scheduleProblems(a.Schedules, a.Scaling.Max)...)
	out = append(out, a.preBootstrapProblems()...)
	out = append(out, tagProblems(a.Settings.Tags).Under("tags")...)
	out = append(out, a.autoscalerProblems()...)
	out = append(out, a.AMI.versionProblems(a.ClusterVersion).Under("ami")...)
	n := a.Networking
	if a.ClusterVersion == "" { // of a cluster that is not known yet, take what allows more: the check is made again when it is
		n.PrefixDelegation = true
	}
	out = append(out, a.maxPodsProblems(n)...)
	if n.IPv6 {
		out = append(out, a.ipv6Problems()...)
	}
	out = append(out, a.zoneProblems()...)
	if text, err := a.userData(exampleCluster); err == nil && len(text) > maxUserData {
		out.Relate("", []string{"preBootstrap", "kubelet", "labels", "taints", "ami"},
			"the user data has %d bytes, and EC2's limit is %d: shorten preBootstrap", len(text), maxUserData)
	}
	if n := len(a.autoscalingTags()); n > maxGroupTags {
		out.Relate("labels", []string{"labels", "taints", "tags", "scaling.autoscaled", "$.tags"},
			"labels, taints and tags make %d tags on the Auto Scaling group, and EKS leaves room for only %d: remove some", n, maxGroupTags)
	}
	return out
}

// sizeProblems checks sizes against EKS's rules
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html).
func sizeProblems(least, most, desired int) problem.List {
	var out problem.List
	if least > most {
		out.Relate("min", []string{"min", "max"}, "must not exceed max (%d), got %d", most, least)
	}
	if desired < least || desired > most {
		out.Relate("desired", []string{"desired", "min", "max"}, "must be between min (%d) and max (%d), got %d", least, most, desired)
	}
	return out
}

// volumeProblems checks a volume against the limits of gp3 that relate its values
// (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html), and its key.
func (a *Args) volumeProblems() problem.List {
	var out problem.List
	v := a.Volume
	iops := v.IOPS
	if iops == 0 {
		iops = gp3IOPS
	}
	if iops > gp3IOPS && iops > 500*v.SizeGiB {
		out.Relate("iops", []string{"iops", "sizeGiB"}, "must not exceed 500 per GiB (%d), got %d", 500*v.SizeGiB, iops)
	}
	if t := v.Throughput; 4*t > iops {
		out.Relate("throughput", []string{"throughput", "iops"}, "must not exceed a quarter of the IOPS (%d), got %d", iops/4, t)
	}
	if wrong := (arn.Place{Region: a.Region}).Elsewhere(v.KMSKeyARN); wrong != "" && a.Region != "" {
		out.Relate("kmsKeyArn", []string{"kmsKeyArn", "$.aws.region"}, "%s", wrong)
	}
	return out
}

func (s Settings) preBootstrapProblems() problem.List {
	var out problem.List
	switch {
	case s.PreBootstrap == "":
	case s.AMI.family() == familyBottlerocket:
		out.Relate("preBootstrap", []string{"preBootstrap", "ami"}, "is not supported on Bottlerocket, which runs no shell scripts")
	case !strings.HasPrefix(s.PreBootstrap, "#!"):
		out.Add("preBootstrap", "must begin with #! and the program that runs it, such as #!/bin/bash")
	case strings.Contains(s.PreBootstrap, mimeBoundary):
		out.Add("preBootstrap", "must not contain %q, which separates the parts of the user data", mimeBoundary)
	}
	return out
}

// tagProblems checks the group's own tags beyond the general rules; the stack's tags are checked elsewhere.
func tagProblems(own map[string]string) problem.List {
	out := tags.Problems(own)
	for key := range own {
		for _, prefix := range []string{"kubernetes.io/", autoscalerPrefix, "eks:"} {
			if strings.HasPrefix(key, prefix) {
				out.Add(key, "keys that begin with %s are reserved for EKS and its controllers", prefix)
			}
		}
		if key == convention.AutoscaledTag {
			out.Add(key, "this key is reserved for the platform")
		}
	}
	return out
}

// zoneProblems checks the group's zones against the network's, or, while those are not known, against the region.
func (a *Args) zoneProblems() problem.List {
	var out problem.List
	for i, z := range a.Zones {
		at := fmt.Sprintf("zones[%d]", i)
		switch {
		case len(a.ZoneIDs) > 0 && !slices.Contains(a.ZoneIDs, z):
			out.Relate(at, []string{at, "$.network.zones"}, "%q is not one of the network's zones: %s", z, strings.Join(a.ZoneIDs, ", "))
		case len(a.ZoneIDs) == 0 && a.Region != "":
			if wrong := region.ZoneProblem(a.Region, z); wrong != "" {
				out.Relate(at, []string{at, "$.aws.region"}, "%s", wrong)
			}
		}
	}
	return out
}
