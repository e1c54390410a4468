package report_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/eks-platform/eks-platform/automation/fault"
	"github.com/eks-platform/eks-platform/automation/plan"
	"github.com/eks-platform/eks-platform/automation/report"
)

var started = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

const commit = "4be1d2f0c6a94f7b8d3e1a2b3c4d5e6f70819203"

func urn(stack, typ, name string) string {
	return "urn:pulumi:" + stack + "::eks-platform::" + typ + "::" + name
}

// result is a preview of a stack that came to its end.
func result(stack string, seconds float64, steps ...plan.Step) *plan.Result {
	r := &plan.Result{
		Operation: plan.OpPreview, Stack: stack, Changes: map[string]int{"same": 100}, Steps: steps,
		Started: started, Duration: time.Duration(seconds * float64(time.Second)),
	}
	for i, s := range steps {
		r.Changes[s.Op]++
		r.Steps[i].URN = urn(stack, s.Type, s.Name)
		r.Steps[i].Status = plan.Planned
	}
	return r
}

func create(typ, name string, identity ...string) plan.Step {
	s := plan.Step{Op: "create", Type: typ, Name: name}
	for i := 0; i+1 < len(identity); i += 2 {
		s.Properties = append(s.Properties, plan.PropertyChange{Path: identity[i], Kind: plan.PropertyAdded, New: identity[i+1]})
	}
	return s
}

func updated(typ, name, path, old, now string) plan.Step {
	return plan.Step{
		Op: "update", Type: typ, Name: name, DiffKeys: []string{path},
		Properties: []plan.PropertyChange{{Path: path, Kind: plan.PropertyUpdated, Old: old, New: now}},
	}
}

// The reports of the golden files.

func nothingChanges() *report.Report {
	return report.Of("Preview of pull request 7", report.Run{
		Environment: "dev", Result: result("dev", 4.2), Digest: "ab12cd34ef56ab12cd34ef56", Commit: commit, RunURL: "https://github.com/o/r/actions/runs/1",
	})
}

func createsOnly() *report.Report {
	return report.Of("Preview of pull request 8", report.Run{
		Environment: "stg", Digest: "0011223344556677", Commit: commit, RunURL: "https://github.com/o/r/actions/runs/2",
		Result: result("stg", 61,
			create("eks-platform:nodegroup:Group", "stg-apps", "instanceTypes", `["m6i.large"]`),
			create("aws:eks/nodeGroup:NodeGroup", "stg-apps-nodes", "clusterName", `"nonprod"`, "version", `"1.35"`),
			create("kubernetes:core/v1:Namespace", "stg-namespace-stg", "metadata.name", `"stg"`),
			create("aws:iam/role:Role", "stg-node-role", "name", "(known after apply)"),
		),
	})
}

func protectedReplacement() *report.Report {
	group := plan.Step{
		Op: "replace", Type: "aws:eks/nodeGroup:NodeGroup", Name: "prod-apps-nodes", Protected: true,
		ReplaceKeys: []string{"instanceTypes[1]", "capacityType"},
		Properties: []plan.PropertyChange{
			{Path: "capacityType", Kind: plan.PropertyUpdated, Replaces: true, Old: `"ON_DEMAND"`, New: `"SPOT"`},
			{Path: "instanceTypes", Kind: plan.PropertyUpdated, Replaces: true, Old: `["m6i.large", "m6a.large"]`, New: `["m6i.large", "m6i.xlarge"]`},
			{Path: `labels["key"]`, Kind: plan.PropertyUpdated, Old: "[secret]", New: "[secret]"},
			{Path: "taints[0]", Kind: plan.PropertyDeleted, Old: `{effect: "NO_SCHEDULE", key: "dedicated"}`},
			{Path: `tags["team/a"]`, Kind: plan.PropertyAdded, New: `"payments"`},
		},
		NodeGroup: &plan.NodeGroup{Nodes: 6, Max: 9, AtATime: "2"},
	}
	system := updated("aws:eks/nodeGroup:NodeGroup", "prod-system-nodes", "releaseVersion", `"1.35.0-20261101"`, `"1.35.2-20261115"`)
	system.NodeGroup = &plan.NodeGroup{Nodes: 3, Max: 6, AtATime: "33%", Renews: []string{"releaseVersion"}}
	tag := func(name string) plan.Step {
		return plan.Step{
			Op: "replace", Type: "aws:autoscaling/tag:Tag", Name: name, ReplaceKeys: []string{"autoscalingGroupName"}, FollowsFrom: urn("prod", group.Type, group.Name),
			Properties: []plan.PropertyChange{{Path: "autoscalingGroupName", Kind: plan.PropertyUpdated, Replaces: true, Old: `"eks-x"`, New: "(known after apply)"}},
		}
	}
	key := plan.Step{Op: "delete", Type: "aws:kms/key:Key", Name: "prod-old-secrets", Retain: true}
	return report.Of("Preview of pull request 9", report.Run{
		Environment: "prod", Digest: "feedfacefeedface", Commit: commit, RunURL: "https://github.com/o/r/actions/runs/3",
		Result: result("prod", 12.34, group, tag("prod-apps-tag-environment"), tag("prod-apps-tag-team"), key, system),
		Approve: &report.Approval{
			Text:    "a digest is approved, and the critical resource named",
			Command: "platform deploy prod --approved feedfacefeed --allow 'prod=aws:eks/nodeGroup:NodeGroup prod-apps-nodes'",
		},
	})
}

