// Package iamdoc writes IAM policy documents from typed values.
package iamdoc

import (
	"encoding/json"
	"unicode"
)

// Version is the policy language version that supports variables; the older 2008-10-17 does not
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html).
const Version = "2012-10-17"

// IAM's quotas in characters other than white space: of a trust policy, unless it was raised, of all inline policies of a
// role together, and of a managed policy (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const (
	MaxTrust   = 2048
	MaxInline  = 10240
	MaxManaged = 6144
)

// Document is an IAM policy or trust document.
type Document struct {
	Statements []Statement
}

// Statement is one statement of a Document. Empty members are left out.
type Statement struct {
	// Sid names the statement; letters and digits only.
	Sid string
	// Deny turns the statement's effect from Allow to Deny.
	Deny bool
	// Principals maps a principal type (Service, AWS, Federated) to its principals.
	Principals map[string][]string
	// Actions lists the API actions, for example "logs:PutLogEvents".
	Actions []string
	// Resources lists ARNs; leave it empty in trust documents.
	Resources []string
	// Conditions maps an operator to condition keys and their values.
	Conditions map[string]map[string][]string
}

type statementJSON struct {
	Sid       string                         `json:"Sid,omitempty"`
	Effect    string                         `json:"Effect"`
	Principal map[string][]string            `json:"Principal,omitempty"`
	Action    []string                       `json:"Action"`
	Resource  []string                       `json:"Resource,omitempty"`
	Condition map[string]map[string][]string `json:"Condition,omitempty"`
}

// JSON returns the document as JSON with keys in a stable order.
func (d Document) JSON() string {
	out := struct {
		Version   string          `json:"Version"`
		Statement []statementJSON `json:"Statement"`
	}{Version: Version, Statement: []statementJSON{}}
	for _, s := range d.Statements {
		effect := "Allow"
		if s.Deny {
			effect = "Deny"
		}
		out.Statement = append(out.Statement, statementJSON{
			Sid: s.Sid, Effect: effect, Principal: s.Principals,
			Action: s.Actions, Resource: s.Resources, Condition: s.Conditions,
		})
	}
	raw, err := json.Marshal(out)
	if err != nil { // impossible: strings, slices and maps of strings can always be marshalled
		panic("encode a policy document: " + err.Error())
	}
	return string(raw)
}

// Size is the number of characters that IAM counts against its quotas.
func (d Document) Size() int {
	n := 0
	for _, c := range d.JSON() {
		if !unicode.IsSpace(c) {
			n++
		}
	}
	return n
}

// ServiceTrust returns a trust document that lets an AWS service assume the role, for example
// "eks.amazonaws.com".
func ServiceTrust(service string, actions ...string) Document {
	if len(actions) == 0 {
		actions = []string{"sts:AssumeRole"}
	}
	return Document{Statements: []Statement{{
		Principals: map[string][]string{"Service": {service}},
		Actions:    actions,
	}}}
}

// PodIdentityTrust returns the trust document of a role for EKS Pod Identity
// (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html).
func PodIdentityTrust() Document {
	return ServiceTrust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession")
}
