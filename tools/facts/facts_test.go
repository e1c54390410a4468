package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	tf5server "github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	pluginsdk "github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/validation"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// fake is a provider made with the library that most of the AWS provider is made with, so that plans and refusals are genuine.
func fake() *pluginsdk.Provider {
	return &pluginsdk.Provider{ResourcesMap: map[string]*pluginsdk.Resource{"aws_warehouse_shelf": {
		Schema: map[string]*pluginsdk.Schema{
			"name":        {Type: pluginsdk.TypeString, Optional: true, Computed: true, ForceNew: true, ConflictsWith: []string{"name_prefix"}, ValidateFunc: validation.StringLenBetween(3, 40)},
			"name_prefix": {Type: pluginsdk.TypeString, Optional: true, Computed: true, ForceNew: true, ConflictsWith: []string{"name"}},
			"material":    {Type: pluginsdk.TypeString, Required: true, ValidateFunc: validation.StringInSlice([]string{"OAK", "STEEL"}, false)},
			"levels":      {Type: pluginsdk.TypeInt, Optional: true, Default: 3, ValidateFunc: validation.IntBetween(1, 9)},
			"pin":         {Type: pluginsdk.TypeString, Optional: true, Sensitive: true},
			"policy":      {Type: pluginsdk.TypeString, Optional: true, ValidateFunc: validation.StringIsJSON},
			"arn":         {Type: pluginsdk.TypeString, Computed: true},
			"place": {Type: pluginsdk.TypeList, Optional: true, MaxItems: 1, Elem: &pluginsdk.Resource{Schema: map[string]*pluginsdk.Schema{
				"aisle": {Type: pluginsdk.TypeString, Required: true, ForceNew: true},
				"side":  {Type: pluginsdk.TypeString, Optional: true},
			}}},
			"label": {Type: pluginsdk.TypeSet, Optional: true, Elem: &pluginsdk.Resource{Schema: map[string]*pluginsdk.Schema{
				"text":  {Type: pluginsdk.TypeString, Required: true},
				"color": {Type: pluginsdk.TypeString, Optional: true, ValidateFunc: validation.StringInSlice([]string{"RED", "BLUE"}, false)},
			}}},
			"tags":     {Type: pluginsdk.TypeMap, Optional: true, Elem: &pluginsdk.Schema{Type: pluginsdk.TypeString}},
			"tags_all": {Type: pluginsdk.TypeMap, Optional: true, Computed: true, Elem: &pluginsdk.Schema{Type: pluginsdk.TypeString}},
		},
	}}}
}

// source is what the SDK's generator writes for such a type.
const source = `package warehouse

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func NewShelf(ctx *pulumi.Context, name string, args *ShelfArgs, opts ...pulumi.ResourceOption) (*Shelf, error) {
	if args.Material == nil {
		return nil, errors.New("invalid value for required argument 'Material'")
	}
	if args.Note == nil {
		args.Note = pulumi.StringPtr("Managed by Pulumi")
	}
	aliases := pulumi.Aliases([]pulumi.Alias{
		{
			Type: pulumi.String("aws:warehouse/rack:Rack"),
		},
	})
	err := ctx.RegisterResource("aws:warehouse/shelf:Shelf", name, args, &resource, opts...)
	return &resource, err
}

type shelfState struct {
	Arn *string ` + "`pulumi:\"arn\"`" + `
	TagsAll map[string]string ` + "`pulumi:\"tagsAll\"`" + `
}

type shelfArgs struct {
	Labels []ShelfLabel ` + "`pulumi:\"labels\"`" + `
	Levels *int ` + "`pulumi:\"levels\"`" + `
	Material string ` + "`pulumi:\"material\"`" + `
	Name *string ` + "`pulumi:\"name\"`" + `
	NamePrefix *string ` + "`pulumi:\"namePrefix\"`" + `
	Note *string ` + "`pulumi:\"note\"`" + `
	Pin *string ` + "`pulumi:\"pin\"`" + `
	Place *ShelfPlace ` + "`pulumi:\"place\"`" + `
	Policy interface{} ` + "`pulumi:\"policy\"`" + `
	Tags map[string]string ` + "`pulumi:\"tags\"`" + `
}
`

