package logging_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/internal/ptest"
)

// field matches a field of a query: a word that is not quoted, not part of a pattern and not called.
var field = regexp.MustCompile(`@?[A-Za-z_][A-Za-z0-9_.]*`)

var quoted = regexp.MustCompile(`"[^"]*"|/(\\.|[^/\\])*/`)

// words of the query language (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html).
var words = strings.Fields(`fields filter stats sort limit parse by as like not or and in desc bin 5m count sum strlen
	coalesce latest m @timestamp @message @logStream`)

// fieldsOf returns the fields that a query reads. What it makes itself, by as or by a group in a pattern, is not one.
func fieldsOf(query string) []string {
	made := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bas (\w+)|\?<(\w+)>`).FindAllStringSubmatch(query, -1) {
		made[m[1]+m[2]] = true
	}
	var out []string
	for _, f := range field.FindAllString(quoted.ReplaceAllString(query, " "), -1) {
		if !made[f] && !slices.Contains(words, f) && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func TestQueriesReadFieldsThatTheConfigurationProduces(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(owner(t))
	require.NoError(t, err)

	// Records of pods: the cri parser's fields, the script's, the metadata, and an application's own.
	merge := plugins(typed.Filters, "alias", "pods")[0]["merge_log_key"].(string)
	nested := plugins(typed.Filters, "operation", "nest")[0]["nest_under"].(string)
	ofPods := func(f string) bool {
		return f == "log" || f == "stream" || f == "destination" || strings.HasPrefix(f, merge+".") ||
			slices.Contains([]string{
				nested + ".namespace_name", nested + ".pod_name", nested + ".container_name", nested + ".host",
			}, f)
	}
	removed := plugins(typed.Filters, "name", "record_modifier")[0]["remove_key"]
	assert.NotContains(t, removed, "kubernetes_pod_name")
	assert.NotContains(t, removed, "kubernetes_namespace_name")
	// Entries of the journal: what is kept of them.
	kept := plugins(typed.Filters, "match", "host.*")[0]["allowlist_key"].([]any)
	ofHost := func(f string) bool { return slices.Contains(kept, any(f)) }
	// Lines of the network plugin are JSON, with these keys.
	require.Equal(t, "json", typed.Parsers[0]["format"])
	require.Equal(t, typed.Parsers[0]["name"], plugins(typed.Inputs, "tag", "dataplane.*")[0]["parser"])
	ofDataPlane := func(f string) bool { return slices.Contains([]string{"level", "ts", "caller", "msg"}, f) }
	ofAudit := func(f string) bool {
		return slices.Contains([]string{
			"user.username", "verb", "objectRef.resource", "objectRef.namespace", "objectRef.name", "responseStatus.code", "stage",
		}, f)
	}

	known := map[string]func(string) bool{
		"/eks-platform/nonprod/environments/dev": ofPods, "/eks-platform/nonprod/cluster": ofPods,
		"/eks-platform/nonprod/host": ofHost, "/eks-platform/nonprod/dataplane": ofDataPlane,
		"/aws/eks/nonprod/cluster": ofAudit,
	}
	regs := run(t, false, owner(t))
	asked := map[string]int{}
	for _, q := range regs.ByType(queryType) {
		names, _ := q.Input("logGroupNames").([]any)
		require.Len(t, names, 1)
		group, _ := names[0].(string)
		require.Contains(t, known, group, q.Name)
		asked[group]++
		text, _ := q.Input("queryString").(string)
		for _, f := range fieldsOf(text) {
			assert.True(t, known[group](f), "%s reads %s, which records of %s do not have", q.Name, f, group)
		}
	}
	assert.Equal(t, map[string]int{
		"/eks-platform/nonprod/environments/dev": 3, "/eks-platform/nonprod/cluster": 3, "/eks-platform/nonprod/host": 3,
		"/eks-platform/nonprod/dataplane": 1, "/aws/eks/nonprod/cluster": 2,
	}, asked)
	assert.Equal(t, []string{"log", "app.level", "wrong"}, fieldsOf(`filter log like /x.y/ or app.level = "a.b" and wrong > 1 | stats count(*) as n by wrong`))
}

func TestSavedQueriesAreNamedAfterTheClusterAndTheEnvironment(t *testing.T) {
	t.Parallel()
	each(t, joined, func(t *testing.T, regs ptest.Registrations) {
		var names []string
		for _, q := range regs.ByType(queryType) {
			name, _ := q.Input("name").(string)
			names = append(names, name)
		}
		assert.ElementsMatch(t, []string{
			"eks-platform/nonprod/stg/errors per namespace", "eks-platform/nonprod/stg/latest errors",
			"eks-platform/nonprod/stg/noisiest pods",
		}, names)
	})
}

func TestWithoutControlPlaneLogsThereAreNoQueriesOnThem(t *testing.T) {
	t.Parallel()
	args := owner(t)
	args.ControlPlaneLogGroup = nil
	regs := run(t, true, args)
	assert.Len(t, regs.ByType(queryType), 10)
	for _, name := range regs.ByType(queryType).Names() {
		assert.NotContains(t, name, "audit")
	}
}

// pattern finds the patterns of a query, without their slashes.
var pattern = regexp.MustCompile(`/((?:\\.|[^/\\])*)/`)

func TestPatternsOfQueriesMatchWhatComponentsWrite(t *testing.T) {
	t.Parallel()
	regs := run(t, true, owner(t))
	const id = "c44d2f7a9f1f16bb3f6922e7c02215d9618db819fc89f254817b5f52d91f74ea"
	for _, tc := range []struct {
		query, line string
		parsed      map[string]string
	}{
		{"dev-host-memory-kills", `time="2026-10-02T14:14:06.821383123Z" level=info msg="TaskOOM event container_id:\"` + id + `\""`,
			map[string]string{"container": id}}, // containerd 2
		{"dev-host-memory-kills", `time="2025-04-14T05:21:34.519809409Z" level=info msg="TaskOOM event &TaskOOM{ContainerID:` + id + `,XXX_unrecognized:[],}"`,
			map[string]string{"container": id}}, // containerd 1
		{"dev-host-restarts", `E0219 14:56:20.643012    3676 pod_workers.go:1298] "Error syncing pod, skipping" err="failed to \"StartContainer\" for \"web\" with CrashLoopBackOff: \"back-off 5m0s restarting failed container=web pod=web-6d4cf56db6-x2x8z_shop(195c6eb0710264975dcc1fdb4bd52a20)\"" pod="shop/web-6d4cf56db6-x2x8z" podUID="195c6eb0710264975dcc1fdb4bd52a20"`,
			map[string]string{"container": "web", "pod": "web-6d4cf56db6-x2x8z", "namespace": "shop"}},
		{"dev-host-evictions", `I0112 10:56:20.222397 3112080 setters.go:552] "Node became not ready" node="n" condition={"type":"Ready","status":"False"}`, nil},
		{"dev-host-evictions", `W0112 10:56:20.222397 3112080 eviction_manager.go:350] "Eviction manager: attempting to reclaim" resourceName="memory"`, nil},
		{"dev-dataplane-addresses", `{"level":"error","ts":"2024-10-30T21:32:54.531Z","caller":"datastore/data_store.go:607","msg":"DataStore has no available IP/Prefix addresses"}`, nil},
		{"dev-dataplane-addresses", `{"level":"error","msg":"add cmd: failed to assign an IP address to container"}`, nil},
		{"dev-environment-errors", `2026/11/21 12:00:00 ERROR: connection refused`, nil},
		{"dev-environment-errors", `panic: runtime error: index out of range`, nil},
	} {
		text, _ := one(t, regs, queryType, tc.query).Input("queryString").(string)
		found := pattern.FindAllStringSubmatch(text, -1)
		require.NotEmpty(t, found, tc.query)
		parsed, matched := map[string]string(nil), false
		for _, p := range found {
			re := regexp.MustCompile(p[1])
			match := re.FindStringSubmatch(tc.line)
			matched = matched || match != nil
			for i, name := range re.SubexpNames() {
				if name != "" && match != nil {
					if parsed == nil {
						parsed = map[string]string{}
					}
					parsed[name] = match[i]
				}
			}
		}
		assert.True(t, matched, "%s does not find %s", tc.query, tc.line)
		assert.Equal(t, tc.parsed, parsed, tc.query)
	}
	errors := regexp.MustCompile(pattern.FindStringSubmatch(one(t, regs, queryType, "dev-environment-errors").Input("queryString").(string))[1])
	assert.False(t, errors.MatchString("GET /terrors 200"), "a word that merely contains one is no error")
}
