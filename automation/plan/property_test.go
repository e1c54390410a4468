package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is a JSON object as it comes from an event.
type object = map[string]any

var aSecret = object{sig.Key: sig.Secret, "ciphertext": "[secret]"}

// update is an event about a resource of a type.
func update(typ string, old, now object, diff map[string]apitype.PropertyDiff) apitype.StepEventMetadata {
	urn := "urn:pulumi:prod::p::" + typ + "::it"
	return apitype.StepEventMetadata{
		Op: apitype.OpUpdate, Type: typ, URN: urn, DetailedDiff: diff,
		Old: &apitype.StepEventStateMetadata{Type: typ, URN: urn, Inputs: old, Outputs: old},
		New: &apitype.StepEventStateMetadata{Type: typ, URN: urn, Inputs: now},
	}
}

func changed(paths ...string) map[string]apitype.PropertyDiff {
	out := map[string]apitype.PropertyDiff{}
	for _, p := range paths {
		out[p] = apitype.PropertyDiff{Kind: apitype.DiffUpdate, InputDiff: true}
	}
	return out
}

// lines writes property changes for comparison.
func lines(changes []PropertyChange) []string {
	out := []string{}
	for _, c := range changes {
		out = append(out, string(c.Kind)+" "+c.Path+": "+c.Old+" => "+c.New)
	}
	return out
}

func TestValuesOfPropertiesAreShownAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
	long := strings.Repeat("a", 300)
	for name, c := range map[string]struct {
		typ      string
		old, now object
		diff     map[string]apitype.PropertyDiff
		want     []string
	}{
		"plain values": {
			old: object{"n": 1.0, "s": "a\nb", "b": true}, now: object{"n": 20000000.0, "s": "a\tb", "b": false}, diff: changed("n", "s", "b"),
			want: []string{`update b: true => false`, `update n: 1 => 20000000`, `update s: "a\nb" => "a\tb"`},
		},
		"a list element and a key with dots": {
			old: object{"l": []any{"x", "y"}, "tags": object{"a.b/c": "1"}}, now: object{"l": []any{"x", "z"}, "tags": object{"a.b/c": "2"}},
			diff: changed("l[1]", `tags["a.b/c"]`), want: []string{`update l: ["x", "y"] => ["x", "z"]`, `update tags["a.b/c"]: "1" => "2"`},
		},
		"what is new and what is gone": {
			old: object{"gone": "x"}, now: object{"come": []any{object{"b": 1.0, "a": "x"}}},
			diff: map[string]apitype.PropertyDiff{"gone": {Kind: apitype.DiffDelete}, "come": {Kind: apitype.DiffAdd}},
			want: []string{`add come:  => [{a: "x", b: 1}]`, `delete gone: "x" => `},
		},
		"secrets on both sides": {
			old: object{"key": aSecret}, now: object{"key": aSecret}, diff: changed("key"), want: []string{"update key: [secret] => [secret]"},
		},
		"a value that becomes a secret": {
			old: object{"key": "hunter2"}, now: object{"key": aSecret}, diff: changed("key"), want: []string{"update key: [secret] => [secret]"},
		},
		"a value that was a secret": {
			old: object{"o": object{"key": aSecret}}, now: object{"o": object{"key": "hunter2"}}, diff: changed("o"), want: []string{"update o.key: [secret] => [secret]"},
		},
		"a path below a secret": {
			old: object{"o": aSecret}, now: object{"o": aSecret}, diff: changed("o.key[0]"), want: []string{"update o.key[0]: [secret] => [secret]"},
		},
		"a secret inside of an object": {
			old: object{}, now: object{"o": object{"user": "me", "key": aSecret}}, diff: map[string]apitype.PropertyDiff{"o": {Kind: apitype.DiffAdd}},
			want: []string{`add o:  => {key: [secret], user: "me"}`},
		},
		"a secret inside of a JSON document": {
			old: object{"doc": `{"a":1}`}, now: object{"doc": `{"a":1,"key":` + canonical(aSecret) + `}`}, diff: changed("doc"),
			want: []string{"add doc.key:  => [secret]"},
		},
		"unknown values, and what is below and around them": {
			old: object{"a": "1", "b": object{"c": "1"}, "d": "1"}, diff: changed("a", "b.c", "d"),
			now:  object{"a": plugin.UnknownStringValue, "b": plugin.UnknownObjectValue, "d": "x-" + plugin.UnknownStringValue},
			want: []string{`update a: "1" => (known after apply)`, `update b.c: "1" => (known after apply)`, `update d: "1" => (known after apply)`},
		},
		"assets by their hash": {
			old: object{"code": object{sig.Key: sig.ArchiveSig, "hash": "0123456789abcdef"}}, now: object{"code": object{sig.Key: sig.AssetSig, "hash": "fedcba9876543210", "text": "the text"}},
			diff: changed("code"), want: []string{"update code: (archive, sha256 0123456789ab) => (asset, sha256 fedcba987654)"},
		},
		"a policy by member": {
			old:  object{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get"],"Resource":"*"}]}`},
			now:  object{"policy": `{"Statement":[{"Action":["s3:Get","s3:Put"],"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}`},
			diff: changed("policy"), want: []string{`update policy.Statement[0].Action: ["s3:Get"] => ["s3:Get", "s3:Put"]`},
		},
		"long values where they differ": {
			old: object{"s": long + "1" + long}, now: object{"s": long + "2" + long}, diff: changed("s"),
			want: []string{
				`update s: … aaaaaaaaaaaaaaaaaaaaaaaa1aaaaaaaaaaaaaaaaaaaaaaaa … (603 characters in all) => … aaaaaaaaaaaaaaaaaaaaaaaa2aaaaaaaaaaaaaaaaaaaaaaaa … (603 characters in all)`,
			},
		},
		"boot scripts by their hash": {
			old: object{"userData": "IyEvYmluL2Jhc2g="}, now: object{"userData": ""}, diff: changed("userData"),
			want: []string{`update userData: (sha256 ` + hash("IyEvYmluL2Jhc2g=")[:12] + `, 16 characters) => ""`},
		},
		"what nobody marked as a secret": {
			old: object{"password": "hunter2", "pem": key}, now: object{"password": "hunter3", "pem": "x " + key}, diff: changed("password", "pem"),
			want: []string{`update password: [secret] => [secret]`, `update pem: "[masked]" => "x [masked]"`},
		},
		"a Kubernetes Secret": {
			typ: "kubernetes:core/v1:Secret", old: object{"data": object{"a": "aHVudGVyMg=="}, "stringData": object{"b": "x"}}, now: object{"data": object{"a": "b3RoZXI="}, "stringData": object{"b": "y"}},
			diff: changed("data.a", "stringData"), want: []string{"update data.a: [secret] => [secret]", "update stringData: [secret] => [secret]"},
		},
	} {
		typ := c.typ
		if typ == "" {
			typ = "fake:index:Box"
		}
		assert.Equal(t, c.want, lines(properties(update(typ, c.old, c.now, c.diff), false)), name)
	}
}

