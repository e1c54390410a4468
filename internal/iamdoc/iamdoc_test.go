package iamdoc_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

func TestADocumentHoldsWhatItsStatementsSayAndNothingElse(t *testing.T) {
	t.Parallel()
	d := iamdoc.Document{Statements: []iamdoc.Statement{
		{
			Sid: "Write", Actions: []string{"logs:PutLogEvents"}, Resources: []string{"arn:aws:logs:*:*:log-group:x:*"},
			Conditions: map[string]map[string][]string{"StringEquals": {"aws:SourceAccount": {"111111111111"}}},
		},
		{Deny: true, Actions: []string{"*"}, Resources: []string{"*"}},
	}}
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"Write","Effect":"Allow","Action":["logs:PutLogEvents"],"Resource":["arn:aws:logs:*:*:log-group:x:*"],
		 "Condition":{"StringEquals":{"aws:SourceAccount":["111111111111"]}}},
		{"Effect":"Deny","Action":["*"],"Resource":["*"]}]}`, d.JSON())
	assert.Equal(t, d.JSON(), d.JSON(), "the same document is the same text")
}

func TestTrustDocumentsNameAServiceAndNoResource(t *testing.T) {
	t.Parallel()
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},
		"Action":["sts:AssumeRole"]}]}`, iamdoc.ServiceTrust("ec2.amazonaws.com").JSON())
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["pods.eks.amazonaws.com"]},
		"Action":["sts:AssumeRole","sts:TagSession"]}]}`, iamdoc.PodIdentityTrust().JSON())
}
