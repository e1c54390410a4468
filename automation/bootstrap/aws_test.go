package bootstrap_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// account is the account of the stack files of dev and stg.
const account = "111111111111"

// cloud stands in for AWS: it speaks the SDK's protocols for the calls that bootstrap makes, keeps what they write, and
// refuses what AWS would.
type cloud struct {
	t       *testing.T
	mu      sync.Mutex
	account string

	buckets   map[string]map[string]string // subresources as they were written, by bucket
	foreign   map[string]bool              // buckets of other accounts
	aliases   map[string]string            // key ids by alias
	keys      map[string]*fakeKey
	providers map[string]*fakeProvider
	roles     map[string]*fakeRole
	policies  map[string]*fakePolicy // by ARN

	writes []string
	// fail answers a call with an error, once.
	fail map[string]string
	url  string
}

type fakeKey struct {
	state, policy string
	rotates       bool
	tags          map[string]string
}

type fakeProvider struct {
	clients []string
	tags    map[string]string
}

type fakePolicy struct {
	versions []string // the last is the default
	first    int      // the number of the oldest
	tags     map[string]string
}

type fakeRole struct {
	cloud                        *cloud
	trust, description, boundary string
	session                      string
	tags                         map[string]string
	inline                       map[string]string
	attached                     []string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{
		t: t, account: account, buckets: map[string]map[string]string{}, foreign: map[string]bool{}, aliases: map[string]string{},
		keys: map[string]*fakeKey{}, providers: map[string]*fakeProvider{}, roles: map[string]*fakeRole{}, policies: map[string]*fakePolicy{}, fail: map[string]string{},
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// config points the SDK at the stand-in.
func (c *cloud) config() []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(c.url), config.WithRetryMaxAttempts(1),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")),
	}
}

var scope = regexp.MustCompile(`Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9]+)/aws4_request`)

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		http.Error(w, "unsigned", http.StatusForbidden)
		return
	}
	body, _ := io.ReadAll(r.Body)
	switch m[2] {
	case "s3":
		c.s3(w, r, string(body))
	case "kms":
		c.kms(w, strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService."), body)
	case "iam", "sts":
		form, _ := url.ParseQuery(string(body))
		c.query(w, form)
	}
}

// failing tells the error that a call is to end with.
func (c *cloud) failing(call string) string {
	code := c.fail[call]
	delete(c.fail, call)
	return code
}

// reading reports whether a call changes nothing.
func reading(call string) bool {
	return strings.HasPrefix(call, "Get") || strings.HasPrefix(call, "List") || strings.HasPrefix(call, "Describe") || strings.HasPrefix(call, "Head")
}

func (c *cloud) called(call string) {
	if !reading(call) {
		c.writes = append(c.writes, call)
	}
}

// unset are the answers for settings that a bucket never got.
var unset = map[string]string{
	"tagging": "NoSuchTagSet", "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
	"ownershipControls": "OwnershipControlsNotFoundError", "encryption": "ServerSideEncryptionConfigurationNotFoundError",
	"policy": "NoSuchBucketPolicy", "lifecycle": "NoSuchLifecycleConfiguration",
}

// s3 keeps what is put into a bucket's subresources: S3 takes and returns the same XML.
func (c *cloud) s3(w http.ResponseWriter, r *http.Request, body string) {
	fail := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
	name := strings.Trim(r.URL.Path, "/")
	what := ""
	for key := range r.URL.Query() {
		if key != "x-id" {
			what = key
		}
	}
	call := map[string]string{"GET": "Get", "PUT": "Put", "HEAD": "Head"}[r.Method] + ":" + what
	if code := c.failing(call); code != "" {
		fail(http.StatusForbidden, code)
		return
	}
	c.called(call)
	b, exists := c.buckets[name]
	owner := r.Header.Get("X-Amz-Expected-Bucket-Owner")
	switch {
	case what == "" && r.Method == http.MethodPut && (exists || c.foreign[name]):
		fail(http.StatusConflict, "BucketAlreadyExists")
	case what == "" && r.Method == http.MethodPut:
		if !strings.Contains(body, "<LocationConstraint>eu-west-1</LocationConstraint>") {
			fail(http.StatusBadRequest, "IllegalLocationConstraintException")
			return
		}
		c.buckets[name] = map[string]string{}
	case c.foreign[name] || exists && owner != c.account:
		fail(http.StatusForbidden, "AccessDenied")
	case !exists:
		fail(http.StatusNotFound, "NoSuchBucket")
	case r.Method == http.MethodPut:
		b[what] = body
	case r.Method == http.MethodGet && b[what] != "":
		fmt.Fprint(w, b[what])
	case r.Method == http.MethodGet && what == "versioning":
		fmt.Fprint(w, "<VersioningConfiguration/>")
	case r.Method == http.MethodGet:
		fail(http.StatusNotFound, unset[what])
	}
}