func TestWithoutADetailedComparisonTheInputsAreCompared(t *testing.T) {
	t.Parallel()
	m := update("fake:index:Box", object{"a": "1", "o": object{"x": "1", "y": "2"}}, object{"b": "1", "o": object{"x": "1", "y": "3"}}, nil)
	m.Diffs, m.Keys = []string{"o", "a", "b"}, []string{"o"}
	got := properties(m, false)
	assert.Equal(t, []string{`delete a: "1" => `, `add b:  => "1"`, `update o.y: "2" => "3"`}, lines(got))
	assert.True(t, got[2].Replaces)
	assert.False(t, got[0].Replaces)
}

func TestHiddenDifferencesShowNoValues(t *testing.T) {
	t.Parallel()
	var m apitype.StepEventMetadata
	require.NoError(t, json.Unmarshal([]byte(`{"op":"update","type":"t:t:T","urn":"urn:pulumi:s::p::t:t:T::n",
		"old":{"inputs":{"o":{"x":"before"}},"outputs":{"o":{"x":"before"}}},
		"new":{"inputs":{"o":{"x":"after"}},"hideDiffs":["o.x"]},"detailedDiff":{"o.x":{"diffKind":"update-replace"}}}`), &m))
	assert.Equal(t, []PropertyChange{{Path: "o.x", Kind: PropertyUpdated, Replaces: true, Old: "[hidden]", New: "[hidden]"}}, properties(m, false))
}