const types = `package warehouse

type ShelfPlace struct {
	Aisle string ` + "`pulumi:\"aisle\"`" + `
	Side *string ` + "`pulumi:\"side\"`" + `
}

type ShelfLabel struct {
	Color *string ` + "`pulumi:\"color\"`" + `
	Text string ` + "`pulumi:\"text\"`" + `
}
`

// want are the facts about the shelf.
const want = `{
 "aliases": ["aws:warehouse/rack:Rack"],
 "autoname": {"max": 255, "prop": "name", "rand": 7, "sep": "-"},
 "id": "{name}",
 "import": "{name}",
 "props": {
  "arn": {"io": "out", "type": "string"},
  "labels": {
   "elem": "object",
   "props": {
    "color": {"enum": ["RED", "BLUE"], "replace": false, "type": "string"},
    "text": {"replace": false, "required": true, "type": "string"}
   },
   "replace": false,
   "tf": "label",
   "type": "set"
  },
  "levels": {"default": 3, "range": [1, 9], "replace": false, "type": "integer"},
  "material": {"enum": ["OAK", "STEEL"], "replace": false, "required": true, "type": "string"},
  "name": {"computed": true, "keepsOnRemove": true, "length": [3, 40], "replace": true, "type": "string"},
  "namePrefix": {"computed": true, "keepsOnRemove": true, "replace": true, "type": "string"},
  "note": {"default": "Managed by Pulumi", "replace": null, "tf": null, "type": "string"},
  "pin": {"replace": false, "secret": true, "type": "string"},
  "place": {
   "flat": "list",
   "props": {
    "aisle": {"replace": true, "required": true, "type": "string"},
    "side": {"replace": false, "type": "string"}
   },
   "replace": true,
   "type": "object"
  },
  "policy": {"format": "json", "replace": false, "type": "any"},
  "tags": {"elem": "string", "replace": false, "type": "map"},
  "tagsAll": {"elem": "string", "io": "out", "type": "map"}
 },
 "rules": ["conflicts: name namePrefix"],
 "tf": "aws_warehouse_shelf"
}
`

// dial starts the fake behind the protocol that it speaks as a plugin.
func dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	serve := &tf5server.GRPCProviderPlugin{GRPCProvider: func() tfprotov5.ProviderServer { return pluginsdk.NewGRPCProviderServer(fake()) }}
	client, server := goplugin.TestPluginGRPCConn(t, false, map[string]goplugin.Plugin{"provider": both{serve}})
	t.Cleanup(func() {
		client.Close()
		server.Stop()
	})
	raw, err := client.Dispense("provider")
	require.NoError(t, err)
	return raw.(*grpc.ClientConn)
}

// both serves as a provider and is read as this program does.
type both struct{ *tf5server.GRPCProviderPlugin }

func (both) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

func newGenerator(t *testing.T, dir string) *generator {
	t.Helper()
	code := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(code, "warehouse"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(code, "warehouse", "shelf.go"), []byte(source), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(code, "warehouse", "pulumiTypes.go"), []byte(types), 0o600))
	s, err := readSDK(code, "1.2.3")
	require.NoError(t, err)
	p, err := connect(t.Context(), dial(t))
	require.NoError(t, err)
	return &generator{
		sdk: s, provider: p, dir: dir, progress: &bytes.Buffer{},
		written: map[string]*written{"aws_warehouse_shelf": {ID: "{name}"}},
	}
}

func TestTheFactsAreWhatTheProviderDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := newGenerator(t, dir)
	require.NoError(t, g.resources(t.Context(), []string{"aws_warehouse_shelf"}))
	file := filepath.Join(dir, "resources", "warehouse", "Shelf.json")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
	assert.Contains(t, g.progress.(*bytes.Buffer).String(), "1 of 1")

	// The second time, the type is found by its file, and comes out the same to the byte.
	require.NoError(t, g.resources(t.Context(), nil))
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(got), string(again))

	// So it does by its token.
	require.NoError(t, os.Remove(file))
	require.NoError(t, g.resources(t.Context(), []string{"aws:warehouse/shelf:Shelf"}))
	again, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(got), string(again))
}

func TestATypeThatCannotBeAddedIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, t.TempDir())
	assert.ErrorContains(t, g.resources(t.Context(), []string{"aws_warehouse_door"}), "aws_warehouse_door: no such type")
	delete(g.written, "aws_warehouse_shelf")
	assert.ErrorContains(t, g.resources(t.Context(), []string{"aws_warehouse_shelf"}), "written.json")
}

func TestWrittenFactsOverrideProbedOnes(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, t.TempDir())
	g.written["aws_warehouse_shelf"] = &written{
		ID: "shelf-*", Import: json.RawMessage("null"), Autoname: json.RawMessage("null"), DeleteBeforeReplace: true,
		Props: map[string]facts{"place.side": {"replace": true, "type": "string"}, "levels": {"default": nil}},
	}
	require.NoError(t, g.resources(t.Context(), []string{"aws_warehouse_shelf"}))
	text, err := os.ReadFile(filepath.Join(g.dir, "resources", "warehouse", "Shelf.json"))
	require.NoError(t, err)
	assert.Contains(t, string(text), `"import": null`)
	assert.Contains(t, string(text), `"deleteBeforeReplace": true`)
	assert.NotContains(t, string(text), "autoname")
	assert.Contains(t, string(text), `"side": {"replace": true, "type": "string"}`)
	assert.Contains(t, string(text), `"levels": {"range": [1, 9], "replace": false, "type": "integer"}`)

	g.written["aws_warehouse_shelf"].Props = map[string]facts{"place.corner": {"replace": true}}
	assert.ErrorContains(t, g.resources(t.Context(), []string{"aws_warehouse_shelf"}), "no property place.corner")
}

func TestRefusalsAreReadInTheWordsOfBothLibraries(t *testing.T) {
	t.Parallel()
	learned := func(texts ...string) limits {
		var l limits
		for _, text := range texts {
			l.learn(text, wrongTexts[0])
		}
		return l
	}
	assert.Equal(t, []string{"A", "B c"}, learned(`expected size to be one of ["A" "B c"], got #bad value#`).enum)
	assert.Equal(t, []string{"A", "B"}, learned(`Invalid Attribute Value Match: Attribute size value must be one of: ["A" "B"], got: "#bad value#"`).enum)
	assert.Equal(t, []string{"A", "B"}, learned("Invalid String Enum Value: The provided value does not match any valid values.\n\nPath: x\nGiven Value: #bad value#\nValid Values: [A B ]").enum)
	assert.Equal(t, &[2]float64{1, 9}, learned(`expected x to be in the range (1 - 9), got 0`).between)
	assert.Equal(t, &[2]float64{1, 9}, learned(`Invalid Attribute Value: Attribute x value must be between 1 and 9, got: 0`).between)
	assert.Equal(t, &[2]int{3, 63}, learned(`"name" cannot be less than 3 characters`, `"name" cannot be longer than 63 characters: "aaa"`).length)
	assert.Equal(t, "arn", learned(`"role" (#bad value#) is an invalid ARN: arn: invalid prefix`).format)
	assert.Equal(t, "boolean", learned(`ebs_optimized: cannot parse '#bad value#' as boolean: strconv.ParseBool`).format)
	assert.Equal(t, "cidr", learned(`expected x to contain a valid Value, got: 1 with err: invalid CIDR address: 1`).format)
}

func TestWrittenFactsParse(t *testing.T) {
	t.Parallel()
	all, err := readWritten()
	require.NoError(t, err)
	assert.Equal(t, "{clusterName}:{addonName}", all["aws_eks_addon"].ID)
}
