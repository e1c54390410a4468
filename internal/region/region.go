// Package region derives facts about an AWS region from its name.
package region

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var name = regexp.MustCompile(`^([a-z]{2})-(gov-)?(northeast|northwest|southeast|southwest|north|south|east|west|central)-([0-9])$`)

// Pattern matches the regions that Problem accepts, for editors of stack files.
const Pattern = `^[a-z]{2}-(gov-)?(north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]$`

var directions = map[string]string{
	"north": "n", "south": "s", "east": "e", "west": "w", "central": "c",
	"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
}

// unsupported are the partitions whose service names, images and zone ids the platform does not know.
var apart = regexp.MustCompile(`^(eusc-[a-z]+|[a-z]{2}-iso[a-z]?)-[a-z]+-[0-9]$`)

// Problem returns what is wrong with the name of a region, or "".
func Problem(region string) string {
	switch {
	case apart.MatchString(region):
		return fmt.Sprintf("%s is in a separate partition, whose service names, images and zones the platform does not know: "+
			"choose a commercial, GovCloud or China region", region)
	case !Valid(region):
		return fmt.Sprintf("%q is not the name of an AWS region, such as eu-west-1", region)
	}
	return ""
}

// Valid reports whether a string has the form of a supported region's name, for example eu-west-1.
func Valid(region string) bool { return name.MatchString(region) }

// Partition returns the ARN partition of a region
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// DNSSuffix returns the domain of a region's service endpoints and service principals.
func DNSSuffix(region string) string {
	if Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// ZoneIDPrefix returns what every zone id of a region starts with: eu-west-1 gives euw1-az
// (https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html).
func ZoneIDPrefix(region string) (string, error) {
	m := name.FindStringSubmatch(region)
	if m == nil {
		return "", fmt.Errorf("%q is not the name of an AWS region, such as eu-west-1", region)
	}
	middle := ""
	if m[2] != "" {
		middle = "g"
	}
	return m[1] + middle + directions[m[3]] + m[4] + "-az", nil
}

// RefusedZoneIDs are the zones in which EKS cannot place a control plane
// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
var RefusedZoneIDs = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// zones is the highest zone number of the regions that do not have the usual three. Lower numbers may be missing in an
// account: apne1-az3 takes no new customers.
var zones = map[string]int{
	"us-east-1": 6, "us-west-2": 4, "ap-northeast-1": 4, "ap-northeast-2": 4, "ca-central-1": 4, "cn-north-1": 4,
}

const usualZones = 3

var zoneName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$`)

// ZoneProblem returns why a control plane and its nodes cannot be in a zone of a region, or "".
func ZoneProblem(region, id string) string {
	prefix, err := ZoneIDPrefix(region)
	number, ours := strings.CutPrefix(id, prefix)
	n, wrong := strconv.ParseUint(number, 10, 8)
	most := usualZones
	if special := zones[region]; special > 0 {
		most = special
	}
	switch {
	case zoneName.MatchString(id):
		return fmt.Sprintf("%q is a zone name, which means a different zone in every account; give the zone id, such as euw1-az1", id)
	case slices.Contains(RefusedZoneIDs, id):
		return fmt.Sprintf("EKS cannot place a control plane in %s; choose another zone", id)
	case err != nil:
		return "" // the region has a problem of its own
	case !ours || wrong != nil || n == 0 || int(n) > most:
		return fmt.Sprintf("%q is not a zone of %s, whose ids are %s1 to %s%d", id, region, prefix, prefix, most)
	}
	return ""
}
