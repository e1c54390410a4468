package aws

import (
	"hash/fnv"
	"strconv"

	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// zone is an availability zone as one account sees it.
type zone struct {
	// name is the account's own name for the zone (eu-west-1a); two accounts' names differ.
	name string
	// id is the zone itself (euw1-az1), the same in all accounts.
	id string
}

// manyZones lists the regions that do not have three zones
// (https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html).
var manyZones = map[string]int{
	"us-east-1": 6, "us-west-2": 4, "ap-northeast-1": 4, "ap-northeast-2": 4, "ca-central-1": 4,
}

// zonesOf lists the zones of a region, by name. The names of an account are shifted against the ids by an
// amount that depends on the account, as AWS mixes them: a program that takes zone a for az1 is caught.
func zonesOf(s cloud.Scope) []zone {
	prefix, err := region.ZoneIDPrefix(s.Region)
	if err != nil {
		return nil
	}
	n := 3
	if many, ok := manyZones[s.Region]; ok {
		n = many
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.Account))
	shift := int(h.Sum32() % uint32(n))
	zones := make([]zone, n)
	for i := range zones {
		zones[i] = zone{
			name: s.Region + string(rune('a'+i)),
			id:   prefix + strconv.Itoa((i+shift)%n+1),
		}
	}
	return zones
}
