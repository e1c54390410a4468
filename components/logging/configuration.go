package logging

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// configuration is the part of Fluent Bit's configuration that is used here, in its YAML format
// (https://docs.fluentbit.io/manual/5.0/administration/configuring-fluent-bit/yaml). The tags are the options' names;
// each type cites the page that describes its options.
type configuration struct {
	Service  serviceSection `yaml:"service"`
	Parsers  []parser       `yaml:"parsers"`
	Pipeline pipeline       `yaml:"pipeline"`
}

// pipeline lists the plugins, in the order in which records pass them.
type pipeline struct {
	Inputs  []any `yaml:"inputs"`
	Filters []any `yaml:"filters"`
	Outputs []any `yaml:"outputs"`
}

// serviceSection is described at
// https://docs.fluentbit.io/manual/5.0/administration/configuring-fluent-bit/yaml/service-section, its storage options
// at .../administration/buffering-and-storage, scheduler at .../administration/scheduling-and-retries, and health at
// .../administration/monitoring.
type serviceSection struct {
	Daemon              bool     `yaml:"daemon"`
	Flush               int      `yaml:"flush"`
	Grace               int      `yaml:"grace"`
	LogLevel            LogLevel `yaml:"log_level"`
	HTTPServer          bool     `yaml:"http_server"`
	HTTPListen          string   `yaml:"http_listen"`
	HTTPPort            int      `yaml:"http_port"`
	HealthCheck         bool     `yaml:"health_check"`
	HealthErrors        int      `yaml:"hc_errors_count"`
	HealthRetryFailures int      `yaml:"hc_retry_failure_count"`
	HealthPeriod        int      `yaml:"hc_period"`
	SchedulerBase       int      `yaml:"scheduler.base"`
	SchedulerCap        int      `yaml:"scheduler.cap"`
	StoragePath         string   `yaml:"storage.path"`
	StorageSync         string   `yaml:"storage.sync"`
	StorageChecksum     bool     `yaml:"storage.checksum"`
	StorageMaxChunksUp  int      `yaml:"storage.max_chunks_up"`
	StorageBacklog      string   `yaml:"storage.backlog.mem_limit"`
	StorageMetrics      bool     `yaml:"storage.metrics"`
	StorageDeleteBroken bool     `yaml:"storage.delete_irrecoverable_chunks"`
}

// parser is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/parsers/configuring-parser.
type parser struct {
	Name   string `yaml:"name"`
	Format string `yaml:"format"`
}

// tail is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/inputs/tail.
type tail struct {
	Name              string `yaml:"name"`
	Tag               string `yaml:"tag"`
	Path              string `yaml:"path"`
	ExcludePath       string `yaml:"exclude_path,omitempty"`
	MultilineParser   string `yaml:"multiline.parser,omitempty"`
	Parser            string `yaml:"parser,omitempty"`
	ReadFromHead      bool   `yaml:"read_from_head"`
	RefreshInterval   int    `yaml:"refresh_interval"`
	RotateWait        int    `yaml:"rotate_wait"`
	BufferMaxSize     string `yaml:"buffer_max_size"`
	SkipLongLines     bool   `yaml:"skip_long_lines"`
	SkipEmptyLines    bool   `yaml:"skip_empty_lines"`
	DB                string `yaml:"db"`
	DBLocking         bool   `yaml:"db.locking"`
	DBCompareFilename bool   `yaml:"db.compare_filename"`
	StorageType       string `yaml:"storage.type"`
}

// systemd is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/inputs/systemd.
type systemd struct {
	Name             string   `yaml:"name"`
	Tag              string   `yaml:"tag"`
	Path             string   `yaml:"path"`
	Filter           []string `yaml:"systemd_filter"`
	FilterType       string   `yaml:"systemd_filter_type"`
	ReadFromTail     bool     `yaml:"read_from_tail"`
	Lowercase        bool     `yaml:"lowercase"`
	StripUnderscores bool     `yaml:"strip_underscores"`
	DB               string   `yaml:"db"`
	StorageType      string   `yaml:"storage.type"`
}

