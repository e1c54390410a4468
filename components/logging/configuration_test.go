package logging_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	fluentbit "github.com/calyptia/go-fluentbit-config/v2"
	"github.com/calyptia/go-fluentbit-config/v2/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/components/logging"
	"github.com/eks-platform/eks-platform/internal/convention"
)

// everything is an owner with every setting in use.
func everything(t *testing.T) *logging.Args {
	t.Helper()
	args := owner(t)
	args.IPv6 = true
	args.FluentBit.BufferMB = 2000
	args.FluentBit.Multiline = []logging.Language{logging.Python, logging.Java}
	args.FluentBit.ExcludeNamespaces = []string{"noise", "chatter"}
	args.FluentBit.AllowExclusion = true
	args.FluentBit.LogLevel = logging.LevelDebug
	return args
}

// parsed writes the configuration and reads it back with a library that others wrote.
func parsed(t *testing.T, args *logging.Args) (logging.Typed, fluentbit.Config) {
	t.Helper()
	typed, err := logging.Configuration(args)
	require.NoError(t, err)
	config, err := fluentbit.ParseAsYAML(typed.Text)
	require.NoError(t, err)
	return typed, config
}

func properties(pp property.Properties) logging.Plugin {
	out := logging.Plugin{}
	for _, p := range pp {
		out[p.Key] = p.Value
	}
	return out
}

func TestTheTextHoldsTheTypedValuesAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]*logging.Args{"defaults": owner(t), "everything": everything(t)} {
		typed, config := parsed(t, args)
		assert.Equal(t, typed.Service, properties(config.Service), name)
		assert.Empty(t, config.Env)
		assert.Empty(t, config.Includes)
		for _, part := range []struct {
			want []logging.Plugin
			got  fluentbit.Plugins
		}{
			{typed.Parsers, config.Parsers}, {typed.Inputs, config.Pipeline.Inputs},
			{typed.Filters, config.Pipeline.Filters}, {typed.Outputs, config.Pipeline.Outputs},
		} {
			require.NotEmpty(t, part.want, name)
			require.Len(t, part.got, len(part.want), name)
			for i, want := range part.want {
				got := properties(part.got[i].Properties)
				assert.Equal(t, want["name"], part.got[i].Name, name)
				assert.Equal(t, want, got, name)
			}
		}
	}
}

// core are options of every output that the library's schema does not list, because they belong to no plugin
// (https://docs.fluentbit.io/manual/5.0/administration/buffering-and-storage, .../multithreading and .../networking).
var core = []string{"workers", "storage.total_limit_size", "net.io_timeout"}

// checkable returns the configuration as the schema can check it: without those, and with lists as what Fluent Bit
// makes of them, an option that is set several times.
func checkable(config fluentbit.Config) fluentbit.Config {
	for _, plugins := range []fluentbit.Plugins{config.Pipeline.Inputs, config.Pipeline.Filters, config.Pipeline.Outputs} {
		for i := range plugins {
			var out property.Properties
			for _, o := range plugins[i].Properties {
				list, isList := o.Value.([]any)
				switch {
				case slices.Contains(core, o.Key):
				case isList:
					for _, v := range list {
						out = append(out, property.Property{Key: o.Key, Value: v})
					}
				default:
					out = append(out, o)
				}
			}
			plugins[i].Properties = out
		}
	}
	return config
}

func TestFluentBitsOwnSchemaKnowsEveryPluginAndOption(t *testing.T) {
	t.Parallel()
	_, config := parsed(t, everything(t))
	require.NoError(t, checkable(config).Validate())

	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	for _, wrong := range [][2]string{
		{"name: systemd", "name: systemctl"},
		{"skip_long_lines: true", "skip_long_line: true"},
		{"skip_long_lines: true", "skip_long_lines: maybe"},
		{"log_group_template:", "log_group_templates:"},
		{"namespace_metadata_only:", "namespace_only:"},
		{"emitter_storage.type:", "emitter.storage.type:"},
	} {
		require.Contains(t, typed.Text, wrong[0])
		config, err := fluentbit.ParseAsYAML(strings.Replace(typed.Text, wrong[0], wrong[1], 1))
		require.NoError(t, err)
		assert.Error(t, checkable(config).Validate(), wrong[1])
	}
}

// plugins returns the plugins of a kind whose option has a value.
func plugins(list []logging.Plugin, option string, value any) []logging.Plugin {
	var out []logging.Plugin
	for _, p := range list {
		if p[option] == value {
			out = append(out, p)
		}
	}
	return out
}

func TestFluentBitMakesNoGroupAndSetsNoRetention(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	require.Len(t, typed.Outputs, 3)
	for _, o := range typed.Outputs {
		assert.Equal(t, "cloudwatch_logs", o["name"])
		assert.Equal(t, false, o["auto_create_group"])
		assert.NotContains(t, o, "log_retention_days")
		assert.NotContains(t, o, "log_group_class")
	}
	assert.NotContains(t, typed.Text, "auto_create_group: true")
}

func TestEveryOutputWritesToAGroupOfTheProgramAndIsBounded(t *testing.T) {
	t.Parallel()
	made := groups(run(t, true, owner(t)))
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	limits := map[any]any{}
	for _, o := range typed.Outputs {
		assert.Contains(t, made, o["log_group_name"])
		assert.Equal(t, "us-gov-west-1", o["region"])
		assert.Equal(t, "${NODE_NAME}/", o["log_stream_prefix"])
		assert.Positive(t, o["retry_limit"])
		limits[o["alias"]] = o["storage.total_limit_size"]
	}
	assert.Equal(t, map[any]any{"pods": "2000M", "host": "64M", "dataplane": "64M"}, limits)
}

