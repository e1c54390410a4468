// Package mask takes out of texts what looks like a credential, before people see them or they are kept.
package mask

import (
	"net/url"
	"regexp"
	"strings"
)

// Masked stands in the place of what looks like a credential.
const Masked = "[masked]"

// credentials are what credentials look like, with the text that takes their place. The engine's own marks for secrets
// come first and are exact; this is the second line, for values that nobody marked, and for messages.
var credentials = []struct {
	looks   *regexp.Regexp
	instead string
}{
	// PEM blocks, also without an end and with their line breaks escaped, and the same in base64.
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|\z)`), Masked},
	{regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]+`), Masked},
	// AWS access keys, presigned URLs and the tokens with which people and pods log in to EKS.
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}\b`), Masked},
	{regexp.MustCompile(`(?i)(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+`), "${1}" + Masked},
	{regexp.MustCompile(`k8s-aws-v1\.[A-Za-z0-9_=-]+`), Masked},
	// JSON Web Tokens: service accounts, OIDC.
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*)?`), Masked},
	// GitHub, GitLab, Slack, Pulumi.
	{regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|pul-[0-9a-f]{32,})`), Masked},
	// user:password@ in an address. A password may have colons and at-signs.
	{regexp.MustCompile(`(://[^/\s:@"']*:)[^/\s"']+@`), "${1}" + Masked + "@"},
	// HTTP headers.
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{16,}`), "${1}${2}" + Masked},
	// Members of a kubeconfig or of a credentials file, as YAML, JSON or JSON within a string.
	{
		regexp.MustCompile(`(?i)(\b(?:[\w-]*[_-])?(?:token|client-key-data|api[_-]?key|client[_-]?secret|secret[_-]?key|aws_secret_access_key|secretAccessKey|sessionToken)\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\,;}\[(&]{8,}`),
		"${1}" + Masked,
	},
	{
		regexp.MustCompile(`(?i)(\b(?:[\w-]*[_-])?(?:password|passwd|passphrase|pwd)\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\,;}\[(&]{5,}`),
		"${1}" + Masked,
	},
}

// Address is Text for the address of a CI run: neither its user nor what stands behind a question mark is needed to find
// the run, as far as it looks like a credential.
func Address(address string) string {
	scheme, rest, is := strings.Cut(address, "://")
	if !is {
		return Text(address)
	}
	authority, _, _ := strings.Cut(rest, "/")
	if _, err := url.Parse(address); err != nil {
		authority = rest // such as a password with a slash in it
	}
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		address = scheme + "://" + Masked + rest[at:]
	}
	return Text(secretParameter.ReplaceAllString(address, "${1}"+Masked))
}

// secretParameter is a query parameter that grants something.
var secretParameter = regexp.MustCompile(`(?i)([?&#][\w.-]*(?:token|secret|password|passwd|pwd|key|sig|signature|auth|credential)=)[^&#\s]+`)

// Text replaces what looks like a credential: access keys, PEM blocks, JSON Web Tokens, tokens of GitHub and the like,
// tokens and passwords in a kubeconfig. It is for text that people will see; it cannot recognise a secret that looks like
// ordinary text.
func Text(text string) string {
	for _, c := range credentials {
		text = c.looks.ReplaceAllString(text, c.instead)
	}
	return text
}