func TestCredentialsAreMaskedInMessages(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"key AKIAIOSFODNN7EXAMPLE is not valid":                                     "key [masked] is not valid",
		"ASIAIOSFODNN7EXAMPLE":                                                      "[masked]",
		"a -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE----- b":          "a [masked] b",
		`"-----BEGIN EC PRIVATE KEY-----\nMIIB`:                                     `"[masked]`,
		"jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl.":                   "jwt [masked].",
		"ghp_0123456789abcdefghijABCDEFGHIJ012345 github_pat_11ABCDEFG0123456789_x": "[masked] [masked]",
		"users:\n- user:\n    token: abcdefgh12345678\n":                            "users:\n- user:\n    token: [masked]\n",
		`{\"user\":{\"token\":\"abcdefgh12345678\"}}`:                               `{\"user\":{\"token\":\"[masked]\"}}`,
		"client-key-data: LS0tLS1CRUdJTiBSU0E=":                                     "client-key-data: [masked]",
		"https://me:hunter2hunter2@example.com/x":                                   "https://me:[masked]@example.com/x",
		"https://me:p@ss:word@example.com/x":                                        "https://me:[masked]@example.com/x",
		"CHG-1, password=hunter2, db_password: s3cret":                              "CHG-1, password=[masked], db_password: [masked]",
		"api-key: 0123456789, client_secret=abcdefgh1":                              "api-key: [masked], client_secret=[masked]",
		"https://s3/x?X-Amz-Signature=0123abcd&b=1":                                 "https://s3/x?X-Amz-Signature=[masked]&b=1",
		"Authorization: Bearer abcdefghijklmnop0123":                                "Authorization: Bearer [masked]",
		"httpTokens: required, tokenExpirationSeconds: 86400":                       "httpTokens: required, tokenExpirationSeconds: 86400",
		"arn:aws:iam::111111111111:role/nonprod-control-plane-0a1b2c3":              "arn:aws:iam::111111111111:role/nonprod-control-plane-0a1b2c3",
	} {
		assert.Equal(t, want, Mask(said))
	}
	c := NewCollector(OpUp, "prod", nil)
	for _, severity := range []string{"warning", "error"} {
		c.Add(events.EngineEvent{EngineEvent: apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: severity, Message: "AKIAIOSFODNN7EXAMPLE was refused"}}})
	}
	assert.Equal(t, []Diagnostic{{Message: "[masked] was refused"}}, c.Result().Warnings)
	assert.Equal(t, []Diagnostic{{Message: "[masked] was refused"}}, c.Result().Errors)
}

func TestTheAddressOfARunKeepsWhatFindsItAndNoMore(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"https://ci.example.com/job/7?attempt=2":            "https://ci.example.com/job/7?attempt=2",
		"https://bot:p/w@ci.example.com/job/7":              "https://[masked]@ci.example.com/job/7",
		"https://s3cr3t@ci.example.com":                     "https://[masked]@ci.example.com",
		"https://ci.example.com/7?access_token=abc&step=1":  "https://ci.example.com/7?access_token=[masked]&step=1",
		"https://ci.example.com/7?step=1&private_key=a%20b": "https://ci.example.com/7?step=1&private_key=[masked]",
		"run 7, password: hunter2":                          "run 7, password: [masked]",
		"":                                                  "",
	} {
		assert.Equal(t, want, MaskAddress(said))
	}
}

func TestNodeGroupsTellWhatBecomesOfTheirNodes(t *testing.T) {
	t.Parallel()
	group := func(version string, size, at float64) object {
		return object{
			"version": version, "scalingConfig": object{"minSize": 1.0, "desiredSize": size, "maxSize": 9.0},
			"updateConfig": object{"maxUnavailable": at}, "launchTemplate": object{"version": "1"},
		}
	}
	m := update(nodeGroupType, group("1.34", 6, 2), group("1.35", 6, 3), changed("version", "launchTemplate.version", "updateConfig.maxUnavailable"))
	assert.Equal(t, &NodeGroup{Nodes: 6, Max: 9, AtATime: "2", Renews: []string{"launchTemplate", "version"}}, stepOf(m).NodeGroup)
	assert.Equal(t, "node group", stepOf(m).Critical)

	m = update(nodeGroupType, group("1.34", 6, 2), group("1.34", 7, 2), changed("scalingConfig.desiredSize"))
	assert.Equal(t, &NodeGroup{Nodes: 6, Max: 9, AtATime: "2", Scales: true, NewMin: 1, NewMax: 9}, stepOf(m).NodeGroup)

	m.Old.Inputs["updateConfig"] = object{"maxUnavailablePercentage": 33.0}
	assert.Equal(t, "33%", stepOf(m).NodeGroup.AtATime)
}

