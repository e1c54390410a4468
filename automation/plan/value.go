package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// The texts in place of values that are not shown.
const (
	secretValue  = "[secret]"
	hiddenValue  = "[hidden]"
	unknownValue = "(known after apply)"
)

// unknown are the engine's marks for values that are not known yet.
var unknown = map[string]bool{
	plugin.UnknownBoolValue: true, plugin.UnknownNumberValue: true, plugin.UnknownStringValue: true, plugin.UnknownArrayValue: true,
	plugin.UnknownAssetValue: true, plugin.UnknownArchiveValue: true, plugin.UnknownObjectValue: true,
}

// longest is how many characters of a value are shown.
const longest = 160

// formatter formats values of one resource as text.
type formatter struct {
	typ     string
	secrets map[string]bool // paths that are secret in either state of the resource
}

// noteSecrets collects the paths of secrets.
func noteSecrets(into map[string]bool, path resource.PropertyPath, v any) {
	switch v := v.(type) {
	case map[string]any:
		if signature(v) == sig.Secret {
			into[path.String()] = true
			return
		}
		for k, member := range v {
			noteSecrets(into, append(slices.Clip(path), k), member)
		}
	case []any:
		for i, member := range v {
			noteSecrets(into, append(slices.Clip(path), i), member)
		}
	}
}

// isSecret reports whether a value, or what it is part of, is a secret.
func (s formatter) isSecret(path resource.PropertyPath) bool {
	if len(s.secrets) == 0 {
		return false
	}
	for i := 1; i <= len(path); i++ {
		if s.secrets[path[:i].String()] {
			return true
		}
	}
	return false
}

// sensitiveNames are properties whose values are hidden, whether marked as secret or not.
var sensitiveNames = map[string]bool{
	"password": true, "masterPassword": true, "passphrase": true, "secretString": true, "secretBinary": true, "privateKey": true,
	"clientSecret": true, "secretKey": true, "secretAccessKey": true, "sessionToken": true, "accessToken": true, "authToken": true,
	"token": true, "apiKey": true, "kubeconfig": true, "privateKeyPem": true,
}

// opaqueNames are properties whose values are long, encoded and may contain anything, such as user data. Their hash is
// shown.
var opaqueNames = map[string]bool{"userData": true, "userDataBase64": true, "preBootstrap": true}

// sensitive reports whether a property is hidden by its name, or because it belongs to a Kubernetes Secret.
func (s formatter) sensitive(path resource.PropertyPath) bool {
	if len(path) == 0 {
		return false
	}
	top, _ := path[0].(string)
	if s.typ == "kubernetes:core/v1:Secret" && (top == "data" || top == "stringData") {
		return true
	}
	for _, key := range path {
		if name, ok := key.(string); ok && sensitiveNames[name] {
			return true
		}
	}
	return false
}

// show formats a value on one line: JSON, except that keys are quoted only where needed.
func (s formatter) show(path resource.PropertyPath, v any) string { return shorten(s.whole(path, v)) }

func (s formatter) whole(path resource.PropertyPath, v any) string {
	var out strings.Builder
	s.write(&out, path, v)
	return Mask(out.String())
}

// contrast formats two values of which at least one is long: the part where they differ, with some context.
func (s formatter) contrast(path resource.PropertyPath, old, now any) (string, string) {
	a, b := []rune(s.whole(path, old)), []rune(s.whole(path, now))
	if len(a) <= longest && len(b) <= longest {
		return string(a), string(b)
	}
	start, end := 0, 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	start, end = max(0, start-around), max(0, end-around)
	return window(a, start, end), window(b, start, end)
}

// around is how many equal characters are shown before and after the difference.
const around = 24

func window(text []rune, start, end int) string {
	out := string(text[start : len(text)-end])
	if start > 0 {
		out = "… " + out
	}
	if end > 0 {
		out += " …"
	}
	if start+end > 0 && len([]rune(out)) <= longest {
		return fmt.Sprintf("%s (%d characters in all)", out, len(text))
	}
	return shorten(out)
}

