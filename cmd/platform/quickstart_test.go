package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/clitest"
	"github.com/eks-platform/eks-platform/internal/estatetest"
)

// page is docs/quickstart.md, taken apart.
type page struct{ text string }

func readPage(t *testing.T) page {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(estatetest.Root(), "docs", "quickstart.md"))
	require.NoError(t, err)
	return page{string(raw)}
}

var (
	shellBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```")
	yamlBlock  = regexp.MustCompile("(?ms)^ *```yaml\n(.*?)^ *```")
	aside      = regexp.MustCompile(`\s+#.*$`)
)

// commands are the lines of the page's shell blocks that begin with a program's name, without their comments.
func (p page) commands(program string) []string {
	var out []string
	for _, block := range shellBlock.FindAllStringSubmatch(p.text, -1) {
		for _, line := range strings.Split(block[1], "\n") {
			line = strings.TrimSpace(aside.ReplaceAllString(line, ""))
			if strings.HasPrefix(line, program+" ") {
				out = append(out, line)
			}
		}
	}
	return out
}

// line is the only line of the page that contains a text.
func (p page) line(t *testing.T, part string) string {
	t.Helper()
	var found []string
	for _, line := range strings.Split(p.text, "\n") {
		if strings.Contains(line, part) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	require.Len(t, found, 1, part)
	return found[0]
}

// The steps of the quick start that need no AWS: the frozen estate is what somebody clones, AWS answers as an empty account
// would, so that bootstrap is asked and does nothing, and the preview of step 6 is one of the rehearsal cloud.
func TestTheQuickStartIsWalked(t *testing.T) {
	const account = "210987654321"
	p := readPage(t)
	dir := estatetest.Copy(t, nil)
	emptyAccountOf(t, account)
	t.Chdir(dir)
	walk := func(input, line string, extra ...string) said {
		t.Helper()
		require.Contains(t, p.commands("platform"), line, "the page has it")
		return platform(t, input, append(strings.Fields(line)[1:], extra...)...)
	}

	// 3. The stack file.
	file := filepath.Join(dir, "Pulumi.dev.yaml")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	text := strings.ReplaceAll(string(raw), `accountId: "111111111111"`, `accountId: "`+account+`"`)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for _, stack := range []string{"stg", "prod"} {
		require.NoError(t, os.Remove(filepath.Join(dir, "Pulumi."+stack+".yaml")))
	}
	got := walk("", "platform validate")
	assert.Zero(t, got.code, got.out)
	for _, key := range []string{"cluster.access[0]", "cluster.access[1]", "tenancy.access[0]"} {
		assert.Contains(t, got.out, "note: Pulumi.dev.yaml:", "what the page says to change is noted")
		assert.Contains(t, got.out, ": "+key+".principalArn: is of account 111111111111")
	}

	text = strings.Replace(text, "arn:aws:iam::111111111111:role/platform-admin", "arn:aws:iam::"+account+":role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef", 1)
	entry := regexp.MustCompile(`(?m)^      - name: developers\n        principalArn: .*\n(?:        policies:\n          - policy: .*\n|        role: .*\n)`)
	require.Len(t, entry.FindAllString(text, -1), 2, "one under cluster.access, one under tenancy.access")
	text = entry.ReplaceAllString(text, "")
	text = strings.Replace(text, "    access:\n    tenants:", "    tenants:", 1)
	endpoint := yamlBlock.FindStringSubmatch(p.text)
	require.NotNil(t, endpoint)
	assert.Contains(t, text, "    endpoint:\n      access: private\n")
	indented := regexp.MustCompile(`(?m)^   `).ReplaceAllString(endpoint[1], "")
	text = strings.Replace(text, "    endpoint:\n      access: private\n", indented, 1)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	got = walk("", "platform validate")
	assert.Zero(t, got.code, got.out)
	assert.Equal(t, "the stack files are valid\n", got.out, "nothing of the example is left")
	got = walk("", "platform plan-network dev")
	assert.Zero(t, got.code, got.err)

	// 5. The state. What bootstrap would print at its end is on the page.
	got = walk("no\n", "platform bootstrap dev --repository acme/platform")
	assert.Equal(t, exitRefused, got.code)
	assert.Contains(t, got.err, "nothing was changed")
	var plan struct {
		BackendURL   string
		Environments []struct{ SecretsProvider string }
	}
	asked := platform(t, "", "bootstrap", "dev", "--repository", "acme/platform", "--check", "--json")
	require.NoError(t, json.Unmarshal([]byte(asked.out), &plan), asked.err)
	assert.Equal(t, "export PULUMI_BACKEND_URL='"+strings.ReplaceAll(plan.BackendURL, account, "111111111111")+"'", p.line(t, "export PULUMI_BACKEND_URL="))
	assert.Equal(t, "pulumi stack init dev --secrets-provider '"+plan.Environments[0].SecretsProvider+"'", p.line(t, "pulumi stack init dev"))

	// What the page says besides is at least a command.
	for _, line := range p.commands("platform") {
		c, _, err := newRoot(&terminal{}).Find(strings.Fields(line)[1:])
		require.NoError(t, err, line)
		assert.NotEqual(t, "platform", c.Name(), line)
	}
	t.Run("with the engine", func(t *testing.T) {
		clitest.Find(t)
		// 4. Rehearse it.
		rehearsal := filepath.Join(t.TempDir(), "rehearsal")
		got = walk("", "platform rehearse", "--dir", rehearsal)
		require.Zero(t, got.code, got.out+got.err)

		// 6. Up: plain pulumi on AWS, and the same program in a rehearsal here.
		on := []string{"--cloud", "rehearsal", "--dir", t.TempDir()}
		got = platform(t, "", append([]string{"preview", "dev", "--json"}, on...)...)
		require.Zero(t, got.code, got.err)
		var report struct{ Totals map[string]int }
		require.NoError(t, json.Unmarshal([]byte(got.out), &report))
		said, err := strconv.Atoi(regexp.MustCompile(`some (\d+) resources`).FindStringSubmatch(p.line(t, "pulumi preview -s dev"))[1])
		require.NoError(t, err)
		assert.InDelta(t, said, report.Totals["create"], 10, "the number that the page gives")
	})
}