// step is an event about one resource's step.
func step(op apitype.OpType, name string, retain bool) events.EngineEvent {
	state := &apitype.StepEventStateMetadata{Inputs: object{"a": "1"}, RetainOnDelete: retain}
	return events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Planning: true, Metadata: apitype.StepEventMetadata{
		Op: op, Type: "aws:kms/key:Key", URN: "urn:pulumi:prod::p::aws:kms/key:Key::" + name, Old: state, New: state,
	}}}}
}

func TestEveryWayToGoIsDestructive(t *testing.T) {
	t.Parallel()
	c := NewCollector(OpPreview, "prod", nil)
	for _, e := range []events.EngineEvent{
		step(apitype.OpDeleteReplaced, "first", false), step(apitype.OpReplace, "first", false), step(apitype.OpCreateReplacement, "first", false),
		step(apitype.OpCreateReplacement, "last", false), step(apitype.OpReplace, "last", false), step(apitype.OpDeleteReplaced, "last", false),
		step(apitype.OpDelete, "kept", true), step(apitype.OpUpdate, "changed", false), step(apitype.OpDeleteReplaced, "leftover", false),
		{EngineEvent: apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{Result: apitype.OperationResultSucceeded}}},
	} {
		c.Add(e)
	}
	got := map[string]string{}
	for _, s := range c.Result().Steps {
		line := s.Op
		for mark, set := range map[string]bool{" destructive": s.Destructive(), " deleted first": s.DeletedFirst, " retained": s.Retain} {
			if set {
				line += mark
			}
		}
		got[s.Name] = strings.ReplaceAll(line, " deleted first destructive", " destructive deleted first")
		assert.Equal(t, "encryption key", s.Critical)
		assert.Len(t, s.Fingerprint, 64, s.Name)
	}
	got["kept"] = strings.ReplaceAll(got["kept"], " retained destructive", " destructive retained")
	assert.Equal(t, map[string]string{
		"first": "replace destructive deleted first", "last": "replace destructive", "kept": "delete destructive retained",
		"changed": "update", "leftover": "delete-replaced destructive",
	}, got)
}

func TestAComponentsInputsAreCompared(t *testing.T) {
	t.Parallel()
	m := update("p:c:C", object{"a": "1", "b": "1"}, object{"a": "2", "b": "1"}, nil)
	assert.Equal(t, []string{`update a: "1" => "2"`}, lines(properties(m, false)))
}

// The kubernetes provider names no keys where replaceOnChanges forces a replacement.
func TestAReplacementWithoutKeysIsExplainedByItsDetailedDiff(t *testing.T) {
	t.Parallel()
	m := apitype.StepEventMetadata{
		Op: apitype.OpReplace, Type: "kubernetes:scheduling.k8s.io/v1:PriorityClass", URN: "urn:pulumi:dev::p::kubernetes:scheduling.k8s.io/v1:PriorityClass::high",
		DetailedDiff: map[string]apitype.PropertyDiff{
			"value": {Kind: apitype.DiffUpdateReplace}, "metadata.labels.team": {Kind: apitype.DiffUpdate}, "preemptionPolicy": {Kind: apitype.DiffAddReplace},
		},
	}
	assert.Equal(t, []string{"preemptionPolicy", "value"}, stepOf(m).ReplaceKeys)
	m.Keys = []string{"value"}
	assert.Equal(t, []string{"value"}, stepOf(m).ReplaceKeys, "what the engine names counts")
	m.Op, m.Keys, m.DetailedDiff = apitype.OpUpdate, nil, map[string]apitype.PropertyDiff{"value": {Kind: apitype.DiffUpdate}}
	assert.Empty(t, stepOf(m).ReplaceKeys)
}
