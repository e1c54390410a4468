package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/internal/rehearsal"
)

// deletions returns the resources of AWS that a preview deletes.
func deletions(r *plan.Result) []string {
	var out []string
	for _, s := range r.Steps {
		if s.Op == "delete" && strings.HasPrefix(s.Type, "aws:") {
			out = append(out, s.Type+" "+s.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestAnAWSOnlyRunRevokesAccessAndDeletesWhatIsGone(t *testing.T) {
	t.Parallel()
	e := open(t, edits{"prod": {"      preset: base\n", "      preset: base\n      additional: [sqs]\n"}}, rehearsal.Options{})
	e.up("prod", automation.UpOptions{})
	gone := e.with(t, edits{"prod": {
		"    nat: perZone\n", "    nat: single\n",
		"      - name: on-call\n        principalArn: arn:aws:iam::222222222222:role/on-call\n        policies:\n          - policy: AmazonEKSAdminViewPolicy\n", "",
		"    access:\n      - name: developers\n        principalArn: arn:aws:iam::222222222222:role/developer\n        role: view\n", "",
		"        access:\n          - name: owners\n            principalArn: arn:aws:iam::222222222222:role/payments-owner\n            role: edit\n", "",
	}})
	want := deletions(gone.preview("prod", automation.PreviewOptions{}))
	require.Contains(t, want, "aws:eks/accessEntry:AccessEntry prod-access-on-call")
	require.Contains(t, want, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation prod-access-on-call-AmazonEKSAdminViewPolicy")
	require.Contains(t, want, endpointType+" prod-endpoint-sqs")
	require.Contains(t, want, natType+" prod-nat-euw1-az2")
	assert.Equal(t, want, deletions(gone.preview("prod", automation.PreviewOptions{AWSOnly: true})))
	gone.up("prod", automation.UpOptions{AWSOnly: true})
	again := gone.preview("prod", automation.PreviewOptions{AWSOnly: true})
	assert.True(t, again.Empty(), "%v", again.Steps)
}
