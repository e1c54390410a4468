package logging

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/convention"
)

// Where the logs are on a node, and where Fluent Bit stores what must outlive its pod.
const (
	containersPath = "/var/log/containers" // links into podsPath
	podsPath       = "/var/log/pods"
	dataPlanePath  = "/var/log/aws-routed-eni"
	journalPath    = "/var/log/journal"
	statePath      = "/var/fluent-bit/state"
)

// Tags, by which filters and outputs select records.
const (
	podsTag      = "kube.*"
	podsPrefix   = "kube.var.log.containers." // what the star expands to for a file in containersPath
	hostTag      = "host.*"
	dataPlaneTag = "dataplane.*"
)

// Fields of records that are used more than once.
const (
	applicationField = "app"         // what an application wrote as JSON
	destinationField = "destination" // the group, below the cluster's prefix
	kubernetesField  = "kubernetes"
)

// Environment variables of the pod, as the configuration refers to them.
const (
	nodeNameVariable = "NODE_NAME"
	nodeIPVariable   = "NODE_IP"
)

const (
	metricsPort = 2020
	// maxChunksUp is how many chunks Fluent Bit holds in memory; each is of about 2 MB
	// (https://docs.fluentbit.io/manual/5.0/administration/buffering-and-storage).
	maxChunksUp = 128
	// backlogMB is how many megabytes it may read back into memory from an earlier run.
	backlogMB = 32
	// workMB is for everything else: code, connections, metadata, and requests being put together.
	workMB = 128
	// nodeBufferMB is how much of kubelet's and containerd's logs, and of the data plane's, waits on the disk.
	nodeBufferMB = 64
	// grace is how long, in seconds, Fluent Bit continues to send after it is told to stop.
	grace = 30
)

// leastMemory is the most that the buffers in memory can use. It returns a new quantity each time, because String caches
// its result in it: concurrent previews must not share one.
func leastMemory() *resource.Quantity {
	return resource.NewQuantity((2*maxChunksUp+backlogMB+workMB)<<20, resource.BinarySI)
}

// configuration returns what Fluent Bit does on every node.
func (b *builder) configuration() configuration {
	f := *b.settings.FluentBit
	return configuration{
		Service:  b.service(f),
		Parsers:  []parser{{Name: "json-lines", Format: "json"}},
		Pipeline: pipeline{Inputs: inputs(f), Filters: filters(f), Outputs: b.outputs(f)},
	}
}

func (b *builder) service(f FluentBit) serviceSection {
	listen := "0.0.0.0"
	if b.args.IPv6 {
		listen = "::"
	}
	return serviceSection{
		Daemon: false, Flush: 5, Grace: grace, LogLevel: f.LogLevel,
		HTTPServer: true, HTTPListen: listen, HTTPPort: metricsPort,
		HealthCheck: true, HealthErrors: 5, HealthRetryFailures: 5, HealthPeriod: 60,
		// Retries are delayed by a random time that grows up to ten minutes. See retryLimit.
		SchedulerBase: 5, SchedulerCap: 600,
		StoragePath: statePath + "/buffer", StorageSync: "normal", StorageChecksum: false,
		StorageMaxChunksUp: maxChunksUp, StorageBacklog: megabytes(backlogMB), StorageMetrics: true,
		// A chunk that a crash of the node left incomplete can never be read.
		StorageDeleteBroken: true,
	}
}

// inputs read the logs. Positions are stored on the node, so that a restart continues where it stopped; what was read is
// also stored there until it has been sent. The first start on a node reads from the beginning, because logs from before
// Fluent Bit ran show why a node does not come up.
func inputs(f FluentBit) []any {
	// Sending its own errors would cause more of them when sending fails. kubectl logs shows them.
	exclude := []string{podFiles(namespace)}
	for _, n := range slices.Sorted(slices.Values(f.ExcludeNamespaces)) {
		exclude = append(exclude, podFiles(n))
	}
	pods := tailOf("pods", podsTag, containersPath+"/*.log")
	pods.ExcludePath = strings.Join(exclude, ",")
	pods.MultilineParser = "cri" // containerd is the only runtime of EKS's images
	plane := tailOf("dataplane", dataPlaneTag, strings.Join([]string{
		dataPlanePath + "/ipamd.log", dataPlanePath + "/plugin.log", dataPlanePath + "/network-policy-agent.log",
	}, ","))
	plane.Parser = "json-lines"
	return []any{pods, plane, systemd{
		Name: "systemd", Tag: hostTag, Path: journalPath,
		// AL2023 and Bottlerocket use the same unit names.
		Filter:     []string{"_SYSTEMD_UNIT=kubelet.service", "_SYSTEMD_UNIT=containerd.service"},
		FilterType: "Or", ReadFromTail: false,
		Lowercase: true, StripUnderscores: true,
		DB: statePath + "/journal.db", StorageType: "filesystem",
	}}
}

// podFiles matches the log files of a namespace's pods: <pod>_<namespace>_<container>-<id>.log.
func podFiles(namespace string) string {
	return fmt.Sprintf("%s/*_%s_*.log", containersPath, namespace)
}

func tailOf(name, tag, path string) tail {
	return tail{
		Name: "tail", Tag: tag, Path: path, ReadFromHead: true, RefreshInterval: 10, RotateWait: 30,
		BufferMaxSize: "256k", SkipLongLines: true, SkipEmptyLines: true,
		DB: statePath + "/" + name + ".db", DBLocking: true,
		// The inode of a deleted file is reused; without comparing names, the new file would be read from the middle.
		DBCompareFilename: true, StorageType: "filesystem",
	}
}

