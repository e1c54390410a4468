package logging

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// query is a saved query of Logs Insights
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html). Slashes in its name are folders.
type query struct {
	// key is its part in logical names, name the last part of its name in CloudWatch.
	key, name string
	// lines are its text.
	lines []string
}

// errorFilter finds errors in what applications write: plain lines, and JSON with a level.
const errorFilter = `filter log like /(?i)\b(error|exception|fatal|panic)\b/ or app.level like /(?i)^(error|fatal|panic|crit)/ or app.severity like /(?i)^(error|fatal|crit)/`

// podQueries are for groups with records of pods.
var podQueries = []query{
	{"errors", "errors per namespace", []string{
		errorFilter,
		`stats count(*) as errors by kubernetes.namespace_name, kubernetes.container_name`,
		`sort errors desc`,
		`limit 50`,
	}},
	{"latest-errors", "latest errors", []string{
		`fields @timestamp, kubernetes.namespace_name, kubernetes.pod_name, coalesce(log, app.message, app.msg) as text`,
		errorFilter,
		`sort @timestamp desc`,
		`limit 200`,
	}},
	{"volume", "noisiest pods", []string{
		`stats sum(strlen(@message)) as bytes, count(*) as records by kubernetes.namespace_name, kubernetes.pod_name`,
		`sort bytes desc`,
		`limit 25`,
	}},
}

// hostQueries are for the logs of kubelet and containerd. These do not contain Kubernetes events, but lines about the same
// things:
//
//   - containerd's "TaskOOM event", which names the container by its id (internal/cri/server/events/events.go);
//   - kubelet's "Error syncing pod, skipping", written at every attempt to start a container that is backed off, so
//     that its count tells how long a container has been failing and not how often it was started;
//   - kubelet's "Eviction manager" and "Node became not ready".
var hostQueries = []query{
	{"memory-kills", "containers killed for memory", []string{
		`filter systemd_unit = "containerd.service" and message like /TaskOOM event/`,
		`parse message /(?i)container_?id:\W*(?<container>[0-9a-f]{64})/`,
		`stats count(*) as kills, latest(@timestamp) as last by container, @logStream`,
		`sort kills desc`,
	}},
	{"restarts", "containers that fail and are restarted", []string{
		`filter systemd_unit = "kubelet.service" and message like /restarting failed container/`,
		`parse message /failed container=(?<container>\S+) pod=(?<pod>[^_\s]+)_(?<namespace>[^(\s]+)/`,
		`stats count(*) as attempts, latest(@timestamp) as last by namespace, pod, container`,
		`sort attempts desc`,
		`limit 50`,
	}},
	{"evictions", "evictions and nodes that are not ready", []string{
		`fields @timestamp, @logStream, message`,
		`filter systemd_unit = "kubelet.service" and message like /(?i)(eviction manager|node became not ready)/`,
		`sort @timestamp desc`,
		`limit 200`,
	}},
}

// dataPlaneQueries are for the network plugin's logs.
var dataPlaneQueries = []query{
	{"addresses", "pods that get no address", []string{
		`filter @message like /(?i)(InsufficientCidrBlocks|InsufficientFreeAddressesInSubnet|no available IP|failed to assign an IP)/`,
		`stats count(*) as failures, latest(msg) as last by bin(5m), @logStream`,
		`sort failures desc`,
		`limit 100`,
	}},
}

// auditQueries are for the control plane's group. The streams of its audit log begin with kube-apiserver-audit;
// the records are Kubernetes' audit events
// (https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html).
var auditQueries = []query{
	{"changes", "who changed what", []string{
		`fields @timestamp, user.username, verb, objectRef.resource, objectRef.namespace, objectRef.name, responseStatus.code`,
		`filter @logStream like /^kube-apiserver-audit/ and verb in ["create", "update", "patch", "delete", "deletecollection"]`,
		`filter user.username not like /^(system|eks):/ and stage = "ResponseComplete"`,
		`sort @timestamp desc`,
		`limit 200`,
	}},
	{"denials", "who was denied", []string{
		`filter @logStream like /^kube-apiserver-audit/ and responseStatus.code in [401, 403]`,
		`stats count(*) as denials, latest(@timestamp) as last by user.username, verb, objectRef.resource, objectRef.namespace`,
		`sort denials desc`,
		`limit 100`,
	}},
}

// set is the queries for one group.
type set struct {
	// key is its part in logical names, folder the prefix of its queries' names.
	key, folder string
	group       pulumi.StringInput
	queries     []query
}

func (q query) text() string { return strings.Join(q.lines, "\n| ") }

// createQueries saves the queries for this stack's groups and, for the cluster's owner, for the control plane's.
func (b *builder) createQueries(*Logging) error {
	cluster := "eks-platform/" + b.args.ClusterName + "/"
	sets := []set{{"environment", cluster + b.args.Environment + "/", b.groups["environment"], podQueries}}
	if b.args.collects() {
		sets = append(sets,
			set{clusterGroup, cluster + "outside environments/", b.groups[clusterGroup], podQueries},
			set{hostGroup, cluster, b.groups[hostGroup], hostQueries},
			set{dataPlaneGroup, cluster, b.groups[dataPlaneGroup], dataPlaneQueries},
		)
	}
	if b.args.Owner && b.args.ControlPlaneLogGroup != nil {
		sets = append(sets, set{"audit", cluster, b.args.ControlPlaneLogGroup, auditQueries})
	}
	for _, s := range sets {
		for _, q := range s.queries {
			_, err := cloudwatch.NewQueryDefinition(b.ctx, b.kids.ID(s.key, q.key), &cloudwatch.QueryDefinitionArgs{
				Name:          pulumi.String(s.folder + q.name),
				LogGroupNames: pulumi.StringArray{s.group},
				QueryString:   pulumi.String(q.text()),
			}, b.kids.Opts()...)
			if err != nil {
				return fmt.Errorf("save the query %q: %w", q.name, err)
			}
		}
	}
	return nil
}
