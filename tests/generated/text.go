package generated

import (
	"fmt"
	"strings"
)

// texts are values by format, of kinds that people use and of kinds that they use seldom. What does not fit the place is
// refused by validation, and never gets further.
var texts = map[string][]string{
	"quantity":         {"50m", "100m", "250m", "1", "64Mi", "128Mi", "300Mi", "1Gi", "20Mi", "2Gi"},
	"ipv4-network":     {"10.0.0.0/16", "10.200.0.0/16", "172.16.0.0/17", "192.168.0.0/22", "100.64.0.0/16", "100.64.0.0/18", "10.16.0.0/24", "172.30.0.0/20"},
	"network":          {"0.0.0.0/0", "10.0.0.0/8", "203.0.113.7/32", "198.51.100.0/24", "2001:db8::/32", "::/0"},
	"length-of-time":   {"30s", "5m", "1h30m", "90m", "1h"},
	"seconds":          {"10s", "30s", "1m", "2m30s"},
	"time-zone":        {"Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"},
	"schedule":         {"0 6 * * MON-FRI", "0 20 * * *", "30 5 * * 1", "15 22 1 * *"},
	"cronjob-schedule": {"17 * * * *", "*/5 * * * *", "0 3 * * 0", "30 2 1 * *"},
	"namespaces":       {"team-*", "payments", "*", "kube-system"},
	"namespace":        {"noise", "kube-system", "default"},
	"label-key":        {"team", "example.com/pool", "workload", "topology.example.com/rack"},
	"label-value":      {"", "batch", "gpu", "a.b-c_d", "true"},
	"regular-expression": {
		".*", "prod-.*", ".*spot.*", "^eks-[a-z]+$",
	},
}

// places are values by the end of the path where no format says what they are.
var places = map[string][]string{
	"instanceTypes[]":    {"m6i.large", "m6a.large", "m7g.large", "t3.medium", "t3.small", "c6i.xlarge", "r6g.xlarge", "m6i.2xlarge", "g5.xlarge", "m5.large", "i4i.large", "inf2.xlarge", "c7gn.large", "m5d.large"},
	"zones[]":            {"euw1-az1", "euw1-az2", "euw1-az3"},
	"additional[]":       {"sqs", "sns", "kms", "bedrock-runtime", "rds", "autoscaling", "secretsmanager", "ssm"},
	"kubernetesGroups[]": {"viewers", "platform:oncall", "developers"},
	"release":            {"1.35.6-20260709", "1.35.4-20260520", "1.62.1-80f4e9a5", "1.50.0-9ab14bac"},
	"secrets[]":          {"app/database", "app/*", "shared/tls"},
	"parameters[]":       {"/app/url", "/app/*"},
	"actions[]":          {"s3:GetObject", "sqs:SendMessage", "dynamodb:Query", "s3:ListBucket"},
	"resources[]":        {"arn:aws:s3:::app-data/*", "arn:aws:s3:::app-data", "arn:aws:sqs:eu-west-1:111111111111:app", "*"},
	"serviceAccounts[]":  {"app", "worker"},
	"preBootstrap":       {"echo ready\n", "sysctl -w vm.max_map_count=262144\n"},
	"username":           {"admin", "person:{{SessionName}}"},
	"description":        {"For batch jobs.", "Nächtliche Läufe"},
	"fileSystemId":       {"fs-0123456789abcdef0"},
	"directoryPermissions": {
		"700", "755", "0770",
	},
	"interval":          {"30s", "2m", "1h", "24h"},
	"version":           {"1.34", "1.35", "1.36"},
	"limits.default{}":  {"100m", "500m", "128Mi", "1Gi"},
	"defaultRequest{}":  {"50m", "100m", "64Mi"},
	"limits.max{}":      {"4", "8Gi"},
	"limits.min{}":      {"10m", "16Mi"},
	"quota{}":           {"10", "4", "16Gi", "100"},
	"evictionHard{}":    {"100Mi", "5%", "10%"},
	"evictionSoft{}":    {"200Mi", "15%"},
	"GracePeriod{}":     {"1m30s", "30s"},
	"kubeReserved{}":    {"100m", "500Mi", "1Gi"},
	"systemReserved{}":  {"100m", "200Mi"},
	"imageRegistries{}": {"111111111111.dkr.ecr.eu-west-1.amazonaws.com/mirror", "mirror.example.com/k8s"},
	"tags{}":            {"payments", "42", "Ünïcode ok"},
	"labels{}":          {"batch", "a.b", ""},
	"podLabels{}":       {"db", "cache"},
}

