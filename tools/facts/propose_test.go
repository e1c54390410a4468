package main

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func testBlock() *block {
	inner := &block{attributes: map[string]*attribute{
		"key":  {name: "key", ty: cty.String, required: true},
		"seen": {name: "seen", ty: cty.String, computed: true},
		"opt":  {name: "opt", ty: cty.String, optional: true, computed: true},
	}, nests: map[string]*nest{}, ty: cty.Object(map[string]cty.Type{"key": cty.String, "seen": cty.String, "opt": cty.String})}
	b := &block{
		attributes: map[string]*attribute{
			"arn":  {name: "arn", ty: cty.String, computed: true},
			"name": {name: "name", ty: cty.String, optional: true, computed: true},
			"note": {name: "note", ty: cty.String, optional: true},
			"pwd":  {name: "pwd", ty: cty.String, optional: true, writeOnly: true},
		},
		nests: map[string]*nest{
			"set":  {name: "set", block: inner, mode: nestSet},
			"list": {name: "list", block: inner, mode: nestList, max: 1},
		},
	}
	b.ty = cty.Object(map[string]cty.Type{"arn": cty.String, "name": cty.String, "note": cty.String, "pwd": cty.String,
		"set": cty.Set(inner.ty), "list": cty.List(inner.ty)})
	return b
}

var null = cty.NullVal(cty.String)

func str(s string) cty.Value { return cty.StringVal(s) }
func el(key, seen, opt cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": key, "seen": seen, "opt": opt})
}

func TestProposedNew(t *testing.T) {
	b := testBlock()
	inner := b.nests["set"].block.ty
	prior := cty.ObjectVal(map[string]cty.Value{
		"arn": str("A"), "name": str("auto"), "note": str("old"), "pwd": null,
		"set":  cty.SetVal([]cty.Value{el(str("x"), str("sx"), str("ox")), el(str("y"), str("sy"), str("oy"))}),
		"list": cty.ListVal([]cty.Value{el(str("l"), str("sl"), str("ol"))}),
	})
	config := cty.ObjectVal(map[string]cty.Value{
		"arn": null, "name": null, "note": null, "pwd": str("secret"),
		"set":  cty.SetVal([]cty.Value{el(str("y"), null, null), el(str("z"), null, null)}),
		"list": cty.ListVal([]cty.Value{el(cty.UnknownVal(cty.String), null, str("new"))}),
	})
	want := cty.ObjectVal(map[string]cty.Value{
		"arn": str("A"), "name": str("auto"), "note": null, "pwd": null,
		"set":  cty.SetVal([]cty.Value{el(str("y"), str("sy"), str("oy")), el(str("z"), null, null)}),
		"list": cty.ListVal([]cty.Value{el(cty.UnknownVal(cty.String), str("sl"), str("new"))}),
	})
	if got := proposedNew(b, prior, config); !got.RawEquals(want) {
		t.Errorf("update:\n got %#v\nwant %#v", got, want)
	}
	// nothing before: computed attributes stay null for the provider to decide
	empty := cty.ObjectVal(map[string]cty.Value{"arn": null, "name": null, "note": str("n"), "pwd": null,
		"set": cty.SetValEmpty(inner), "list": cty.ListValEmpty(inner)})
	if got := proposedNew(b, cty.NullVal(b.ty), empty); !got.RawEquals(empty) {
		t.Errorf("create: got %#v", got)
	}
	// a block whose extent is unknown stays unknown
	members := config.AsValueMap()
	members["set"] = cty.UnknownVal(cty.Set(inner))
	config = cty.ObjectVal(members)
	if got := proposedNew(b, prior, config).GetAttr("set"); got.IsKnown() {
		t.Errorf("unknown block became %#v", got)
	}
	// no change in the configuration: the proposal is the prior state
	same := cty.ObjectVal(map[string]cty.Value{"arn": null, "name": null, "note": str("old"), "pwd": null,
		"set":  cty.SetVal([]cty.Value{el(str("x"), null, null), el(str("y"), null, str("oy"))}),
		"list": cty.ListVal([]cty.Value{el(str("l"), null, null)})})
	if got := proposedNew(b, prior, same); !got.RawEquals(prior) {
		t.Errorf("no change: got %#v", got)
	}
}