// kms answers in KMS's JSON.
func (c *cloud) kms(w http.ResponseWriter, call string, body []byte) {
	var in struct {
		KeyId, AliasName, TargetKeyId, Policy string //nolint:revive,staticcheck // KMS's spelling
		Tags                                  []struct{ TagKey, TagValue string }
	}
	_ = json.Unmarshal(body, &in)
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	if code := c.failing(call); code != "" {
		fail(code)
		return
	}
	c.called(call)
	id := in.KeyId
	if alias, ok := c.aliases[id]; ok {
		id = alias
	}
	id = id[strings.LastIndex(id, "/")+1:]
	key, ok := c.keys[id]
	arn := func(id string) string { return "arn:aws:kms:eu-west-1:" + c.account + ":key/" + id }
	if !ok && call != "CreateKey" && call != "CreateAlias" {
		fail("NotFoundException")
		return
	}
	switch call {
	case "CreateKey":
		if err := documentProblem(in.Policy, true, false); err != "" {
			fail("MalformedPolicyDocumentException")
			return
		}
		id = fmt.Sprintf("key-%d", len(c.keys)+1)
		key = &fakeKey{state: "Enabled", policy: in.Policy, tags: map[string]string{}}
		c.keys[id] = key
		fallthrough
	case "TagResource":
		for _, t := range in.Tags {
			key.tags[t.TagKey] = t.TagValue
		}
		fallthrough
	case "DescribeKey":
		answer(map[string]any{"KeyMetadata": map[string]any{"KeyId": id, "Arn": arn(id), "KeyState": key.state, "KeySpec": "SYMMETRIC_DEFAULT"}})
	case "CreateAlias":
		c.aliases[in.AliasName] = in.TargetKeyId
		answer(map[string]any{})
	case "EnableKeyRotation":
		key.rotates = true
		answer(map[string]any{})
	case "GetKeyRotationStatus":
		answer(map[string]any{"KeyRotationEnabled": key.rotates})
	case "GetKeyPolicy":
		answer(map[string]any{"Policy": key.policy})
	case "PutKeyPolicy":
		key.policy = in.Policy
		answer(map[string]any{})
	case "ListResourceTags":
		var tags []map[string]string
		for k, v := range key.tags {
			tags = append(tags, map[string]string{"TagKey": k, "TagValue": v})
		}
		answer(map[string]any{"Tags": tags})
	default:
		c.t.Errorf("kms:%s is not stood in for", call)
		fail("NotImplemented")
	}
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

func tagsXML(tags map[string]string) string {
	var b strings.Builder
	for k, v := range tags {
		fmt.Fprintf(&b, "<member><Key>%s</Key><Value>%s</Value></member>", escaped(k), escaped(v))
	}
	return "<Tags>" + b.String() + "</Tags>"
}

// query answers IAM and STS in the query protocol.
func (c *cloud) query(w http.ResponseWriter, in url.Values) {
	call := in.Get("Action")
	fail := func(status int, code string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>", code)
	}
	answer := func(result string) {
		fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", call, call, result, call, call)
	}
	if code := c.failing(call); code != "" {
		fail(http.StatusForbidden, code)
		return
	}
	c.called(call)
	if call == "GetCallerIdentity" {
		answer(fmt.Sprintf("<Arn>arn:aws:sts::%s:assumed-role/admin/alice</Arn><Account>%s</Account>", c.account, c.account))
		return
	}
	for _, document := range []struct {
		text         string
		hasPrincipal bool
	}{{in.Get("AssumeRolePolicyDocument"), true}, {trustOf(call, in), true}, {inlineOf(call, in), false}} {
		if document.text == "" {
			continue
		}
		if problem := documentProblem(document.text, document.hasPrincipal, document.hasPrincipal); problem != "" {
			c.t.Errorf("%s: %s: %s", call, problem, document.text)
			fail(http.StatusBadRequest, "MalformedPolicyDocument")
			return
		}
	}
	if arn := in.Get("OpenIDConnectProviderArn"); arn != "" || call == "CreateOpenIDConnectProvider" {
		c.provider(call, arn, in, answer, fail)
		return
	}
	if arn := in.Get("PolicyArn"); in.Get("RoleName") == "" && (arn != "" || call == "CreatePolicy") {
		c.policy(call, arn, in, answer, fail)
		return
	}
	c.role(call, in, answer, fail)
}

func (c *cloud) policy(call, arn string, in url.Values, answer func(string), fail func(int, string)) {
	if len(in.Get("PolicyDocument")) > 6144 {
		fail(http.StatusConflict, "LimitExceeded")
		return
	}
	p := c.policies[arn]
	switch {
	case call == "CreatePolicy":
		c.policies["arn:aws:iam::"+c.account+":policy/"+in.Get("PolicyName")] = &fakePolicy{
			versions: []string{in.Get("PolicyDocument")}, first: 1, tags: tagsOf(in),
		}
		answer("<Policy></Policy>")
	case p == nil:
		fail(http.StatusNotFound, "NoSuchEntity")
	case call == "GetPolicy":
		answer(fmt.Sprintf("<Policy><DefaultVersionId>v%d</DefaultVersionId>%s</Policy>", p.first+len(p.versions)-1, tagsXML(p.tags)))
	case call == "GetPolicyVersion":
		answer("<PolicyVersion><Document>" + url.PathEscape(p.versions[len(p.versions)-1]) + "</Document></PolicyVersion>")
	case call == "ListPolicyVersions":
		var versions strings.Builder
		for i := range p.versions {
			n := p.first + i
			fmt.Fprintf(&versions, "<member><VersionId>v%d</VersionId><IsDefaultVersion>%t</IsDefaultVersion><CreateDate>2026-01-%02dT00:00:00Z</CreateDate></member>",
				n, i == len(p.versions)-1, n)
		}
		answer("<Versions>" + versions.String() + "</Versions>")
	case call == "DeletePolicyVersion":
		if in.Get("VersionId") != fmt.Sprintf("v%d", p.first) {
			c.t.Errorf("version %s is deleted, and the oldest is %d", in.Get("VersionId"), p.first)
		}
		p.versions, p.first = p.versions[1:], p.first+1
		answer("")
	case call == "CreatePolicyVersion" && len(p.versions) == 5:
		fail(http.StatusConflict, "LimitExceeded")
	case call == "CreatePolicyVersion":
		p.versions = append(p.versions, in.Get("PolicyDocument"))
		answer("<PolicyVersion></PolicyVersion>")
	case call == "TagPolicy":
		for k, v := range tagsOf(in) {
			p.tags[k] = v
		}
		answer("")
	default:
		c.t.Errorf("iam:%s is not stood in for", call)
	}
}

// trustOf and inlineOf return the document of calls that have it under the same name.
func trustOf(call string, in url.Values) string {
	if call == "UpdateAssumeRolePolicy" {
		return in.Get("PolicyDocument")
	}
	return ""
}

func inlineOf(call string, in url.Values) string {
	if call == "PutRolePolicy" || call == "CreatePolicy" || call == "CreatePolicyVersion" {
		return in.Get("PolicyDocument")
	}
	return ""
}

func (c *cloud) provider(call, arn string, in url.Values, answer func(string), fail func(int, string)) {
	p := c.providers[arn]
	switch {
	case call == "CreateOpenIDConnectProvider":
		if in.Get("ThumbprintList.member.1") != "" {
			c.t.Error("a thumbprint is given")
		}
		arn = "arn:aws:iam::" + c.account + ":oidc-provider/" + strings.TrimPrefix(in.Get("Url"), "https://")
		c.providers[arn] = &fakeProvider{clients: []string{in.Get("ClientIDList.member.1")}, tags: tagsOf(in)}
		answer("<OpenIDConnectProviderArn>" + arn + "</OpenIDConnectProviderArn>")
	case p == nil:
		fail(http.StatusNotFound, "NoSuchEntity")
	case call == "GetOpenIDConnectProvider":
		var clients strings.Builder
		for _, id := range p.clients {
			clients.WriteString("<member>" + id + "</member>")
		}
		answer("<ClientIDList>" + clients.String() + "</ClientIDList>" + tagsXML(p.tags))
	case call == "AddClientIDToOpenIDConnectProvider":
		p.clients = append(p.clients, in.Get("ClientID"))
		answer("")
	default:
		c.t.Errorf("iam:%s is not stood in for", call)
	}
}

func tagsOf(in url.Values) map[string]string {
	out := map[string]string{}
	for i := 1; in.Get(fmt.Sprintf("Tags.member.%d.Key", i)) != ""; i++ {
		out[in.Get(fmt.Sprintf("Tags.member.%d.Key", i))] = in.Get(fmt.Sprintf("Tags.member.%d.Value", i))
	}
	return out
}

func (c *cloud) role(call string, in url.Values, answer func(string), fail func(int, string)) {
	name := in.Get("RoleName")
	r := c.roles[name]
	if r == nil && call != "CreateRole" {
		fail(http.StatusNotFound, "NoSuchEntity")
		return
	}
	switch call {
	case "CreateRole":
		if r != nil {
			fail(http.StatusConflict, "EntityAlreadyExists")
			return
		}
		c.roles[name] = &fakeRole{
			cloud: c, trust: in.Get("AssumeRolePolicyDocument"), description: in.Get("Description"), session: in.Get("MaxSessionDuration"),
			boundary: in.Get("PermissionsBoundary"), tags: tagsOf(in), inline: map[string]string{},
		}
		answer("<Role></Role>")
	case "GetRole":
		boundary := ""
		if r.boundary != "" {
			boundary = "<PermissionsBoundary><PermissionsBoundaryArn>" + r.boundary + "</PermissionsBoundaryArn></PermissionsBoundary>"
		}
		answer(fmt.Sprintf("<Role><RoleName>%s</RoleName><AssumeRolePolicyDocument>%s</AssumeRolePolicyDocument><Description>%s</Description>"+
			"<MaxSessionDuration>%s</MaxSessionDuration>%s%s</Role>", name, url.PathEscape(r.trust), escaped(r.description), r.session, boundary, tagsXML(r.tags)))
	case "PutRolePolicy":
		total := len(in.Get("PolicyDocument"))
		for policy, document := range r.inline {
			if policy != in.Get("PolicyName") {
				total += len(document)
			}
		}
		if total > 10240 {
			fail(http.StatusConflict, "LimitExceeded")
			return
		}
		r.inline[in.Get("PolicyName")] = in.Get("PolicyDocument")
		answer("")
	case "GetRolePolicy":
		answer("<PolicyDocument>" + url.PathEscape(r.inline[in.Get("PolicyName")]) + "</PolicyDocument>")
	case "ListRolePolicies":
		var names strings.Builder
		for policy := range r.inline {
			names.WriteString("<member>" + policy + "</member>")
		}
		answer("<PolicyNames>" + names.String() + "</PolicyNames><IsTruncated>false</IsTruncated>")
	case "ListAttachedRolePolicies":
		var policies strings.Builder
		for _, arn := range r.attached {
			policies.WriteString("<member><PolicyName>x</PolicyName><PolicyArn>" + arn + "</PolicyArn></member>")
		}
		answer("<AttachedPolicies>" + policies.String() + "</AttachedPolicies><IsTruncated>false</IsTruncated>")
	case "AttachRolePolicy":
		if c.policies[in.Get("PolicyArn")] == nil {
			fail(http.StatusNotFound, "NoSuchEntity")
			return
		}
		r.attached = append(r.attached, in.Get("PolicyArn"))
		answer("")
	case "UpdateAssumeRolePolicy":
		r.trust = in.Get("PolicyDocument")
		answer("")
	case "UpdateRole":
		r.description, r.session = in.Get("Description"), in.Get("MaxSessionDuration")
		answer("")
	case "PutRolePermissionsBoundary":
		r.boundary = in.Get("PermissionsBoundary")
		answer("")
	case "TagRole":
		for k, v := range tagsOf(in) {
			r.tags[k] = v
		}
		answer("")
	default:
		c.t.Errorf("iam:%s is not stood in for", call)
	}
}

// document is a policy document as AWS reads it.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid, Effect string
	Principal   map[string][]string
	Action      []string
	Resource    []string
	Condition   map[string]map[string][]string
}

