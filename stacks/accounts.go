package stacks

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// placeholder matches the account IDs of examples: the shipped stack files have one digit twelve times, and AWS's
// documentation 123456789012 and pairs such as 111122223333. No account of a customer has them.
var placeholder = regexp.MustCompile(`^(?:1{12}|2{12}|3{12}|4{12}|5{12}|6{12}|7{12}|8{12}|9{12}|123456789012|111122223333|444455556666|777788889999)$`)

// placeholderProblems returns that aws.accountId is a placeholder, if it is. Rehearsals accept placeholders.
func (c *Config) placeholderProblems() problem.List {
	var out problem.List
	if placeholder.MatchString(c.AWS.AccountID) {
		out.Add("aws.accountId", "%s is the placeholder of an example: write the ID of your AWS account, in quotes "+
			"(aws sts get-caller-identity --query Account --output text)", c.AWS.AccountID)
	}
	return out
}

// OnAWS is Program for environments on AWS, which main.go runs: it refuses the placeholder accounts of the examples, before
// any provider is configured.
func OnAWS(ctx *pulumi.Context) error {
	cfg, err := shipped.read(ctx)
	if err != nil {
		return err
	}
	if err := cfg.placeholderProblems().In("Pulumi."+ctx.Stack()+".yaml", nil).Err(); err != nil {
		return err
	}
	return shipped.run(ctx, cfg)
}

// OnAWS returns why stacks of the estate cannot be on AWS, as a *problem.Error, or nil: their account is a placeholder of
// the examples.
func (e *Estate) OnAWS(names ...string) error {
	var out problem.List
	for _, name := range names {
		out = append(out, e.configs[name].placeholderProblems().In(e.files[name].name, e.files[name].line)...)
	}
	return out.Err()
}

// Notes are what is valid and yet probably not meant, by file, line and path: placeholder accounts, and ARNs and image
// registries of other accounts than their stack's, which often stay behind when a file is copied.
func (e *Estate) Notes() problem.List {
	out := problem.List{}
	for _, name := range e.Names() {
		c, f := e.configs[name], e.files[name]
		own := c.placeholderProblems()
		if f.config != nil {
			eachText(f.config, "", func(node *yaml.Node, path string) {
				for _, account := range accountsIn(node.Value) {
					if account != c.AWS.AccountID {
						own.Add(path, "is of account %s, and the stack is in %s: change it, unless another account is meant", account, c.AWS.AccountID)
						own[len(own)-1].Line = node.Line
						return
					}
				}
			})
		}
		out = append(out, own.In(f.name, f.line)...)
	}
	return out
}

// accountPart captures the account of ARNs, and of private ECR registries.
var accountPart = regexp.MustCompile(`\barn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):|\b([0-9]{12})\.dkr\.ecr[a-z-]*\.`)

// accountsIn returns the accounts of the ARNs and registries in a text.
func accountsIn(text string) []string {
	var out []string
	for _, m := range accountPart.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}

// eachText calls a function for every text below a node of the configuration, with its path. What several places share by
// alias is visited once, where it is written.
func eachText(node *yaml.Node, path string, visit func(node *yaml.Node, path string)) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if path == "" {
				key = strings.TrimPrefix(key, ProjectName+":")
			}
			eachText(node.Content[i+1], problem.Join(path, key), visit)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			eachText(item, path+"["+strconv.Itoa(i)+"]", visit)
		}
	case yaml.ScalarNode:
		visit(node, path)
	}
}
