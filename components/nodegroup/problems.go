package nodegroup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
)

var (
	groupName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$`)
	// tagText is what every AWS service takes in a tag
	// (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
	tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
	kmsKey  = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$`)
)

// Problems returns everything that is wrong with the settings as far as it shows without knowing the cluster;
// Args.Problems checks them against the cluster as well.
func (s Settings) Problems() problem.List {
	var out problem.List
	if !groupName.MatchString(s.Name) {
		out.Add("name", "must have 1 to 24 lower case letters, digits and inner hyphens, and begin with a letter, got %q", s.Name)
	}
	if !slices.Contains([]string{"", OnDemandCapacity, SpotCapacity}, s.Capacity) {
		out.Add("capacity", "must be onDemand or spot, got %q", s.Capacity)
	}
	out = append(out, s.AMI.problems().Under("ami")...)
	out = append(out, s.instanceProblems()...)
	out = append(out, sizeProblems(s.Scaling.Min, s.Scaling.Max, s.Scaling.Desired).Under("scaling")...)
	out = append(out, labelProblems(s.Labels).Under("labels")...)
	out = append(out, taintProblems(s.Taints).Under("taints")...)
	out = append(out, s.Volume.problems().Under("volume")...)
	out = append(out, s.Kubelet.problems(s.AMI.family()).Under("kubelet")...)
	out = append(out, s.capacityProblems()...)
	out = append(out, s.Update.problems().Under("update")...)
	out = append(out, scheduleProblems(s.Schedules, s.Scaling.Max).Under("schedules")...)
	out = append(out, s.preBootstrapProblems()...)
	out = append(out, tagProblems(s.Tags).Under("tags")...)
	return append(out, s.autoscalerProblems()...)
}

// sizeProblems checks sizes against EKS's rules
// (https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html).
func sizeProblems(least, most, desired int) problem.List {
	var out problem.List
	if least < 0 {
		out.Add("min", "must not be negative, got %d", least)
	}
	if most < 1 {
		out.Add("max", "must be at least 1, got %d; a group goes to zero by min and desired", most)
	}
	if most >= 1 && least > most {
		out.Add("min", "must not exceed max (%d), got %d", most, least)
	}
	if least <= most && (desired < least || desired > most) {
		out.Add("desired", "must be between min (%d) and max (%d), got %d", least, most, desired)
	}
	return out
}

// problems checks a volume against the limits of gp3
// (https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html) and, for throughput, of pulumi-aws.
func (v Volume) problems() problem.List {
	var out problem.List
	size, iops := v.SizeGiB, v.IOPS
	if size == 0 {
		size = defaultVolumeGiB
	}
	if iops == 0 {
		iops = gp3IOPS
	}
	if size < 20 || size > 16384 {
		out.Add("sizeGiB", "must be 20 to 16384, got %d", size)
	}
	switch {
	case iops < gp3IOPS || iops > 80000:
		out.Add("iops", "must be %d to 80000, got %d", gp3IOPS, iops)
	case iops > gp3IOPS && iops > 500*size:
		out.Add("iops", "must not exceed 500 for each GiB (%d), got %d", 500*size, iops)
	}
	if t := v.Throughput; t != 0 {
		switch {
		case t < 125 || t > 1000:
			out.Add("throughput", "must be 125 to 1000 MiB/s, got %d", t)
		case 4*t > iops:
			out.Add("throughput", "must not exceed a quarter of the IOPS (%d), got %d", iops/4, t)
		}
	}
	if v.KMSKeyARN != "" && !kmsKey.MatchString(v.KMSKeyARN) {
		out.Add("kmsKeyArn", "must be the ARN of a KMS key (an alias does not do), got %q", v.KMSKeyARN)
	}
	return out
}

func (u Update) problems() problem.List {
	var out problem.List
	for key, value := range map[string]int{
		"maxUnavailable": u.MaxUnavailable, "maxUnavailablePercentage": u.MaxUnavailablePercentage,
	} {
		if value < 0 || value > 100 {
			out.Add(key, "must be 1 to 100, got %d", value)
		}
	}
	if u.MaxUnavailable != 0 && u.MaxUnavailablePercentage != 0 {
		out.Add("maxUnavailablePercentage", "stands beside maxUnavailable: EKS takes one of the two")
	}
	return out
}

func (s Settings) preBootstrapProblems() problem.List {
	var out problem.List
	switch {
	case s.PreBootstrap == "":
	case s.AMI.family() == familyBottlerocket:
		out.Add("preBootstrap", "Bottlerocket runs no shell scripts")
	case !strings.HasPrefix(s.PreBootstrap, "#!"):
		out.Add("preBootstrap", "must begin with #! and the program that runs it, such as #!/bin/bash")
	case strings.Contains(s.PreBootstrap, mimeBoundary):
		out.Add("preBootstrap", "must not contain %q, which separates the parts of the user data", mimeBoundary)
	}
	return out
}

// tagProblems checks the group's own tags; the stack's are checked where they are configured.
func tagProblems(tags map[string]string) problem.List {
	var out problem.List
	for key, value := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			out.Add(key, "keys that begin with aws: belong to AWS")
		case strings.HasPrefix(key, "kubernetes.io/"), strings.HasPrefix(key, autoscalerPrefix), strings.HasPrefix(key, "eks:"),
			key == convention.AutoscaledTag:
			out.Add(key, "this key belongs to EKS, its controllers or the platform")
		case strings.EqualFold(key, "Name"):
			out.Add(key, "every resource gets a Name of its own")
		case !tagText.MatchString(key), !tagText.MatchString(value):
			out.Add(key, "keys and values have only letters, digits, spaces and _ . : / = + - @, got %q", value)
		case key == "" || len(key) > maxTagKey:
			out.Add(key, "a key has 1 to %d characters, got %d", maxTagKey, len(key))
		}
		if len(value) > 256 {
			out.Add(key, "a value has at most 256 characters, got %d", len(value))
		}
	}
	return out
}

// zoneProblems checks the group's zones against the network's, or, while those are not known, against the region.
func zoneProblems(zones, network []string, regionName string) problem.List {
	var out problem.List
	prefix, err := region.ZoneIDPrefix(regionName)
	for i, z := range zones {
		at := fmt.Sprintf("[%d]", i)
		switch {
		case slices.Contains(zones[:i], z):
			out.Add(at, "%s is listed twice", z)
		case len(network) > 0 && !slices.Contains(network, z):
			out.Add(at, "%q is not one of the network's zones: %s", z, strings.Join(network, ", "))
		case len(network) == 0 && err == nil && !strings.HasPrefix(z, prefix):
			out.Add(at, "%q is not the id of a zone of %s, such as %s1", z, regionName, prefix)
		}
	}
	return out
}
