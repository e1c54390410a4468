package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// policyKind says where a policy document stands, which decides the elements that it must and must not have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html).
type policyKind int

const (
	// identityPolicy is attached to a role: no principals, resources required.
	identityPolicy policyKind = iota
	// trustPolicy says who may assume a role: principals required, no resources.
	trustPolicy
	// keyPolicy stands on a KMS key: principals and resources.
	keyPolicy
	// endpointPolicy stands on a VPC endpoint: principals and resources.
	endpointPolicy
	// fileSystemPolicy stands on an EFS file system: principals; it speaks of the file system, also without a resource.
	fileSystemPolicy
)

// malformed is the code of a refused document in the API that takes it.
func (k policyKind) malformed() string {
	switch k {
	case keyPolicy:
		return "MalformedPolicyDocumentException"
	case endpointPolicy:
		return "InvalidPolicyDocument"
	case fileSystemPolicy:
		return "InvalidPolicyException"
	default:
		return "MalformedPolicyDocument"
	}
}

// policy is a parsed document.
type policy struct {
	statements []statement
}

// statement is one statement of a policy, with single values made into lists.
type statement struct {
	allow        bool
	principals   map[string][]string // "*" alone becomes AWS: *
	actions      []string
	notActions   []string
	resources    []string
	notResources []string
	// conditions maps an operator to condition keys and their values.
	conditions map[string]map[string][]string
}

