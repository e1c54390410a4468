package aws_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

func TestEveryTokenHasFactsThatParse(t *testing.T) {
	t.Parallel()
	types := aws.Resources()
	require.NotEmpty(t, types)
	for _, token := range types {
		r := aws.ResourceOf(token)
		require.NotNil(t, r, token)
		assert.NotEmpty(t, r.TF, token)
		assert.NotEmpty(t, r.ID, token)
		assertSound(t, token, r.Props)
	}
	require.NotEmpty(t, aws.Functions())
	for _, token := range aws.Functions() {
		f := aws.FunctionOf(token)
		require.NotNil(t, f, token)
		assertSound(t, token, f.Props)
	}
	assert.NotEmpty(t, aws.Describes().Version)
}

func assertSound(t *testing.T, at string, props map[string]*aws.Property) {
	t.Helper()
	assert.NotEmpty(t, props, at)
	for name, p := range props {
		path := at + "." + name
		assert.Contains(t, []string{"string", "boolean", "integer", "number", "list", "set", "map", "object", "archive", "asset", "any"}, p.Type, path)
		if p.Type == "list" || p.Type == "set" || p.Type == "map" {
			assert.NotEmpty(t, p.Elem, path)
		} else {
			assert.Empty(t, p.Elem, path)
		}
		if l := p.Length; l != nil {
			assert.LessOrEqual(t, l[0], l[1], path)
		}
		switch {
		case p.SameAs != "":
			assert.NotEmpty(t, p.Props, path)
		case len(p.Props) > 0:
			assertSound(t, path, p.Props)
		}
	}
}

func TestTheFactsHaveNoMemberThatNobodyReads(t *testing.T) {
	t.Parallel()
	files := 0
	for pattern, into := range map[string]func() any{
		"provider.json":      func() any { return new(aws.Provider) },
		"resources/*/*.json": func() any { return new(resourceFile) },
		"functions/*/*.json": func() any { return new(functionFile) },
	} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			files++
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			assert.NoError(t, decoder.Decode(into()), name)
		}
	}
	assert.Len(t, aws.Resources(), files-len(aws.Functions())-1)
}

// resourceFile and functionFile are what a file may hold: what is read, and "flat", which says how Terraform has it.
type (
	resourceFile struct {
		aws.Resource
		Props map[string]*propertyFile `json:"props"`
	}
	functionFile struct {
		aws.Function
		Props map[string]*propertyFile `json:"props"`
	}
	propertyFile struct {
		aws.Property
		Flat  string                   `json:"flat"`
		Props map[string]*propertyFile `json:"props"`
	}
)

func TestAMemberThatIsLikeOneAroundItHasThatOnesMembers(t *testing.T) {
	t.Parallel()
	statement := aws.ResourceOf("aws:wafv2/webAcl:WebAcl").Props["rules"].Props["statement"]
	inner := statement.Props["andStatement"].Props["statements"]
	assert.Equal(t, "rules.statement", inner.SameAs)
	assert.Same(t, statement.Props["byteMatchStatement"], inner.Props["byteMatchStatement"])
	assert.Contains(t, inner.Props["notStatement"].Props["statements"].Props, "byteMatchStatement")
}

// The facts are of the version that the program is built with: after another one, they are generated again.
func TestTheFactsAreThoseOfTheProvidersVersionInGoMod(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	required := regexp.MustCompile(`(?m)github.com/pulumi/pulumi-aws/sdk/v6 v(\S+)`).FindSubmatch(text)
	require.NotNil(t, required)
	assert.Equal(t, string(required[1]), aws.Describes().Version, "docs/facts.md says how to generate the facts of another version")
	assert.Regexp(t, `^hashicorp/aws \d+\.\d+\.\d+$`, aws.Describes().TerraformProvider)
}

// The platform's types are the least that the rehearsal cloud must know: those of the golden names of every environment.
func TestEveryTypeThatTheProgramRegistersIsKnown(t *testing.T) {
	t.Parallel()
	goldens, err := filepath.Glob("../../../tests/testdata/urns-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, goldens)
	types := map[string]bool{}
	for _, file := range goldens {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range registered.FindAllStringSubmatch(string(text), -1) {
			types[m[1]] = true
		}
	}
	require.Greater(t, len(types), 30)
	for typ := range types {
		assert.NotNil(t, aws.ResourceOf(typ), "there are no facts about %s: docs/facts.md says how to add a type", typ)
	}
}

// registered is the type of a resource that is registered on the AWS provider, at the end of a URN's types.
var registered = regexp.MustCompile(`(?:\$|::)(aws:[a-z0-9]+/[a-zA-Z0-9]+:[A-Za-z0-9]+)::`)

func TestWhatTheFactsDoNotKnowHasNone(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"aws:ec2/vpc:VPC", "aws:ec2/Vpc:Vpc", "aws:ec2/nothing:Nothing", "gcp:ec2/vpc:Vpc", "vpc", "aws:ec2/vpc:", ""} {
		assert.Nil(t, aws.ResourceOf(token), token)
		assert.Nil(t, aws.FunctionOf(token), token)
	}
}

// BenchmarkResourceOf is what a process pays for the first resource of a type.
func BenchmarkResourceOf(b *testing.B) {
	for b.Loop() {
		aws.Forget()
		aws.ResourceOf("aws:eks/nodeGroup:NodeGroup")
	}
}