// keys are the keys of objects whose keys are free.
var keys = map[string][]string{
	"quota":           {"pods", "requests.cpu", "requests.memory", "limits.cpu", "services.loadbalancers", "persistentvolumeclaims", "count/deployments.apps"},
	"imageRegistries": {"public.ecr.aws", "registry.k8s.io", "quay.io"},
	"evictionHard":    {"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "pid.available"},
	"evictionSoft":    {"memory.available", "nodefs.available"},
	"GracePeriod":     {"memory.available", "nodefs.available"},
	"Reserved":        {"cpu", "memory", "ephemeral-storage"},
	"limits.default":  {"cpu", "memory"},
	"defaultRequest":  {"cpu", "memory"},
	"limits.max":      {"cpu", "memory"},
	"limits.min":      {"cpu", "memory"},
	"abels":           {"team", "app", "example.com/tier"},
	"tags":            {"team", "cost-center", "Owner", "a:b"},
}

func (g *Generator) key(at string) string {
	if all := byEnding(keys, at); all != nil {
		return pick(g.rand, all)
	}
	return pick(g.rand, []string{"team", "cpu", "memory"})
}

// byEnding returns the entry with the longest key that a path ends with.
func byEnding(all map[string][]string, at string) []string {
	longest := ""
	for ending := range all {
		if strings.HasSuffix(at, ending) && len(ending) > len(longest) {
			longest = ending
		}
	}
	return all[longest]
}

// name returns a name as DNS labels are, now and then of the longest kind.
func (g *Generator) name() string {
	names := []string{"a", "web", "batch", "blue-green", "x1", "team-payments", "api", "ml"}
	name := pick(g.rand, names)
	if g.rand.IntN(5) == 0 {
		for _, length := range []int{63, 60, 40, 24} {
			if g.rand.IntN(2) == 0 {
				return name + strings.Repeat("x", length-len(name))
			}
		}
	}
	return fmt.Sprintf("%s%d", name, g.rand.IntN(100))
}

// accounts are those of the frozen estate, by stack.
var accounts = map[string]string{"dev": "111111111111", "stg": "111111111111", "prod": "222222222222"}

// A key that is there in each account, for what can be encrypted by somebody's own.
const (
	region  = "eu-west-1"
	keyType = "aws:kms/key:Key"
	keyID   = "1234abcd-12ab-34cd-56ef-1234567890ab"
)

func keyARN(account string) string { return "arn:aws:kms:" + region + ":" + account + ":key/" + keyID }

func (g *Generator) text(n *node, at, stack string) string {
	account := accounts[stack]
	if all := texts[n.Format]; all != nil && g.rand.IntN(4) > 0 {
		return pick(g.rand, all)
	}
	if all := byEnding(places, at); all != nil {
		return pick(g.rand, all)
	}
	switch n.Format {
	case "kms-key-arn":
		return keyARN(account)
	case "iam-principal-arn":
		return pick(g.rand, []string{
			"arn:aws:iam::" + account + ":role/" + g.name(), "arn:aws:iam::" + account + ":user/" + g.name(),
			"arn:aws:iam::" + account + ":role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0123456789abcdef",
		})
	case "iam-policy-arn":
		return pick(g.rand, []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::" + account + ":policy/" + g.name()})
	}
	if len(n.Examples) > 0 && (n.Format != "" || n.Pattern != "") {
		return fmt.Sprint(pick(g.rand, n.Examples))
	}
	if all := texts[n.Format]; all != nil {
		return pick(g.rand, all)
	}
	return g.name()
}
