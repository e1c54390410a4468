package main

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of Terraform's plugin protocol 5, as far as this program needs them, encoded and decoded by hand: the
// messages are few and flat, and the schema answer (tens of MiB) can then be kept as bytes and read type by type.

type msg struct{ b []byte }

func (m *msg) bytes(n protowire.Number, v []byte) *msg {
	if len(v) > 0 {
		m.b = protowire.AppendTag(m.b, n, protowire.BytesType)
		m.b = protowire.AppendBytes(m.b, v)
	}
	return m
}
func (m *msg) str(n protowire.Number, v string) *msg { return m.bytes(n, []byte(v)) }
func (m *msg) num(n protowire.Number, v uint64) *msg {
	if v != 0 {
		m.b = protowire.AppendTag(m.b, n, protowire.VarintType)
		m.b = protowire.AppendVarint(m.b, v)
	}
	return m
}

// dyn writes a DynamicValue that holds msgpack.
func (m *msg) dyn(n protowire.Number, mp []byte) *msg {
	if mp == nil {
		return m
	}
	return m.bytes(n, (&msg{}).bytes(1, mp).b)
}

// fields calls f for every field of a message.
func fields(b []byte, f func(n protowire.Number, v []byte, u uint64)) error {
	for len(b) > 0 {
		n, t, l := protowire.ConsumeTag(b)
		if l < 0 {
			return protowire.ParseError(l)
		}
		b = b[l:]
		switch t {
		case protowire.BytesType:
			v, l := protowire.ConsumeBytes(b)
			if l < 0 {
				return protowire.ParseError(l)
			}
			f(n, v, 0)
			b = b[l:]
		case protowire.VarintType:
			u, l := protowire.ConsumeVarint(b)
			if l < 0 {
				return protowire.ParseError(l)
			}
			f(n, nil, u)
			b = b[l:]
		default:
			l := protowire.ConsumeFieldValue(n, t, b)
			if l < 0 {
				return protowire.ParseError(l)
			}
			b = b[l:]
		}
	}
	return nil
}

// dynValue is a DynamicValue of an answer: one of the two is set.
type dynValue struct{ msgpack, json []byte }

func readDyn(b []byte) (d dynValue) {
	_ = fields(b, func(n protowire.Number, v []byte, _ uint64) {
		switch n {
		case 1:
			d.msgpack = v
		case 2:
			d.json = v
		}
	})
	return
}

// step is one step of an attribute path: a name (attribute or map key) or an index.
type step struct {
	name  string
	key   string
	index int64
	kind  byte // 'a' attribute, 'k' map key, 'i' index
}
type attrPath []step

func readPath(b []byte) (p attrPath) {
	_ = fields(b, func(n protowire.Number, v []byte, _ uint64) {
		if n != 1 {
			return
		}
		var s step
		_ = fields(v, func(n protowire.Number, v []byte, u uint64) {
			switch n {
			case 1:
				s = step{name: string(v), kind: 'a'}
			case 2:
				s = step{key: string(v), kind: 'k'}
			case 3:
				s = step{index: int64(u), kind: 'i'}
			}
		})
		p = append(p, s)
	})
	return
}

type diag struct {
	isError         bool
	summary, detail string
	path            attrPath
}

func (d diag) text() string {
	s := strings.TrimSpace(d.summary)
	if t := strings.TrimSpace(d.detail); t != "" && t != s {
		s += ": " + t
	}
	return s
}

func readDiag(b []byte) (d diag) {
	_ = fields(b, func(n protowire.Number, v []byte, u uint64) {
		switch n {
		case 1:
			d.isError = u == 1
		case 2:
			d.summary = string(v)
		case 3:
			d.detail = string(v)
		case 4:
			d.path = readPath(v)
		}
	})
	return
}

type diags []diag

// err joins the errors among the diagnostics.
func (ds diags) err() error {
	var es []string
	for _, d := range ds {
		if d.isError {
			es = append(es, d.text())
		}
	}
	if es == nil {
		return nil
	}
	return errors.New(strings.Join(es, "\n"))
}

// rawCodec passes protobuf bytes through gRPC untouched.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(*msg)
	if !ok {
		return nil, fmt.Errorf("rawCodec: %T", v)
	}
	return m.b, nil
}
func (rawCodec) Unmarshal(b []byte, v any) error {
	m, ok := v.(*msg)
	if !ok {
		return fmt.Errorf("rawCodec: %T", v)
	}
	m.b = append([]byte(nil), b...)
	return nil
}

// names are the attributes on a path, without indexes and keys.
func (p attrPath) names() []string {
	var out []string
	for _, s := range p {
		if s.kind == 'a' {
			out = append(out, s.name)
		}
	}
	return out
}