var (
	sidForm    = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	actionForm = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$`)
)

// oneOrMany reads a JSON string, number, boolean or a list of them.
type oneOrMany []string

func (l *oneOrMany) UnmarshalJSON(raw []byte) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := make(oneOrMany, 0, len(list))
	for _, e := range list {
		switch e.(type) {
		case string, bool, float64:
			out = append(out, fmt.Sprint(e))
		default:
			return errors.New("expected text or a list of texts")
		}
	}
	*l = out
	return nil
}

// principalElement reads "*" or a map of principal types.
type principalElement map[string][]string

func (p *principalElement) UnmarshalJSON(raw []byte) error {
	var star string
	if json.Unmarshal(raw, &star) == nil {
		if star != "*" {
			return errors.New(`a principal is "*" or an object`)
		}
		*p = principalElement{"AWS": {"*"}}
		return nil
	}
	var m map[string]oneOrMany
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	*p = principalElement{}
	for typ, list := range m {
		if !slices.Contains([]string{"AWS", "Service", "Federated", "CanonicalUser"}, typ) {
			return fmt.Errorf("unknown principal type %q", typ)
		}
		(*p)[typ] = list
	}
	return nil
}

type statementElement struct {
	Sid          string
	Effect       string
	Principal    principalElement
	NotPrincipal principalElement
	Action       oneOrMany
	NotAction    oneOrMany
	Resource     oneOrMany
	NotResource  oneOrMany
	Condition    map[string]map[string]oneOrMany
}

var (
	policyElements    = []string{"Version", "Id", "Statement"}
	statementElements = []string{
		"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
	}
)

// parsePolicy reads a policy document as strictly as AWS does.
func parsePolicy(text string, kind policyKind) (*policy, error) {
	syntax := func(format string, args ...any) error {
		return refuse(kind.malformed(), "Syntax errors in policy. (%s)", fmt.Sprintf(format, args...))
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		return nil, refuse(kind.malformed(), "This policy contains invalid Json (%s)", err)
	}
	if name, ok := unknownElement(top, policyElements); ok {
		return nil, syntax("unknown element %q", name)
	}
	version := ""
	if raw, ok := top["Version"]; ok {
		if json.Unmarshal(raw, &version) != nil || version != "2012-10-17" && version != "2008-10-17" {
			return nil, refuse(kind.malformed(), "The policy must contain a valid version string (2012-10-17 or 2008-10-17, not %s)", raw)
		}
	}
	rawStatements, err := statementList(top["Statement"])
	if err != nil {
		return nil, syntax("%s", err)
	}
	out := &policy{}
	sids := map[string]bool{}
	for i, raw := range rawStatements {
		s, sid, err := parseStatement(raw, kind)
		if err != nil {
			var e *Error
			if errors.As(err, &e) {
				return nil, refuse(e.Code, "%s (statement %d)", e.Message, i)
			}
			return nil, syntax("statement %d: %s", i, err)
		}
		if sid != "" && sids[sid] {
			return nil, refuse(kind.malformed(), "Statement IDs (SID) in a single policy must be unique. (%s)", sid)
		}
		sids[sid] = true
		out.statements = append(out.statements, s)
	}
	return out, nil
}

func unknownElement(m map[string]json.RawMessage, known []string) (string, bool) {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	i := slices.IndexFunc(names, func(name string) bool { return !slices.Contains(known, name) })
	if i < 0 {
		return "", false
	}
	return names[i], true
}

// statementList reads Statement, which may be one object or a list of them.
func statementList(raw json.RawMessage) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil, errors.New("the element Statement is missing")
	}
	if raw[0] == '{' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("Statement is neither an object nor a list")
	}
	if len(list) == 0 {
		return nil, errors.New("the element Statement is empty")
	}
	return list, nil
}

func parseStatement(raw json.RawMessage, kind policyKind) (statement, string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return statement{}, "", errors.New("a statement is not an object")
	}
	if name, ok := unknownElement(members, statementElements); ok {
		return statement{}, "", fmt.Errorf("unknown element %q", name)
	}
	var e statementElement
	if err := json.Unmarshal(raw, &e); err != nil {
		return statement{}, "", err
	}
	if e.Effect != "Allow" && e.Effect != "Deny" {
		return statement{}, "", fmt.Errorf("the effect is %q, not Allow or Deny", e.Effect)
	}
	if !sidForm.MatchString(e.Sid) && kind != keyPolicy {
		return statement{}, "", refuse(kind.malformed(), "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	if (len(e.Action) == 0) == (len(e.NotAction) == 0) {
		return statement{}, "", refuse(kind.malformed(), "Policy statement must contain actions.")
	}
	for _, a := range slices.Concat(e.Action, e.NotAction) {
		if a != "*" && !actionForm.MatchString(a) {
			return statement{}, "", refuse(kind.malformed(), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (%q)", a)
		}
	}
	if err := checkSubjects(e, kind); err != nil {
		return statement{}, "", err
	}
	s := statement{
		allow: e.Effect == "Allow", principals: e.Principal, actions: e.Action, notActions: e.NotAction,
		resources: e.Resource, notResources: e.NotResource, conditions: map[string]map[string][]string{},
	}
	for operator, keys := range e.Condition {
		s.conditions[operator] = map[string][]string{}
		for key, values := range keys {
			s.conditions[operator][key] = values
		}
	}
	return s, e.Sid, nil
}

// checkSubjects checks the principals and resources that a kind of policy must and must not have.
func checkSubjects(e statementElement, kind policyKind) error {
	hasPrincipal := len(e.Principal) > 0 || len(e.NotPrincipal) > 0
	hasResource := len(e.Resource) > 0 || len(e.NotResource) > 0
	switch kind {
	case trustPolicy:
		if hasResource {
			return refuse(kind.malformed(), "Has prohibited field Resource")
		}
		if !hasPrincipal {
			return refuse(kind.malformed(), "Missing required field Principal")
		}
		for _, a := range slices.Concat(e.Action, e.NotAction) {
			if !strings.HasPrefix(strings.ToLower(a), "sts:") {
				return refuse(kind.malformed(), "AssumeRole policy may only specify STS AssumeRole actions. (%s)", a)
			}
		}
		return nil
	case identityPolicy:
		if hasPrincipal {
			return refuse(kind.malformed(), "Policy document should not specify a principal.")
		}
	case keyPolicy, endpointPolicy, fileSystemPolicy:
		if !hasPrincipal {
			return refuse(kind.malformed(), "Policy statement must contain principals.")
		}
	}
	if !hasResource && kind != fileSystemPolicy {
		return refuse(kind.malformed(), "Policy statement must contain resources.")
	}
	for _, r := range slices.Concat(e.Resource, e.NotResource) {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return refuse(kind.malformed(), "Resource %s must be in ARN format or \"*\".", r)
		}
		if strings.HasPrefix(r, "arn:") && strings.Count(r, ":") < 5 {
			return refuse(kind.malformed(), "The policy failed legacy parsing (resource %s has fewer than six parts)", r)
		}
	}
	return nil
}

// matches reports whether a pattern with * and ? covers a value; actions compare without case.
func matches(pattern, value string) bool {
	// path.Match stops * at slashes, which IAM does not: swap them for a character that no ARN has.
	swap := strings.NewReplacer("/", "\x00", "[", "\x01", "\\", "\x02")
	ok, err := path.Match(swap.Replace(pattern), swap.Replace(value))
	return err == nil && ok
}

// allows reports whether the policy allows an action to a principal, which is empty for identity policies. A
// statement with conditions counts when holds says so.
func (p *policy) allows(action, principalType, principal string, holds func(statement) bool) bool {
	allowed := false
	for _, s := range p.statements {
		if !s.covers(action) || principalType != "" && !s.names(principalType, principal) || !holds(s) {
			continue
		}
		if !s.allow {
			return false
		}
		allowed = true
	}
	return allowed
}

func (s statement) covers(action string) bool {
	hit := func(list []string) bool {
		return slices.ContainsFunc(list, func(a string) bool { return matches(strings.ToLower(a), strings.ToLower(action)) })
	}
	if len(s.notActions) > 0 {
		return !hit(s.notActions)
	}
	return hit(s.actions)
}

func (s statement) names(typ, principal string) bool {
	return slices.Contains(s.principals[typ], principal) || slices.Contains(s.principals["AWS"], "*")
}

// whatever is for callers that take conditions for granted.
func whatever(statement) bool { return true }