func TestEveryInputIsBufferedOnTheNodeAndRemembersWhereItWas(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	seen := map[any]bool{}
	for _, i := range typed.Inputs {
		assert.Equal(t, "filesystem", i["storage.type"])
		db, _ := i["db"].(string)
		assert.True(t, strings.HasPrefix(db, "/var/fluent-bit/state/"), db)
		assert.False(t, seen[db], "two inputs share %s", db)
		seen[db] = true
		assert.Contains(t, []any{nil, false}, i["read_from_tail"], "what came before the first start must be read")
		assert.Contains(t, []any{nil, true}, i["read_from_head"], "what came before the first start must be read")
	}
	path, _ := typed.Service["storage.path"].(string)
	assert.True(t, strings.HasPrefix(path, "/var/fluent-bit/state/"), path)
}

func TestEveryTagHasExactlyOneOutput(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(owner(t))
	require.NoError(t, err)
	require.Len(t, typed.Inputs, 3)
	for _, i := range typed.Inputs {
		assert.Len(t, plugins(typed.Outputs, "match", i["tag"]), 1, i["tag"])
	}
}

func TestFluentBitDoesNotReadItsOwnLogsNorExcludedNamespaces(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	pods := plugins(typed.Inputs, "tag", "kube.*")
	require.Len(t, pods, 1)
	assert.Equal(t, "/var/log/containers/*_fluent-bit_*.log,/var/log/containers/*_chatter_*.log,/var/log/containers/*_noise_*.log",
		pods[0]["exclude_path"])
}

func TestTheGroupOfARecordComesFromTheLabelOfItsNamespace(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	var names []string
	for _, f := range typed.Filters {
		names = append(names, fmt.Sprint(f["name"]))
	}
	assert.Equal(t, []string{
		"multiline", "kubernetes", "lua", "kubernetes", "nest", "record_modifier", "nest", "record_modifier",
	}, names)

	namespaces, script, pods := typed.Filters[1], typed.Filters[2], typed.Filters[3]
	assert.Equal(t, true, namespaces["namespace_labels"])
	assert.Equal(t, true, namespaces["namespace_metadata_only"])
	assert.Equal(t, false, namespaces["merge_log"], "numbers of an application's JSON must not pass through Lua")
	code, _ := script["code"].(string)
	assert.Contains(t, code, `labels["`+convention.Environment+`"]`)
	assert.Contains(t, code, `record["destination"] = "environments/" .. environment`)
	assert.Contains(t, code, `record["destination"] = "cluster"`)
	assert.Contains(t, code, "function "+script["call"].(string)+"(")
	assert.Equal(t, "/eks-platform/nonprod/$destination", plugins(typed.Outputs, "match", "kube.*")[0]["log_group_template"])

	assert.Equal(t, true, pods["merge_log"])
	assert.Equal(t, "app", pods["merge_log_key"], "beside the metadata an application could choose its group")
	assert.Equal(t, true, pods["k8s-logging.exclude"])
	assert.Equal(t, true, pods["labels"])
	assert.Equal(t, false, pods["annotations"])
	for _, f := range []logging.Plugin{namespaces, pods} {
		assert.Equal(t, true, f["use_kubelet"])
		assert.Equal(t, "${NODE_IP}", f["kubelet_host"])
		assert.Equal(t, 0, f["buffer_size"])
	}
	for _, f := range typed.Filters[:7] {
		assert.Equal(t, "kube.*", f["match"])
	}
}

func TestAnEnvironmentThatJoinsChangesNothingOfTheOwners(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(owner(t))
	require.NoError(t, err)
	assert.NotContains(t, typed.Text, "environments/dev")
	assert.NotContains(t, typed.Text, "environments/stg")
}

func TestSettingsReachTheConfiguration(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(everything(t))
	require.NoError(t, err)
	assert.Equal(t, "java,python", typed.Filters[0]["multiline.parser"])
	assert.Equal(t, "filesystem", typed.Filters[0]["emitter_storage.type"])
	assert.Equal(t, "debug", typed.Service["log_level"])
	assert.Equal(t, "::", typed.Service["http_listen"])

	plain, err := logging.Configuration(owner(t))
	require.NoError(t, err)
	assert.Empty(t, plugins(plain.Filters, "name", "multiline"))
	assert.Equal(t, "0.0.0.0", plain.Service["http_listen"])
	assert.Equal(t, "1000M", plain.Outputs[0]["storage.total_limit_size"])
	assert.Equal(t, false, plain.Filters[2]["k8s-logging.exclude"])
}

func TestProbesAskWhatTheServiceAnswers(t *testing.T) {
	t.Parallel()
	typed, err := logging.Configuration(owner(t))
	require.NoError(t, err)
	assert.Equal(t, true, typed.Service["http_server"])
	assert.Equal(t, true, typed.Service["health_check"])
	c := container(t, run(t, false, owner(t)))
	assert.Equal(t, []any{map[string]any{"name": "metrics", "containerPort": float64(typed.Service["http_port"].(int))}}, c["ports"])
	paths := map[string]any{}
	for _, name := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
		get, _ := c[name].(map[string]any)["httpGet"].(map[string]any)
		assert.Equal(t, "metrics", get["port"])
		paths[name] = get["path"]
	}
	assert.Equal(t, map[string]any{"startupProbe": "/", "livenessProbe": "/", "readinessProbe": "/api/v1/health"}, paths)
}