func (s formatter) write(out *strings.Builder, path resource.PropertyPath, v any) {
	if s.isSecret(path) {
		out.WriteString(secretValue)
		return
	}
	switch v := v.(type) {
	case nil:
		out.WriteString("null")
	case string:
		out.WriteString(s.text(path, v))
	case map[string]any:
		s.object(out, path, v)
	case []any:
		if s.sensitive(path) {
			out.WriteString(secretValue)
			return
		}
		out.WriteByte('[')
		for i, member := range v {
			if i > 0 {
				out.WriteString(", ")
			}
			s.write(out, append(slices.Clip(path), i), member)
		}
		out.WriteByte(']')
	default:
		if s.sensitive(path) {
			out.WriteString(secretValue)
			return
		}
		out.WriteString(canonical(v))
	}
}

func (s formatter) text(path resource.PropertyPath, v string) string {
	name := ""
	if len(path) > 0 {
		name, _ = path[len(path)-1].(string)
	}
	switch {
	case unknown[v]:
		return unknownValue
	case strings.Contains(v, sig.Key), s.sensitive(path) && v != "":
		return secretValue
	case opaqueNames[name] && v != "":
		return fmt.Sprintf("(sha256 %s, %s)", hash(v)[:12], characters(v))
	case containsUnknown(v):
		return unknownValue
	}
	if doc, ok := document(v); ok {
		var out strings.Builder
		s.write(&out, path, doc)
		return out.String()
	}
	return strconv.Quote(Mask(v))
}

func containsUnknown(v string) bool {
	for u := range unknown {
		if strings.Contains(v, u) {
			return true
		}
	}
	return false
}

func (s formatter) object(out *strings.Builder, path resource.PropertyPath, v map[string]any) {
	switch signature(v) {
	case "":
	case sig.AssetSig, sig.ArchiveSig:
		kind := map[string]string{sig.AssetSig: "asset", sig.ArchiveSig: "archive"}[signature(v)]
		sum, _ := v["hash"].(string)
		out.WriteString(fmt.Sprintf("(%s, sha256 %s)", kind, sum[:min(12, len(sum))]))
		return
	case sig.ResourceReference:
		urn, _ := v["urn"].(string)
		out.WriteString("(" + typeOf(urn) + " " + nameOf(urn) + ")")
		return
	default: // secrets, and marks of later engines
		out.WriteString(secretValue)
		return
	}
	if s.sensitive(path) {
		out.WriteString(secretValue)
		return
	}
	out.WriteByte('{')
	written := 0
	for _, k := range slices.Sorted(maps.Keys(v)) {
		if strings.HasPrefix(k, "__") {
			continue
		}
		if written > 0 {
			out.WriteString(", ")
		}
		written++
		if plainKey(k) {
			out.WriteString(k)
		} else {
			out.WriteString(strconv.Quote(k))
		}
		out.WriteString(": ")
		s.write(out, append(slices.Clip(path), k), v[k])
	}
	out.WriteByte('}')
}

// fingerprinted adds a value's hash to its text, so that two long values that look alike differ.
func (s formatter) fingerprinted(v any, text string) string {
	if strings.Contains(text, secretValue) || strings.Contains(text, masked) {
		return text // a hash of something short would reveal it
	}
	return fmt.Sprintf("%s (sha256 %s)", text, hash(canonical(v))[:12])
}

func plainKey(k string) bool {
	for _, c := range k {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return k != ""
}

// signature returns the mark by which the engine distinguishes secrets, assets and the like from ordinary objects.
func signature(v map[string]any) string {
	s, _ := v[sig.Key].(string)
	return s
}

func special(v map[string]any) bool { return signature(v) != "" }

// documents decodes two strings that are both JSON objects or both JSON lists.
func documents(a, b any) (any, any, bool) {
	x, ok := document(a)
	if !ok {
		return nil, nil, false
	}
	y, ok := document(b)
	return x, y, ok
}

func document(v any) (any, bool) {
	text, ok := v.(string)
	if !ok {
		return nil, false
	}
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out any
	if d.Decode(&out) != nil || d.More() {
		return nil, false
	}
	return out, true
}

// canonical encodes a value as JSON with sorted keys.
func canonical(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func characters(v string) string { return fmt.Sprintf("%d characters", utf8.RuneCountInString(v)) }

// shorten leaves out the middle of a long text and says how long it was.
func shorten(text string) string {
	if len(text) <= longest {
		return text
	}
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	const tail = 40
	return fmt.Sprintf("%s … %s (%d characters)", string(runes[:longest-tail]), string(runes[len(runes)-tail:]), len(runes))
}