func failedPreview() *report.Report {
	r := result("prod", 3, create("pulumi:pulumi:Stack", "eks-platform-prod"))
	r.Warnings = []plan.Diagnostic{{Resource: "aws:eks/cluster:Cluster prod-cluster", Message: "version 1.34 leaves standard support on 2026-12-02"}}
	r.Errors = []plan.Diagnostic{{Message: "nodeGroups[2].minSize: must not exceed maxSize (3), got 5"}}
	return report.Of("Preview of pull request 10", report.Run{
		Environment: "prod", Result: r, Digest: "not for a failed run", Commit: commit,
		Err: &fault.Error{
			Kind: fault.ErrProgram, Operation: plan.OpPreview, Stack: "prod",
			Messages: []string{
				"nodeGroups[2].minSize: must not exceed maxSize (3), got 5",
				"the cloud said: key AKIAIOSFODNN7EXAMPLE is not valid\nask @everyone, ```, </details></pre><script>alert(1)</script>",
			},
		},
	})
}

func mixed() *report.Report {
	dev := result("dev", 9.5,
		updated("aws:eks/addon:Addon", "nonprod-vpc-cni", "configurationValues.env.WARM_PREFIX_TARGET", `"1"`, `"2"`),
		updated("aws:iam/rolePolicy:RolePolicy", "nonprod-sizing", "policy.Statement[0].Action[1]", `"ec2:A"`, "(known after apply)"),
		plan.Step{
			Op: "replace", Type: "aws:ec2/subnet:Subnet", Name: "nonprod-private-euw1-az1", ReplaceKeys: []string{"cidrBlock"}, DeletedFirst: true,
			Properties: []plan.PropertyChange{{Path: "cidrBlock", Kind: plan.PropertyUpdated, Replaces: true, Old: `"10.16.0.0/19"`, New: `"10.17.0.0/19"`}},
		},
		plan.Step{Op: "replace", Type: "aws:autoscaling/tag:Tag", Name: "dev-spot-tag-k8s.io/cluster-autoscaler/node-template/label/lifecycle"},
		plan.Step{Op: "delete", Type: "kubernetes:core/v1:PersistentVolumeClaim", Name: "dev-data"},
		create("aws:ec2/route:Route", "nonprod-</details>`````|*_[x](y)", "destinationCidrBlock", "\"</details>```\""),
	)
	gone := plan.Step{Op: "delete", Type: "aws:eks/addon:Addon", Name: "nonprod-metrics-server", Status: plan.Done}
	moved := updated("aws:ec2/subnet:Subnet", "nonprod-private-euw1-az1", `tags["kubernetes.io/role/internal-elb"]`, `"1"`, "")
	moved.Properties[0].Kind, moved.Status = plan.PropertyDeleted, plan.Done
	dev.Drift = []plan.Step{gone, moved}
	dev.Warnings = []plan.Diagnostic{{Message: "spot capacity of m5.large is low"}}
	return report.Of("Preview of pull request 11",
		report.Run{Environment: "dev", Result: dev, Digest: "abcdefabcdef99", Commit: commit, RunURL: "https://github.com/o/r/actions/runs/4", Note: "this preview is older than the newest commit"},
		report.Run{Environment: "prod", Result: result("prod", 7), Digest: "123412341234", Commit: commit, RunURL: "https://github.com/o/r/actions/runs/4"},
		report.Run{Environment: "stg", Commit: commit, Err: &fault.Error{
			Kind: fault.ErrLocked, Operation: plan.OpPreview, Stack: "stg",
			Messages: []string{"held by ci@runner-7 (process 4711) since 2026-11-21T12:00:00Z; wait for it"},
		}},
	)
}

// large is a change of very many resources, of which some are replaced or deleted.
func large(total, destructive int) *report.Report {
	var steps []plan.Step
	for i := range total {
		name := fmt.Sprintf("environment-%04d-with-a-name-of-some-length", i)
		switch {
		case i < destructive && i%2 == 0:
			steps = append(steps, plan.Step{
				Op: "replace", Type: "aws:ec2/subnet:Subnet", Name: name, ReplaceKeys: []string{"cidrBlock", "vpcId"},
				Properties: []plan.PropertyChange{{Path: "cidrBlock", Kind: plan.PropertyUpdated, Replaces: true, Old: `"10.0.0.0/24"`, New: `"10.1.0.0/24"`}},
			})
		case i < destructive:
			steps = append(steps, plan.Step{Op: "delete", Type: "kubernetes:core/v1:ConfigMap", Name: name})
		case i%2 == 0:
			steps = append(steps, updated("kubernetes:apps/v1:Deployment", name, "spec.template.spec.containers[0].image", `"registry.example.com/app:1"`, `"registry.example.com/app:2"`))
		default:
			steps = append(steps, create("kubernetes:core/v1:Namespace", name, "metadata.name", fmt.Sprintf("%q", name)))
		}
	}
	r := result("dev", 90, steps...)
	for i := range 200 {
		r.Warnings = append(r.Warnings, plan.Diagnostic{Message: fmt.Sprintf("warning %d: something is deprecated and will be gone some day", i)})
	}
	return report.Of("A large change", report.Run{Environment: "dev", Result: r, Digest: "d1d2d3d4d5d6", Commit: commit})
}

var errPlain = errors.New("the network is down")
