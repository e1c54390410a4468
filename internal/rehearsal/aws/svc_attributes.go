package aws

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// attrs reads properties by name. The facts have checked the types already, so a property that is absent or of
// another type reads as its zero value.
type attrs cloud.Attributes

func (a attrs) text(key string) string {
	s, _ := a[key].(string)
	return s
}

func (a attrs) has(key string) bool {
	switch v := a[key].(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	default:
		return true
	}
}

func (a attrs) flag(key string) bool {
	b, _ := a[key].(bool)
	return b
}

// flagOr reads a boolean whose default is not false.
func (a attrs) flagOr(key string, absent bool) bool {
	if b, ok := a[key].(bool); ok {
		return b
	}
	return absent
}

// whole reads an integer; JSON numbers arrive as float64.
func (a attrs) whole(key string) (int, bool) {
	switch n := a[key].(type) {
	case float64:
		return int(n), true
	case int:
		return n, true
	default:
		return 0, false
	}
}

// texts reads a list or set of strings.
func (a attrs) texts(key string) []string {
	list, _ := a[key].([]any)
	out := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// block reads a nested object; an absent one reads as empty and must not be written to.
func (a attrs) block(key string) attrs {
	m, _ := a[key].(map[string]any)
	return m
}

// blocks reads a list or set of objects.
func (a attrs) blocks(key string) []attrs {
	list, _ := a[key].([]any)
	out := make([]attrs, 0, len(list))
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// fill sets a property that AWS fills in when the program does not set it.
func (c *Call) fill(key string, value any) {
	if !c.attrs().has(key) {
		c.Attributes[key] = value
	}
}

func (c *Call) attrs() attrs { return c.Attributes }
func (c *Call) old() attrs   { return c.Old }

// self is the key of the object that the call is about, for the Owner of what AWS makes with it.
func (c *Call) self() string {
	return (&cloud.Object{Scope: c.Scope, Type: c.Type, ID: c.ID}).Key()
}

// global is the scope of the account's IAM objects.
func (c *Call) global() cloud.Scope { return cloud.Scope{Account: c.Scope.Account} }

// arn builds an ARN in the call's scope; for IAM the region is empty, as in AWS.
func (c *Call) arn(service, resource string) string {
	return strings.Join([]string{"arn", c.Partition, service, c.Scope.Region, c.Scope.Account, resource}, ":")
}

// dnsSuffix is the domain of AWS's own names in the call's partition.
func (c *Call) dnsSuffix() string {
	if c.Partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// get finds an object of the call's scope.
func (c *Call) get(typ, id string) (*cloud.Object, bool) {
	if id == "" {
		return nil, false
	}
	return c.Tx.Get(c.Scope, typ, id)
}

// where lists the objects of a type in the call's scope that a test holds for.
func (c *Call) where(typ string, match func(*cloud.Object) bool) []*cloud.Object {
	var out []*cloud.Object
	for _, o := range c.Tx.List(c.Scope, typ) {
		if match(o) {
			out = append(out, o)
		}
	}
	return out
}

// referring lists the objects of a type in the call's scope that name a value in a property.
func (c *Call) referring(typ, key, value string) []*cloud.Object {
	return c.mentioning(typ, value, func(a attrs) bool { return a.text(key) == value })
}

// mentioning lists the objects of a type in the call's scope that hold a text anywhere and that a test holds for.
func (c *Call) mentioning(typ, text string, match func(attrs) bool) []*cloud.Object {
	if text == "" {
		return nil
	}
	return slices.DeleteFunc(c.Tx.Mentions(text), func(o *cloud.Object) bool {
		return o.Scope != c.Scope || o.Type != typ || !match(o.Attributes)
	})
}

// others drops the object that the call is about.
func (c *Call) others(objects []*cloud.Object) []*cloud.Object {
	return slices.DeleteFunc(objects, func(o *cloud.Object) bool { return o.Type == c.Type && o.ID == c.ID })
}

// heldBy names objects in the words of a refusal, so that the reader need not look for them.
func heldBy(objects []*cloud.Object) string {
	names := make([]string, 0, len(objects))
	for _, o := range objects {
		names = append(names, strings.TrimPrefix(o.Type, "hidden:")+" "+o.ID)
	}
	return strings.Join(names, ", ")
}

func anyList(list []string) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// randomHex returns n hexadecimal digits.
func randomHex(n int) string {
	raw := make([]byte, (n+1)/2)
	_, _ = rand.Read(raw) // never fails (https://pkg.go.dev/crypto/rand#Read)
	return hex.EncodeToString(raw)[:n]
}

// newID returns an id such as EC2 makes them: vpc-0a1b2c3d4e5f67890.
func newID(prefix string) string { return prefix + "-0" + randomHex(16) }

func newUUID() string {
	h := randomHex(32)
	return strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:]}, "-")
}

// claim returns a NewID for objects whose id is made of properties, and that AWS refuses to make twice: the id is
// checked before the object is there. The message takes the id.
func claim(separator string, properties []string, code, message string) func(*Call) (string, error) {
	return func(c *Call) (string, error) {
		var parts []string
		for _, p := range properties {
			parts = append(parts, c.attrs().text(p))
		}
		id := strings.Join(parts, separator)
		if _, taken := c.get(c.Type, id); taken {
			return "", refuse(code, message, id)
		}
		return id, nil
	}
}

// documentText returns a property that holds JSON as text: the SDK passes a string or an object.
func documentText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if v == nil {
		return ""
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// timestamp is the present time as most of AWS's APIs print it.
func timestamp() string { return time.Now().UTC().Format(time.RFC3339) }

// notStable is the provider's error for something that AWS accepted and that never became ready. The state is the
// one that a creation ends in.
func (c *Call) notStable(what, state, cause string, args ...any) error {
	operation, wanted := "create", "ACTIVE"
	if c.Old != nil {
		operation, state, wanted = "update", "Failed", "Successful"
	}
	return fmt.Errorf("waiting for %s (%s) %s: unexpected state '%s', wanted target '%s'. last error: %s",
		what, c.ID, operation, state, wanted, fmt.Sprintf(cause, args...))
}
