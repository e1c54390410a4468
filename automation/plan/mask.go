package plan

import "regexp"

// masked stands in the place of what looks like a credential.
const masked = "[masked]"

// credentials are what credentials look like, with the text that takes their place. The engine's own marks for secrets
// come first and are exact; this is the second line, for values that nobody marked, and for messages.
var credentials = []struct {
	looks   *regexp.Regexp
	instead string
}{
	// PEM blocks, also without an end and with their line breaks escaped, and the same in base64.
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|\z)`), masked},
	{regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]+`), masked},
	// AWS access keys, presigned URLs and the tokens with which people and pods log in to EKS.
	{regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{12,}\b`), masked},
	{regexp.MustCompile(`(?i)(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+`), "${1}" + masked},
	{regexp.MustCompile(`k8s-aws-v1\.[A-Za-z0-9_=-]+`), masked},
	// JSON Web Tokens: service accounts, OIDC.
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*)?`), masked},
	// GitHub, GitLab, Slack, Pulumi.
	{regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|pul-[0-9a-f]{32,})`), masked},
	// user:password@ in an address.
	{regexp.MustCompile(`(://[^/\s:@"']+:)[^/\s:@"']+@`), "${1}" + masked + "@"},
	// HTTP headers.
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{16,}`), "${1}${2}" + masked},
	// Members of a kubeconfig or of a credentials file, as YAML, JSON or JSON within a string.
	{
		regexp.MustCompile(`(?i)(\b(?:token|id-token|refresh-token|client-key-data|password|passwd|aws_secret_access_key|aws_session_token|secretAccessKey|sessionToken)\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\,;}\[(]{8,}`),
		"${1}" + masked,
	},
}

// Mask replaces what looks like a credential: access keys, PEM blocks, JSON Web Tokens, tokens of GitHub and the like,
// tokens and passwords in a kubeconfig. It is for text that people will see; it cannot know a secret that looks like
// anything else.
func Mask(text string) string {
	for _, c := range credentials {
		text = c.looks.ReplaceAllString(text, c.instead)
	}
	return text
}
