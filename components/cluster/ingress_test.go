package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/components/cluster"
)

const ingressType = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

func TestThePrivateEndpointAdmitsTheVPCAndTheListedRanges(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		endpoint cluster.Endpoint
		want     []any
	}{
		{"private", cluster.Endpoint{}, []any{"10.16.0.0/16", "100.64.0.0/16"}},
		{"private, with a VPN", cluster.Endpoint{PrivateCIDRs: []string{"10.200.0.0/16"}},
			[]any{"10.16.0.0/16", "100.64.0.0/16", "10.200.0.0/16"}},
		{"both", cluster.Endpoint{Access: cluster.PrivateAndPublic, PublicCIDRs: []string{"203.0.113.0/24"}},
			[]any{"10.16.0.0/16", "100.64.0.0/16"}},
		{"public", cluster.Endpoint{Access: cluster.Public}, []any{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			args := arguments()
			args.VPCCIDRs, args.Endpoint = []string{"10.16.0.0/16", "100.64.0.0/16"}, tc.endpoint
			got := []any{}
			regs := run(t, true, args)
			for _, r := range regs.ByType(ingressType) {
				got = append(got, r.Input("cidrIpv4"))
				assert.Equal(t, []any{"tcp", 443.0, 443.0}, []any{r.Input("ipProtocol"), r.Input("fromPort"), r.Input("toPort")})
				assert.Equal(t, []string{one(t, regs, clusterType, "nonprod-cluster").URN}, r.PropertyDependencies["securityGroupId"],
					"the group is the one that EKS makes")
				assert.Contains(t, r.Parent, cluster.Type)
			}
			assert.ElementsMatch(t, tc.want, got)
		})
	}
}
