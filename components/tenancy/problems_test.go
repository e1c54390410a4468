package tenancy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/components/tenancy"
	"github.com/eks-platform/eks-platform/internal/ptest"
	"github.com/eks-platform/eks-platform/internal/service"
)

// TestWhatIsWrongIsSaidByItsPath holds each rule to its message, on a cluster that can do everything. The schema is
// left out, so that callers in Go are held to its rules, too.
func TestWhatIsWrongIsSaidByItsPath(t *testing.T) {
	t.Parallel()
	yes := map[string]string{"cpu": "1"}
	namespace := func(n tenancy.Namespace) tenancy.Settings {
		if n.Name == "" {
			n.Name = "dev"
		}
		return tenancy.Settings{Namespaces: []tenancy.Namespace{n}}
	}
	account := func(sa tenancy.ServiceAccount) tenancy.Settings {
		if sa.Name == "" {
			sa.Name = "api"
		}
		return namespace(tenancy.Namespace{ServiceAccounts: []tenancy.ServiceAccount{sa}})
	}
	statement := func(actions, resources []string) tenancy.Settings {
		return account(tenancy.ServiceAccount{Statements: []tenancy.Statement{{Actions: actions, Resources: resources}}})
	}
	egress := func(e tenancy.Egress) tenancy.Settings {
		return tenancy.Settings{NetworkPolicy: tenancy.NetworkPolicy{Egress: []tenancy.Egress{e}}}
	}
	principal := func(arn string) tenancy.Settings {
		return tenancy.Settings{Access: []tenancy.Access{{Name: "a", PrincipalARN: arn, Role: tenancy.View}}}
	}
	team := func(t tenancy.Tenant) tenancy.Settings {
		if t.Name == "" {
			t.Name = "web"
		}
		return tenancy.Settings{Tenants: []tenancy.Tenant{t}}
	}
	const role = "arn:aws:iam::111111111111:role/team"

	for _, c := range []struct {
		name     string
		settings tenancy.Settings
		want     []string
	}{
		{"capacity", tenancy.Settings{Capacity: "cheap"}, []string{`capacity: must be one of spot, onDemand, got "cheap"`}},
		{"level", tenancy.Settings{PodSecurity: "strict"}, []string{`podSecurity: must be one of privileged, baseline, restricted, got "strict"`}},
		{"level of a namespace", namespace(tenancy.Namespace{PodSecurity: "strict"}), []string{`namespaces[0].podSecurity: must be one of privileged, baseline, restricted, got "strict"`}},

		{"quantity", tenancy.Settings{Quota: map[string]string{"requests.cpu": "ten"}}, []string{`quota.requests.cpu: must be a Kubernetes quantity, such as 500m, 4 or 16Gi, got "ten"`}},
		{"negative quantity", tenancy.Settings{Quota: map[string]string{"pods": "-1"}}, []string{`quota.pods: must not be negative, got "-1"`}},
		{"half an object", tenancy.Settings{Quota: map[string]string{"count/jobs.batch": "1500m"}}, []string{`quota.count/jobs.batch: must be a whole number, because it counts objects, got "1500m"`}},
		{"misspelt quota", tenancy.Settings{Quota: map[string]string{"request.cpu": "1"}}, []string{`quota.request.cpu: is not a resource that a quota can limit; did you mean requests.cpu?`}},
		{"quota that would count nothing", tenancy.Settings{Quota: map[string]string{"limits.nvidia.com/gpu": "1"}}, []string{`quota.limits.nvidia.com/gpu: is not a resource that a quota can limit; such as requests.cpu, limits.memory, pods or count/jobs.batch`}},
		{"quota of a namespace", namespace(tenancy.Namespace{Quota: map[string]string{"limits.memory": "1 GB"}}), []string{`namespaces[0].quota.limits.memory: must be a Kubernetes quantity, such as 500m, 4 or 16Gi, got "1 GB"`}},
		{"quota of a tenant's namespace", team(tenancy.Tenant{Namespaces: []tenancy.Namespace{{Name: "dev-web", Quota: map[string]string{"pods": ""}}}}),
			[]string{`tenants[0].namespaces[0].quota.pods: must be a Kubernetes quantity, such as 500m, 4 or 16Gi, got ""`}},

		{"limit of what containers have not", tenancy.Settings{Limits: tenancy.Limits{Max: map[string]string{"storage": "1Gi"}}}, []string{`limits.max.storage: must be cpu, memory or ephemeral-storage`}},
		{"limit of nothing", tenancy.Settings{Limits: tenancy.Limits{Max: map[string]string{"cpu": "0"}}},
			[]string{`limits.max.cpu: must be more than 0, got "0"`}},
		{"default above max", tenancy.Settings{Limits: tenancy.Limits{Default: map[string]string{"memory": "2Gi"}, Max: map[string]string{"memory": "1Gi"}}},
			[]string{"limits.default.memory: must be at most limits.max.memory, which is 1Gi, got 2Gi"}},
		{"request above the built-in limit", namespace(tenancy.Namespace{Limits: tenancy.Limits{DefaultRequest: map[string]string{"memory": "1Gi"}}}),
			[]string{"namespaces[0].limits.defaultRequest.memory: must be at most limits.default.memory, which is 512Mi, got 1Gi"}},
		{"min above the built-in request", tenancy.Settings{Limits: tenancy.Limits{Min: map[string]string{"cpu": "200m"}}},
			[]string{"limits.min.cpu: must be at most limits.defaultRequest.cpu, which is 100m, got 200m"}},
		{"no default for what the quota counts", tenancy.Settings{Quota: map[string]string{"limits.cpu": "8"}, Limits: tenancy.Limits{Default: map[string]string{"memory": "1Gi"}}},
			[]string{"limits.default.cpu: is required, because the quota counts limits.cpu: containers without a value would be rejected or not counted"}},
		{"quota of a namespace without the default for it", tenancy.Settings{
			Limits:     tenancy.Limits{DefaultRequest: yes, Default: yes},
			Namespaces: []tenancy.Namespace{{Name: "dev", Quota: map[string]string{"memory": "8Gi"}}},
		}, []string{"namespaces[0].limits.defaultRequest.memory: is required, because the quota counts memory: containers without a value would be rejected or not counted"}},
		{"quota below one pod", tenancy.Settings{Quota: map[string]string{"requests.cpu": "50m"}},
			[]string{"limits.defaultRequest.cpu: must be at most quota.requests.cpu, which is 50m, got 100m: otherwise no pod with default values would be admitted"}},

		{"peers", tenancy.Settings{NetworkPolicy: tenancy.NetworkPolicy{Peers: "all"}}, []string{`networkPolicy.peers: must be one of none, namespace, tenant, environment, got "all"`}},
		{"load balancer", namespace(tenancy.Namespace{NetworkPolicy: tenancy.NetworkPolicy{LoadBalancer: "alb"}}), []string{`namespaces[0].networkPolicy.loadBalancer: must be one of none, public, internal, publicAndInternal, got "alb"`}},
		{"no range", egress(tenancy.Egress{Ports: []int{1}}), []string{`networkPolicy.egress[0].cidrs: is required`}},
		{"host in place of a range", egress(tenancy.Egress{CIDRs: []string{"10.0.0.1/16"}}), []string{`networkPolicy.egress[0].cidrs[0]: must be the address of a network with its prefix length, such as 203.0.113.0/24, got "10.0.0.1/16"; did you mean 10.0.0.0/16?`}},
		{"range twice", egress(tenancy.Egress{CIDRs: []string{"10.0.0.0/16", "10.0.0.0/16"}}), []string{`networkPolicy.egress[0].cidrs[1]: is the same as item 1 of the list`}},
		{"IPv6 range", egress(tenancy.Egress{CIDRs: []string{"::/0"}}), []string{`networkPolicy.egress[0].cidrs[0]: ::/0 has no effect: pods of an IPv4 cluster have no IPv6 addresses`}},
		{"ports", egress(tenancy.Egress{CIDRs: []string{"10.0.0.0/16"}, Ports: []int{70000, 1, 1}, Protocol: "icmp"}), []string{
			`networkPolicy.egress[0].ports[0]: must be at most 65535, got 70000`, `networkPolicy.egress[0].ports[2]: is the same as item 2 of the list`,
			`networkPolicy.egress[0].protocol: must be one of tcp, udp, got "icmp"; did you mean tcp?`,
		}},
		{"many ports", egress(tenancy.Egress{CIDRs: []string{"10.0.0.0/16"}, Ports: []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25}}),
			[]string{`networkPolicy.egress[0].ports: must have at most 24 items, got 25`}},

		{"name of another environment", namespace(tenancy.Namespace{Name: "stg-web"}), []string{`namespaces[0].name: must be dev, or begin with dev-, so that the environments of a cluster never collide, got "stg-web"`}},
		{"name that begins alike", namespace(tenancy.Namespace{Name: "development"}), []string{`namespaces[0].name: must be dev, or begin with dev-, so that the environments of a cluster never collide, got "development"`}},
		{"reserved name", namespace(tenancy.Namespace{Name: "kube-dev"}), []string{`namespaces[0].name: "kube-dev" is reserved for Kubernetes`}},
		{"default", namespace(tenancy.Namespace{Name: "default"}), []string{`namespaces[0].name: "default" is reserved for Kubernetes`}},
		{"no label", namespace(tenancy.Namespace{Name: "dev-Web"}), []string{`namespaces[0].name: must be lower-case letters, digits and inner hyphens, got "dev-Web"`}},
		{"long name", namespace(tenancy.Namespace{Name: "dev-" + strings.Repeat("a", 60)}), []string{`namespaces[0].name: must be at most 63 characters long, got 64`}},
		{"namespace twice", tenancy.Settings{Namespaces: []tenancy.Namespace{{Name: "dev"}, {Name: "dev"}}}, []string{`namespaces[1].name: it would be called "dev", which is already the name of namespaces[0]`}},
		{"namespace of two", tenancy.Settings{Namespaces: []tenancy.Namespace{{Name: "dev-web"}}, Tenants: []tenancy.Tenant{{Name: "web"}, {Name: "api", Namespaces: []tenancy.Namespace{{Name: "dev-web"}}}}}, []string{
			`tenants[0].name: its namespace would be called "dev-web", which is already the name of namespaces[0]`,
			`tenants[1].namespaces[0].name: it would be called "dev-web", which is already the name of namespaces[0]`,
		}},
		{"namespace of the environment", team(tenancy.Tenant{Namespaces: []tenancy.Namespace{{Name: "dev"}}}), []string{`tenants[0].namespaces[0].name: it would be called "dev", like the environment's default namespace`}},
		{"tenant twice", tenancy.Settings{Tenants: []tenancy.Tenant{{Name: "web"}, {Name: "web"}}}, []string{`tenants[1].name: "web" is already the name of tenants[0]`}},
		{"name of a tenant", team(tenancy.Tenant{Name: "Web"}), []string{`tenants[0].name: must be lower-case letters, digits and inner hyphens, got "Web"`}},

		{"name of an account", account(tenancy.ServiceAccount{Name: "a.b"}), []string{`namespaces[0].serviceAccounts[0].name: must be lower-case letters, digits and inner hyphens, got "a.b"`}},
		{"default account", account(tenancy.ServiceAccount{Name: "default"}), []string{`namespaces[0].serviceAccounts[0].name: default is the account that Kubernetes creates in every namespace: use another account for pods with permissions`}},
		{"account twice", namespace(tenancy.Namespace{ServiceAccounts: []tenancy.ServiceAccount{{Name: "api"}, {Name: "api"}}}), []string{`namespaces[0].serviceAccounts[1].name: "api" is already the name of serviceAccounts[0]`}},
		{"identity", account(tenancy.ServiceAccount{Identity: "iam"}), []string{`namespaces[0].serviceAccounts[0].identity: must be one of podIdentity, irsa, none, got "iam"`}},
		{"rights without a role", account(tenancy.ServiceAccount{Identity: "none", Secrets: []string{"db"}}), []string{`namespaces[0].serviceAccounts[0].identity: must not be none with policies, statements, secrets or parameters, which need a role`}},
		{"policies", account(tenancy.ServiceAccount{PolicyARNs: []string{"ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/P", "arn:aws:iam::aws:policy/P", "arn:aws-cn:iam::aws:policy/P"}}), []string{
			`namespaces[0].serviceAccounts[0].policyArns[0]: must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess, got "ReadOnlyAccess"`,
			`namespaces[0].serviceAccounts[0].policyArns[1]: AdministratorAccess allows practically everything in the account: allow only what the pods need`,
			`namespaces[0].serviceAccounts[0].policyArns[3]: is the same as item 3 of the list`,
			`namespaces[0].serviceAccounts[0].policyArns[4]: must be in partition aws, the partition of eu-west-1, got aws-cn`,
		}},
		{"eleven policies", account(tenancy.ServiceAccount{PolicyARNs: strings.Split(strings.TrimSuffix(strings.Repeat("arn:aws:iam::aws:policy/P,", 11), ","), ",")}),
			[]string{`namespaces[0].serviceAccounts[0].policyArns: must have at most 10 items, got 11`}},
		{"policy of another account", account(tenancy.ServiceAccount{PolicyARNs: []string{"arn:aws:iam::222222222222:policy/P"}}),
			[]string{`namespaces[0].serviceAccounts[0].policyArns[0]: must be in 111111111111, the stack's account, got 222222222222`}},
		{"resource of another partition", statement([]string{"s3:GetObject"}, []string{"arn:aws-cn:s3:::b/*", "arn:*:s3:::c/*"}), []string{`namespaces[0].serviceAccounts[0].statements[0].resources[0]: must be in partition aws, the partition of eu-west-1, got aws-cn`}},
		{"every action on every ARN", statement([]string{"*"}, []string{"arn:*:*:*"}), []string{`namespaces[0].serviceAccounts[0].statements[0]: allows every action on every resource: list what the pods need`}},
		{"every right in IAM", statement([]string{"iam:*"}, []string{"arn:aws:iam::111111111111:role/x"}), []string{`namespaces[0].serviceAccounts[0].statements[0].actions[0]: iam:* lets the pods grant themselves every permission: list the actions that they need`}},
		{"everything", statement([]string{"*"}, []string{"*"}), []string{`namespaces[0].serviceAccounts[0].statements[0]: allows every action on every resource: list what the pods need`}},
		{"everything, in other words", statement([]string{"s3:GetObject", "*:*"}, []string{"arn:aws:s3:::a", "**"}), []string{`namespaces[0].serviceAccounts[0].statements[0]: allows every action on every resource: list what the pods need`}},
		{"nothing", statement(nil, nil), []string{`namespaces[0].serviceAccounts[0].statements[0].actions: is required`, `namespaces[0].serviceAccounts[0].statements[0].resources: is required`}},
		{"no action", statement([]string{"GetObject", "s3:Get*", "s3:Get*"}, []string{"bucket"}), []string{
			`namespaces[0].serviceAccounts[0].statements[0].actions[0]: must be an action of an AWS service, such as s3:GetObject, got "GetObject"`,
			`namespaces[0].serviceAccounts[0].statements[0].actions[2]: is the same as item 2 of the list`,
			`namespaces[0].serviceAccounts[0].statements[0].resources[0]: must be an ARN, or * alone, got "bucket"`,
		}},
		{"secrets", account(tenancy.ServiceAccount{
			Secrets:    []string{"a b", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db", "arn:aws:secretsmanager:us-east-1:111111111111:secret:db-AbC123"},
			Parameters: []string{"/a//b", "/aws/service/x"},
		}), []string{
			`namespaces[0].serviceAccounts[0].secrets[0]: must be the name of a secret, or its full ARN with the hyphen and six characters at its end, got "a b"`,
			`namespaces[0].serviceAccounts[0].secrets[1]: must be the name of a secret, or its full ARN with the hyphen and six characters at its end, got "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db"`,
			`namespaces[0].serviceAccounts[0].secrets[2]: must be in eu-west-1, the stack's region, got us-east-1`,
			`namespaces[0].serviceAccounts[0].parameters[0]: must be the full path of a parameter, such as /api/database, got "/a//b"`,
			`namespaces[0].serviceAccounts[0].parameters[1]: /aws/service/x is a public parameter of AWS, not of this account`,
		}},
		{"one file of two", account(tenancy.ServiceAccount{Secrets: []string{"a/b", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:a/b-AbC123"}, Parameters: []string{"a_b"}}), []string{
			`namespaces[0].serviceAccounts[0].secrets[1]: would be mounted as a_b, like secrets[0]: file names must be unique`,
			`namespaces[0].serviceAccounts[0].parameters[0]: would be mounted as a_b, like secrets[0]: file names must be unique`,
		}},

		{"no principal", principal("team"), []string{`access[0].principalArn: must be the ARN of an IAM role or user, got "team"`}},
		{"root", principal("arn:aws:iam::111111111111:root"), []string{`access[0].principalArn: arn:aws:iam::111111111111:root is an account's root user, which cannot have access: give a role`}},
		{"session", principal("arn:aws:sts::111111111111:assumed-role/team/me"), []string{`access[0].principalArn: arn:aws:sts::111111111111:assumed-role/team/me is an assumed-role session: give its role, arn:<partition>:iam::<account>:role/<path><name>`}},
		{"service-linked role", principal("arn:aws:iam::111111111111:role/aws-service-role/x"), []string{`access[0].principalArn: arn:aws:iam::111111111111:role/aws-service-role/x is a service-linked role, which cannot have access`}},
		{"other partition", principal("arn:aws-cn:iam::111111111111:role/team"), []string{`access[0].principalArn: must be in partition aws, the partition of eu-west-1, got aws-cn`}},
		{"access", team(tenancy.Tenant{Access: []tenancy.Access{{Name: "a", PrincipalARN: role, Role: "owner"}, {Name: "a", PrincipalARN: role, Role: tenancy.View}, {Name: "A", PrincipalARN: role + "2", Role: tenancy.View}}}), []string{
			`tenants[0].access[0].role: must be one of view, edit, admin, got "owner"`,
			`tenants[0].access[1].name: "a" is already the name of tenants[0].access[0]`,
			`tenants[0].access[1].principalArn: already has access by tenants[0].access[0]: remove one, as the greater role includes the smaller`,
			`tenants[0].access[2].name: must be lower-case letters, digits and inner hyphens, got "A"`,
		}},

		{"two selectors", team(tenancy.Tenant{PodSecurityGroup: &tenancy.PodSecurityGroup{PodLabels: map[string]string{"a": "b"}, ServiceAccounts: []string{"api"}}}), []string{
			`tenants[0].podSecurityGroup: podLabels cannot be combined with serviceAccounts: a SecurityGroupPolicy selects pods by one of them`,
			`tenants[0].podSecurityGroup.serviceAccounts[0]: "api" is not a service account of the tenant's namespaces`,
		}},

		{"priorities", tenancy.Settings{PriorityClasses: []tenancy.PriorityClass{{Name: "a", Value: 1_000_000_001}, {Name: "a"}, {Name: "B"}}}, []string{
			`priorityClasses[0].value: must be at most 1000000000, got 1000000001`,
			`priorityClasses[1].name: "a" is already the name of priorityClasses[0]`,
			`priorityClasses[2].name: must be lower-case letters, digits and inner hyphens, got "B"`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			args := arguments(t, `{}`)
			args.Settings = c.settings
			var got []string
			for _, p := range args.Problems() {
				got = append(got, p.Error())
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

func TestLabelsThatKubernetesRefusesAreRefused(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"tenants": [{"name": "web", "podSecurityGroup": {"podLabels": {"a b": "x", "c": "d e"}}}]}`)
	problems := args.Problems()
	require.Len(t, problems, 2)
	assert.Contains(t, problems[0].Error(), "tenants[0].podSecurityGroup.podLabels.a b: is not a valid label key")
	assert.Contains(t, problems[1].Error(), `tenants[0].podSecurityGroup.podLabels.c: "d e" is not a valid label value`)
}

func TestWhatTheClusterCannotDoIsRefused(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{
		"networkPolicy": {"loadBalancer": "internal"},
		"namespaces": [{"name": "dev", "networkPolicy": {"loadBalancer": "publicAndInternal", "egress": [{"cidrs": ["10.0.0.0/8"]}]},
			"serviceAccounts": [{"name": "a", "secrets": ["x"]}, {"name": "b", "parameters": ["/x"]}]}],
		"tenants": [{"name": "web", "podSecurityGroup": {}}]}`)
	args.IPv6, args.NetworkPolicy, args.PodSecurityGroups, args.SecretsDriverInstalled = true, false, false, false
	args.PublicSubnetCIDRs, args.PrivateSubnetCIDRs = nil, nil
	assert.EqualError(t, args.Problems().Err(), strings.Join([]string{
		`namespaces[0].networkPolicy.egress[0].cidrs[0]: 10.0.0.0/8 has no effect: network policies of an IPv6 cluster apply to IPv6 addresses; list the IPv6 range`,
		`namespaces[0].networkPolicy.loadBalancer: must not be publicAndInternal: the network has no public subnets for load balancers`,
		`namespaces[0].serviceAccounts[0].secrets: the cluster has no Secrets Store CSI driver: set secrets in its owner's stack file, and update the owner first`,
		`namespaces[0].serviceAccounts[1].parameters: the cluster has no Secrets Store CSI driver: set secrets in its owner's stack file, and update the owner first`,
		`networkPolicy: the cluster does not enforce network policies, so nothing would separate its namespaces: turn on addons.vpcCni.networkPolicy`,
		`networkPolicy.loadBalancer: must not be internal: the network has no private subnets for load balancers`,
		`tenants[0].podSecurityGroup: the cluster does not support security groups for pods: turn on addons.vpcCni.podSecurityGroups`,
	}, "\n"))
}

func TestWhatARoleMayDoFitsIntoItsPolicies(t *testing.T) {
	t.Parallel()
	problems := func(secrets, statements int) string {
		var account tenancy.ServiceAccount
		account.Name = "api"
		for i := range secrets {
			account.Secrets = append(account.Secrets, fmt.Sprintf("team/application/secret-%03d", i))
		}
		for i := range statements {
			account.Statements = append(account.Statements, tenancy.Statement{
				Actions: []string{"s3:GetObject"}, Resources: []string{fmt.Sprintf("arn:aws:s3:::bucket-of-the-application-%03d/*", i)},
			})
		}
		args := arguments(t, `{}`)
		args.Namespaces = []tenancy.Namespace{{Name: "dev", ServiceAccounts: []tenancy.ServiceAccount{account}}}
		if err := args.Problems().Err(); err != nil {
			return err.Error()
		}
		return ""
	}
	assert.Empty(t, problems(40, 10))
	for _, too := range []string{problems(140, 0), problems(0, 110), problems(70, 50)} {
		assert.Contains(t, too, "namespaces[0].serviceAccounts[0]: the role's own policies, of statements, secrets and parameters, would have ")
		assert.Contains(t, too, "IAM takes 10240")
	}
}

func TestAnEnvironmentsNameMustNotBeReservedByWhatItNames(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"access": [{"name": "a", "principalArn": "arn:aws:iam::111111111111:role/r", "role": "view"}]}`)
	args.Environment = "eks"
	assert.EqualError(t, args.Problems().Err(),
		"access[0]: EKS refuses the group eks:a, because eks: is a reserved prefix: an environment with access cannot be called eks")
	args = arguments(t, `{"priorityClasses": [{"name": "high", "value": 1}]}`)
	args.Environment = "system"
	assert.EqualError(t, args.Problems().Err(),
		"priorityClasses[0].name: would be called system-high, but names that begin with system- are reserved for Kubernetes")
	args = arguments(t, `{}`)
	args.Environment = "default"
	assert.EqualError(t, args.Problems().Err(), `namespaces: the default namespace would be called "default", which is reserved for Kubernetes`)
	args = arguments(t, `{"namespaces": [], "tenants": [{"name": "web"}]}`)
	args.Environment = "kube"
	assert.EqualError(t, args.Problems().Err(), `tenants[0].name: its namespace would be called "kube-web", which is reserved for Kubernetes`)
}

func TestAStackFileIsHeldToTheSchema(t *testing.T) {
	t.Parallel()
	_, problems := read(t, `{"capacity": "cheap", "quota": {"pods": 50}, "tenants": [{"name": "web", "acces": []}],
		"networkPolicy": {"egress": [{"cidrs": ["10.0.0.0/8"], "ports": [0]}]},
		"namespaces": [{"name": "Dev", "serviceAccounts": [{"name": "a", "identity": "iam"}]}]}`)
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.Equal(t, []string{
		"capacity", "namespaces[0].name", "namespaces[0].serviceAccounts[0].identity", "networkPolicy.egress[0].ports[0]",
		"quota.pods", "tenants[0].acces",
	}, paths)
}

func TestTheExampleOfThePageIsAStackFilesTenancy(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "components", "tenancy.md"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	var file map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(example), &file))
	raw, err := json.Marshal(file["eks-platform:tenancy"])
	require.NoError(t, err)
	args := arguments(t, string(raw))
	assert.Empty(t, args.Problems())
	assert.Equal(t, []string{"dev", "dev-payments", "dev-search"}, args.NamespaceNames("dev"))
}

func TestNothingIsRegisteredWhenAnythingIsWrong(t *testing.T) {
	t.Parallel()
	args := arguments(t, `{"quota": {"pods": "many"}}`)
	args.ClusterNameOutput = pulumi.String("nonprod")
	regs, err := ptest.Run(t, false, func(ctx *pulumi.Context) error {
		_, err := tenancy.New(ctx, "dev", args)
		return err
	})
	assert.ErrorContains(t, err, `tenancy "dev": quota.pods: must be a Kubernetes quantity`)
	assert.Empty(t, regs)

	irsa := arguments(t, `{"namespaces": [{"name": "dev", "serviceAccounts": [{"name": "api", "identity": "irsa"}]}]}`)
	irsa.OIDC = nil
	_, err = ptest.Run(t, false, func(ctx *pulumi.Context) error { return program(ctx, irsa) })
	assert.ErrorContains(t, err, "service account api in namespace dev: identity irsa needs the cluster's OIDC provider")
}

func TestNamespacesAndPrincipalsAreListedForChecksAcrossFiles(t *testing.T) {
	t.Parallel()
	s := arguments(t, stackFile).Settings
	assert.Equal(t, []string{"dev", "dev-shared", "dev-payments", "dev-payments-jobs", "dev-search"}, s.NamespaceNames("dev"))
	assert.Equal(t, []service.Claim{
		{Path: "access[0].principalArn", Name: "arn:aws:iam::111111111111:role/support"},
		{Path: "access[1].principalArn", Name: "arn:aws:iam::111111111111:role/teams/lead"},
		{Path: "tenants[0].access[0].principalArn", Name: "arn:aws:iam::111111111111:role/payments"},
		{Path: "tenants[0].access[1].principalArn", Name: "arn:aws:iam::111111111111:role/teams/lead"},
		{Path: "tenants[1].access[0].principalArn", Name: "arn:aws:iam::111111111111:role/teams/lead"},
	}, s.Principals())
	assert.Equal(t, []string{"prod"}, tenancy.Settings{}.NamespaceNames("prod"))
}