// multiline is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/filters/multiline-stacktrace.
type multiline struct {
	Name           string `yaml:"name"`
	Match          string `yaml:"match"`
	Parser         string `yaml:"multiline.parser"`
	KeyContent     string `yaml:"multiline.key_content"`
	EmitterName    string `yaml:"emitter_name"`
	EmitterStorage string `yaml:"emitter_storage.type"`
}

// kubernetes is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/filters/kubernetes.
type kubernetes struct {
	Name                  string `yaml:"name"`
	Match                 string `yaml:"match"`
	Alias                 string `yaml:"alias"`
	TagPrefix             string `yaml:"kube_tag_prefix"`
	UseKubelet            bool   `yaml:"use_kubelet"`
	KubeletHost           string `yaml:"kubelet_host"`
	KubeletPort           int    `yaml:"kubelet_port"`
	BufferSize            int    `yaml:"buffer_size"`
	TokenTTL              string `yaml:"kube_token_ttl"`
	CacheTTL              string `yaml:"kube_meta_cache_ttl,omitempty"`
	NamespaceCacheTTL     string `yaml:"kube_meta_namespace_cache_ttl,omitempty"`
	NamespaceLabels       bool   `yaml:"namespace_labels"`
	NamespaceMetadataOnly bool   `yaml:"namespace_metadata_only"`
	Labels                bool   `yaml:"labels"`
	Annotations           bool   `yaml:"annotations"`
	Exclude               bool   `yaml:"k8s-logging.exclude"`
	MergeLog              bool   `yaml:"merge_log"`
	MergeLogKey           string `yaml:"merge_log_key,omitempty"`
	KeepLog               bool   `yaml:"keep_log"`
}

// lua is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/filters/lua.
type lua struct {
	Name  string `yaml:"name"`
	Match string `yaml:"match"`
	Call  string `yaml:"call"`
	Code  string `yaml:"code"`
}

// nest is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/filters/nest.
type nest struct {
	Name         string `yaml:"name"`
	Match        string `yaml:"match"`
	Operation    string `yaml:"operation"`
	NestedUnder  string `yaml:"nested_under,omitempty"`
	AddPrefix    string `yaml:"add_prefix,omitempty"`
	Wildcard     string `yaml:"wildcard,omitempty"`
	NestUnder    string `yaml:"nest_under,omitempty"`
	RemovePrefix string `yaml:"remove_prefix,omitempty"`
}

// recordModifier is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/filters/record-modifier.
type recordModifier struct {
	Name      string   `yaml:"name"`
	Match     string   `yaml:"match"`
	AllowKey  []string `yaml:"allowlist_key,omitempty"`
	RemoveKey []string `yaml:"remove_key,omitempty"`
}

// cloudWatchLogs is described at https://docs.fluentbit.io/manual/5.0/data-pipeline/outputs/cloudwatch, net.io_timeout
// at .../administration/networking.
type cloudWatchLogs struct {
	Name             string `yaml:"name"`
	Match            string `yaml:"match"`
	Alias            string `yaml:"alias"`
	Region           string `yaml:"region"`
	LogGroupName     string `yaml:"log_group_name"`
	LogGroupTemplate string `yaml:"log_group_template,omitempty"`
	LogStreamPrefix  string `yaml:"log_stream_prefix"`
	AutoCreateGroup  bool   `yaml:"auto_create_group"`
	RetryLimit       int    `yaml:"retry_limit"`
	Workers          int    `yaml:"workers"`
	TotalLimitSize   string `yaml:"storage.total_limit_size"`
	IOTimeout        string `yaml:"net.io_timeout"`
}

// text writes the configuration.
func (c configuration) text() (string, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(c); err != nil {
		return "", fmt.Errorf("write the configuration of Fluent Bit: %w", err)
	}
	return out.String(), nil
}
