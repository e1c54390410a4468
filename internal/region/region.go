// Package region knows what can be said of an AWS region from its name alone.
package region

import (
	"fmt"
	"regexp"
	"strings"
)

var name = regexp.MustCompile(`^([a-z]{2})-((?:gov|iso|isob|isof|isoe)-)?(northeast|northwest|southeast|southwest|north|south|east|west|central)-([0-9])$`)

var directions = map[string]string{
	"north": "n", "south": "s", "east": "e", "west": "w", "central": "c",
	"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
}

// Valid tells whether a string has the form of a region's name, for example eu-west-1.
func Valid(region string) bool { return name.MatchString(region) }

// Partition returns the ARN partition of a region: aws, aws-cn, aws-us-gov or an isolated one
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.Contains(region, "-isob-"):
		return "aws-iso-b"
	case strings.Contains(region, "-iso-"):
		return "aws-iso"
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
	switch m[2] {
	case "gov-":
		middle = "g"
	case "iso-":
		middle = "i"
	case "isob-":
		middle = "ib"
	case "isof-":
		middle = "if"
	case "isoe-":
		middle = "ie"
	}
	return m[1] + middle + directions[m[3]] + m[4] + "-az", nil
}

// RefusedZoneIDs are the zones in which EKS cannot place a control plane
// (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html).
var RefusedZoneIDs = []string{"use1-az3", "usw1-az2", "cac1-az3"}