var (
	sidForm    = regexp.MustCompile(`^[0-9A-Za-z]+$`)
	actionForm = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*]+$`)
)

// documentProblem tells why AWS would refuse a document: the rules of the policy grammar that hold for where it stands
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
func documentProblem(text string, principal, trust bool) string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return err.Error()
	}
	if d.Version != "2012-10-17" || len(d.Statement) == 0 {
		return "version or statements"
	}
	var sids []string
	for _, s := range d.Statement {
		switch {
		case !sidForm.MatchString(s.Sid) || slices.Contains(sids, s.Sid):
			return "sid " + s.Sid
		case s.Effect != "Allow" && s.Effect != "Deny":
			return "effect of " + s.Sid
		case (len(s.Principal) > 0) != principal:
			return "principal of " + s.Sid
		case (len(s.Resource) > 0) == trust:
			return "resource of " + s.Sid
		case len(s.Action) == 0:
			return "no action in " + s.Sid
		}
		sids = append(sids, s.Sid)
		for _, a := range s.Action {
			if !actionForm.MatchString(a) || trust && !strings.HasPrefix(a, "sts:") {
				return "action " + a
			}
		}
		for _, r := range s.Resource {
			if r != "*" && (!strings.HasPrefix(r, "arn:") || strings.Count(r, ":") < 5) {
				return "resource " + r
			}
		}
		for operator, keys := range s.Condition {
			for key, values := range keys {
				if operator == "" || !strings.Contains(key, ":") || len(values) == 0 {
					return "condition " + key
				}
			}
		}
	}
	return ""
}