// filters turn what was read into records. An application's own JSON goes below one key: otherwise it could overwrite the
// metadata that chooses the group.
//
// Namespaces and pods are looked up by two filters with the Lua between them, because Lua turns every number of a record
// into a float: at that point there are none, as the application's JSON is still text.
func filters(f FluentBit) []any {
	var out []any
	if len(f.Multiline) > 0 {
		var names []string
		for _, l := range slices.Sorted(slices.Values(f.Multiline)) {
			names = append(names, string(l))
		}
		out = append(out, multiline{
			Name: "multiline", Match: podsTag, Parser: strings.Join(names, ","), KeyContent: "log",
			EmitterName: "multiline", EmitterStorage: "filesystem",
		})
	}
	namespaces := metadata("namespaces")
	namespaces.NamespaceLabels, namespaces.NamespaceMetadataOnly, namespaces.NamespaceCacheTTL = true, true, "15m"
	namespaces.KeepLog = true
	pods := metadata("pods")
	pods.Labels, pods.CacheTTL, pods.Exclude = true, "1h", f.AllowExclusion
	pods.MergeLog, pods.MergeLogKey = true, applicationField

	const lifted = kubernetesField + "_"
	return append(out, namespaces,
		lua{Name: "lua", Match: podsTag, Call: "route", Code: route},
		pods,
		// IDs that are not needed, and would be a quarter of a short record.
		nest{Name: "nest", Match: podsTag, Operation: "lift", NestedUnder: kubernetesField, AddPrefix: lifted},
		recordModifier{Name: "record_modifier", Match: podsTag, RemoveKey: []string{
			lifted + "pod_id", lifted + "docker_id", lifted + "container_hash",
		}},
		nest{
			Name: "nest", Match: podsTag, Operation: "nest", Wildcard: lifted + "*", NestUnder: kubernetesField,
			RemovePrefix: lifted,
		},
		recordModifier{Name: "record_modifier", Match: hostTag, AllowKey: hostFields},
	)
}

// hostFields are the fields that are kept of a journal entry, which has some thirty.
var hostFields = []string{"message", "priority", "systemd_unit"}

// metadata is common to both lookups. Pods come from the node's own kubelet, which saves the API server one request per pod
// and node; only the API server has the labels of a namespace.
func metadata(alias string) kubernetes {
	return kubernetes{
		Name: "kubernetes", Match: podsTag, Alias: alias, TagPrefix: podsPrefix,
		UseKubelet: true, KubeletHost: variable(nodeIPVariable), KubeletPort: kubeletPort,
		BufferSize: 0, // no limit: the kubelet answers with all pods of the node at once
		TokenTTL:   "10m",
	}
}

// route sets the group of a record, below the cluster's prefix, from the label of its namespace, and drops what later
// filters and CloudWatch do not need. It returns 2: the record has changed, but not its time.
var route = fmt.Sprintf(`function route(tag, timestamp, record)
  local namespace = record["kubernetes_namespace"]
  local labels = type(namespace) == "table" and namespace["labels"]
  local environment = type(labels) == "table" and labels[%q]
  if type(environment) == "string" and environment ~= "" then
    record[%[2]q] = %[3]q .. environment
  else
    record[%[2]q] = %[4]q
  end
  record["kubernetes_namespace"] = nil
  record["time"] = nil
  record["_p"] = nil
  return 2, timestamp, record
end
`, convention.Environment, destinationField, environmentsGroup, clusterGroup)

// retryLimit is how often a chunk is sent again before it is dropped: at five minutes on average, for half a day. Without a
// limit the chunks of a namespace whose environment has no group would eventually take all of Fluent Bit's 16384 tasks
// (https://github.com/fluent/fluent-bit/issues/12252), and no logs would be sent at all.
const retryLimit = 150

// outputs send the records. A stream has one writer: its name is the node's, then the file's or the unit's.
func (b *builder) outputs(f FluentBit) []any {
	pods := b.output("pods", podsTag, clusterGroup, f.BufferMB)
	pods.LogGroupTemplate = b.prefix() + "$" + destinationField
	return []any{
		pods,
		b.output("host", hostTag, hostGroup, nodeBufferMB),
		b.output("dataplane", dataPlaneTag, dataPlaneGroup, nodeBufferMB),
	}
}

func (b *builder) output(alias, match, group string, bufferMB int) cloudWatchLogs {
	return cloudWatchLogs{
		Name: "cloudwatch_logs", Match: match, Alias: alias, Region: b.args.Region,
		LogGroupName: b.prefix() + group, LogStreamPrefix: variable(nodeNameVariable) + "/",
		AutoCreateGroup: false, RetryLimit: retryLimit,
		Workers:        1, // the plugin's maximum
		TotalLimitSize: megabytes(bufferMB),
		IOTimeout:      "60s", // without it a request that is never answered never times out
	}
}

// megabytes formats a size for Fluent Bit
// (https://docs.fluentbit.io/manual/5.0/administration/configuring-fluent-bit#unit-sizes).
func megabytes(n int) string { return fmt.Sprintf("%dM", n) }

func variable(name string) string { return "${" + name + "}" }
