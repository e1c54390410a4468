package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/automation"
)

// billing is one tenant more for stg, with something of everything that a tenant can have there, and not the last.
var billing = edits{"stg": {"      - name: search\n", `      - name: billing
        access:
          - {name: owners, principalArn: "arn:aws:iam::111111111111:role/billing-owner", role: edit}
        namespaces:
          - name: stg-billing
            networkPolicy: {loadBalancer: internal}
            serviceAccounts:
              - {name: ledger, secrets: [stg/billing/ledger]}
          - name: stg-billing-jobs
      - name: search
`}}

// theirs returns a plan's lines that stand for something, all of which must be about one tenant: the components only
// tell what they are made of.
func theirs(t *testing.T, plan []string, op, tenant string) []string {
	t.Helper()
	var out []string
	for _, line := range plan {
		if strings.HasPrefix(line, "update eks-platform:tenancy:") || strings.HasPrefix(line, "read ") {
			continue
		}
		assert.True(t, strings.HasPrefix(line, op+" "), line)
		assert.Contains(t, line, tenant)
		out = append(out, line)
	}
	require.NotEmpty(t, out)
	return out
}

func addTenant(t *testing.T, e *estate) {
	before := e.within()
	e = e.with(t, billing)
	plan := planOf(t, e, "stg")
	golden(t, plan, "preview-stg-tenant.txt")
	created := theirs(t, plan, "create", "billing")
	for _, typ := range []string{
		"aws:eks/accessEntry:AccessEntry", roleType, associationType, namespaceObject, quotaObject, limitsObject,
		policyObject, accountObject, roleBindingType, "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
	} {
		assert.True(t, slices.ContainsFunc(created, func(line string) bool { return strings.Contains(line, typ+" ") }), "a tenant has a %s", typ)
	}
	r := e.up("stg", automation.UpOptions{})
	assert.Equal(t, len(created), r.Count("create"))
	after := e.within()
	for id, text := range before {
		assert.Equal(t, text, after[id], "%s is somebody else's", id)
		delete(after, id)
	}
	assert.NotEmpty(t, after)
	for id := range after {
		assert.Contains(t, id, "nonprod/stg-billing")
	}
}

func removeTenant(t *testing.T, e *estate) {
	before := e.within()
	deleted := theirs(t, planOf(t, e, "stg"), "delete", "billing")
	r := e.up("stg", automation.UpOptions{})
	assert.Equal(t, len(deleted), r.Count("delete"))
	maps.DeleteFunc(before, func(id, _ string) bool { return strings.Contains(id, "nonprod/stg-billing") })
	assert.Equal(t, before, e.within())
	for _, o := range e.objects() {
		assert.NotContains(t, o.ID, "billing", o.Type)
	}
}
