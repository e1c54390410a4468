package main

import "github.com/zclconf/go-cty/cty"

// proposedNew computes the state that Terraform core proposes to a provider's plan: the configuration, with every
// computed attribute that the configuration leaves out taken from the prior state. Nested blocks are paired with prior
// ones by index (lists), key (maps), or by being the same as far as the configuration says (sets).
func proposedNew(b *block, prior, config cty.Value) cty.Value {
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	if prior.IsNull() || !prior.IsKnown() {
		prior = b.empty()
	}
	m := map[string]cty.Value{}
	for k, a := range b.attributes {
		p, c := prior.GetAttr(k), config.GetAttr(k)
		switch {
		case a.writeOnly:
			m[k] = cty.NullVal(a.ty)
		case a.output():
			m[k] = p
		case a.computed && c.IsNull():
			m[k] = p
		default:
			m[k] = c
		}
	}
	for k, n := range b.nests {
		m[k] = proposedNest(n, prior.GetAttr(k), config.GetAttr(k))
	}
	return object(m)
}

func proposedNest(n *nest, prior, config cty.Value) cty.Value {
	if config.IsNull() || !config.IsKnown() {
		return config
	}
	none := cty.NullVal(n.block.ty)
	usable := !prior.IsNull() && prior.IsKnown()
	switch n.mode {
	case nestList:
		var out []cty.Value
		for i, c := range config.AsValueSlice() {
			p := none
			if usable && i < prior.LengthInt() {
				p = prior.Index(cty.NumberIntVal(int64(i)))
			}
			out = append(out, proposedNew(n.block, p, c))
		}
		if len(out) == 0 {
			return config
		}
		return cty.ListVal(out)
	case nestMap:
		out := map[string]cty.Value{}
		for k, c := range config.AsValueMap() {
			p := none
			if usable && prior.HasIndex(cty.StringVal(k)).True() {
				p = prior.Index(cty.StringVal(k))
			}
			out[k] = proposedNew(n.block, p, c)
		}
		if len(out) == 0 {
			return config
		}
		return cty.MapVal(out)
	case nestSet:
		var olds []cty.Value
		if usable {
			olds = prior.AsValueSlice()
		}
		used := make([]bool, len(olds))
		var out []cty.Value
		for _, c := range config.AsValueSlice() {
			p := none
			for i, o := range olds {
				if !used[i] && couldBe(n.block, o, c) {
					p, used[i] = o, true
					break
				}
			}
			out = append(out, proposedNew(n.block, p, c))
		}
		if len(out) == 0 {
			return config
		}
		return cty.SetVal(out)
	}
	return proposedNew(n.block, prior, config)
}

// couldBe reports whether a prior set element may be the result of this configuration: all that the configuration sets is
// equal, and what it leaves out is computed or absent.
func couldBe(b *block, prior, config cty.Value) bool {
	if prior.IsNull() || config.IsNull() {
		return prior.IsNull() && config.IsNull()
	}
	if !prior.IsKnown() || !config.IsKnown() {
		return false
	}
	for k, a := range b.attributes {
		p, c := prior.GetAttr(k), config.GetAttr(k)
		if c.IsNull() && a.computed || p.RawEquals(c) {
			continue
		}
		return false
	}
	for k, n := range b.nests {
		p, c := prior.GetAttr(k), config.GetAttr(k)
		if p.RawEquals(c) {
			continue
		}
		if p.IsNull() || c.IsNull() || !p.IsKnown() || !c.IsKnown() {
			return false
		}
		if n.mode == nestSingle || n.mode == nestGroup {
			if !couldBe(n.block, p, c) {
				return false
			}
			continue
		}
		if p.LengthInt() != c.LengthInt() {
			return false
		}
		if n.mode == nestMap {
			pm := p.AsValueMap()
			for key, cv := range c.AsValueMap() {
				pv, ok := pm[key]
				if !ok || !couldBe(n.block, pv, cv) {
					return false
				}
			}
			continue
		}
		ps, cs := p.AsValueSlice(), c.AsValueSlice()
		used := make([]bool, len(ps))
	next:
		for i, cv := range cs {
			if n.mode == nestList {
				if !couldBe(n.block, ps[i], cv) {
					return false
				}
				continue
			}
			for j, pv := range ps {
				if !used[j] && couldBe(n.block, pv, cv) {
					used[j] = true
					continue next
				}
			}
			return false
		}
	}
	return true
}
