package aws

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the provider's own hash ids are not secrets either
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// placeholder is a property in an id form: {clusterName}, {hash(subnetId)}, {subnetId or gatewayId}.
var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

// optionalPart is a part of an id form that is there when its property is: [,{expectedBucketOwner}].
var optionalPart = regexp.MustCompile(`\[([^\]]*)\]\*?`)

// makeID returns the id of a new object from the form that the facts give.
func makeID(f *resourceFacts, c *Call) (string, error) {
	if prefix, ok := strings.CutSuffix(f.ID, "*"); ok {
		if strings.HasSuffix(prefix, "-") {
			return prefix + "0" + randomDigits(16), nil
		}
		return prefix + strings.ToUpper(randomDigits(13)), nil
	}
	return fillForm(f, f.ID, c, true)
}

// fillForm puts properties into an id or import form. With make, values that only AWS gives are made up and noted
// among the attributes; without, a property that is missing is an error.
func fillForm(f *resourceFacts, form string, c *Call, make bool) (string, error) {
	form = chooseForm(f, form, c.Attributes)
	form = optionalPart.ReplaceAllStringFunc(form, func(part string) string {
		inner := optionalPart.FindStringSubmatch(part)[1]
		for _, m := range placeholder.FindAllStringSubmatch(inner, -1) {
			if attributeText(c.Attributes, m[1]) == "" {
				return ""
			}
		}
		return inner
	})
	var missing string
	out := placeholder.ReplaceAllStringFunc(form, func(token string) string {
		name := token[1 : len(token)-1]
		if argument, ok := strings.CutPrefix(name, "hash"); ok {
			return hashOf(c.Attributes, strings.Trim(argument, "()"))
		}
		for alternative := range strings.SplitSeq(name, " or ") {
			if v := attributeText(c.Attributes, alternative); v != "" {
				return v
			}
		}
		if !make {
			missing = name
			return ""
		}
		v := madeUp(f, c, name)
		if p := f.Props[name]; p != nil && p.Output() {
			c.Attributes[name] = v
		}
		return v
	})
	if missing != "" {
		return "", fmt.Errorf("%s has no %s to make its id from", typeName(c.Type), missing)
	}
	return out, nil
}

// chooseForm picks among alternatives ("{name} or {eventBusName}/{name}") the longest whose properties are all
// given and differ from their defaults.
func chooseForm(f *resourceFacts, form string, attributes cloud.Attributes) string {
	alternatives := strings.Split(form, " or ")
	if strings.Contains(placeholder.ReplaceAllString(form, ""), " or ") {
		for i := len(alternatives) - 1; i > 0; i-- {
			whole := true
			for _, m := range placeholder.FindAllStringSubmatch(alternatives[i], -1) {
				p := f.Props[m[1]]
				v := attributeText(attributes, m[1])
				whole = whole && v != "" && (p == nil || p.Default != v)
			}
			if whole {
				return alternatives[i]
			}
		}
		return alternatives[0]
	}
	return form
}

// attributeText returns a property, at a dotted path, as it stands in an id.
func attributeText(attributes cloud.Attributes, path string) string {
	var v any = attributes
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[name]
	}
	switch v := v.(type) {
	case string:
		return v
	case float64, int, bool:
		return fmt.Sprint(v)
	}
	return ""
}

func hashOf(attributes cloud.Attributes, path string) string {
	text := attributeText(attributes, path)
	if text == "" {
		text = randomDigits(16)
	}
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:5])
}

// madeUp is a plausible value of what only AWS gives.
func madeUp(f *resourceFacts, c *Call, name string) string {
	switch name {
	case "arn":
		return fallbackARN(f, c)
	case "accountId", "ownerId", "registryId":
		return c.Scope.Account
	case "zoneId":
		return "Z" + strings.ToUpper(randomDigits(20))
	case "associationId":
		return "a-" + randomDigits(17)
	case "versionId", "detectorId":
		return randomDigits(32)
	case "url":
		return fmt.Sprintf("https://%s.%s.amazonaws.com/%s/%s", moduleName(c.Type), c.Scope.Region, c.Scope.Account, physicalName(f, c))
	}
	return randomUUID()
}

// arnServices are the ARN services of modules that are called otherwise in Pulumi.
var arnServices = map[string]string{
	"lb": "elasticloadbalancing", "vpc": "ec2", "efs": "elasticfilesystem", "cloudwatch": "cloudwatch",
}

// fallbackARN makes a plausible ARN for types whose rules give none.
func fallbackARN(f *resourceFacts, c *Call) string {
	module, name := moduleName(c.Type), physicalName(f, c)
	service := module
	if s, ok := arnServices[module]; ok {
		service = s
	}
	kind := kebab(typeName(c.Type))
	path := kind + "/" + name
	switch {
	case module == "cloudwatch" && strings.HasPrefix(typeName(c.Type), "Log"):
		service, path = "logs", kind+":"+name
	case module == "cloudwatch" && strings.HasPrefix(typeName(c.Type), "Event"):
		service, path = "events", strings.TrimPrefix(kind, "event-")+"/"+name
	case module == "s3":
		return strings.Join([]string{"arn", c.Partition, "s3", "", "", name}, ":")
	case module == "sns" || module == "sqs":
		path = name
	case module == "rds" || module == "secretsmanager" || module == "lambda":
		path = kind + ":" + name
	}
	return strings.Join([]string{"arn", c.Partition, service, c.Scope.Region, c.Scope.Account, path}, ":")
}

// physicalName is what an object is called in AWS: its name, else its id, else something new.
func physicalName(f *resourceFacts, c *Call) string {
	names := []string{"name", "bucket"}
	if f.Autoname != nil {
		names = append([]string{f.Autoname.Prop}, names...)
	}
	for _, n := range names {
		if v := attributeText(c.Attributes, n); v != "" {
			return v
		}
	}
	if c.ID != "" {
		return c.ID
	}
	return randomDigits(17)
}

// kebab turns SecurityGroupRule into security-group-rule.
func kebab(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// randomDigits returns n hexadecimal digits.
func randomDigits(n int) string {
	raw := make([]byte, (n+1)/2)
	_, _ = rand.Read(raw) // never fails (https://pkg.go.dev/crypto/rand#Read)
	return hex.EncodeToString(raw)[:n]
}

func randomUUID() string {
	h := randomDigits(32)
	return strings.Join([]string{h[:8], h[8:12], "4" + h[13:16], "a" + h[17:20], h[20:]}, "-")
}
