package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// wrongTexts and wrongNumbers are values that what has limits refuses, in words that name the limits.
var (
	wrongTexts   = []cty.Value{cty.StringVal("#bad value#"), cty.StringVal(""), cty.StringVal(strings.Repeat("a", 70_000)), cty.StringVal("1")}
	wrongNumbers = []cty.Value{cty.NumberIntVal(-99_999_999), cty.NumberIntVal(99_999_999)}
)

// place is a member of a block, wherever the block is.
type place struct {
	block [sha256.Size]byte
	name  string
}

// learnLimits asks the provider for a type's limits by giving each of its members wrong values. In a large type, of
// blocks that look the same, one is asked about.
func (t *target) learnLimits(ctx context.Context) error {
	var wrong error
	known := map[place]limits{}
	settable(t.members, nil, func(at path) {
		m := at.last()
		if wrong != nil || m.isBlock() || m.element() != cty.String && m.element() != cty.Number {
			return
		}
		var key place
		if t.large && len(at) > 1 && at[len(at)-2].nest != nil {
			key = place{at[len(at)-2].nest.block.sum, m.tf}
			if l, ok := known[key]; ok {
				m.limits = l
				return
			}
		}
		if wrong = t.limitsOf(ctx, at); wrong == nil {
			known[key] = m.limits
		}
	})
	return wrong
}

// limitsOf asks for the limits of one member.
func (t *target) limitsOf(ctx context.Context, at path) error {
	m := at.last()
	values := wrongTexts
	if m.element() == cty.Number {
		values = wrongNumbers
	}
	usual := map[string]bool{}
	if len(at) > 1 {
		// Below the top, providers name the set instead of its element, and now and then a sibling. What they say of wrong
		// values only is about them.
		problems, err := t.refusals(ctx, at, limits{}.sample(m.element(), 2))
		if err != nil {
			return err
		}
		for _, text := range problems {
			usual[text] = true
		}
	}
	for _, v := range values {
		problems, err := t.refusals(ctx, at, v)
		if err != nil {
			return err
		}
		for _, text := range problems {
			if !usual[text] {
				m.limits.learn(text, v)
			}
		}
	}
	return t.doubt(ctx, at, usual)
}

// refusals returns what the provider has against a value at a path.
func (t *target) refusals(ctx context.Context, at path, v cty.Value) ([]string, error) {
	problems, err := t.provider.validate(ctx, t.tf, t.schema, build(t.members, t.schema.ty, least, at, wrap(at.last(), v)))
	var out []string
	for _, d := range problems {
		if d.isError && isAbout(d.path.names(), at) {
			out = append(out, elementPath.ReplaceAllString(setIndex.ReplaceAllString(d.text(), "."), "[]"))
		}
	}
	return out, err
}

// setIndex and elementPath are how the two libraries name an element of a set: by what changes with its content.
var (
	setIndex    = regexp.MustCompile(`\.\d{2,}\.`)
	elementPath = regexp.MustCompile(`(?s)\[Value\(.*?\)\]`)
)

// automateARN is one that has no account: what takes it does not look into ARNs as the format asks for.
const automateARN = "arn:aws:automate:eu-central-1:ec2:stop"

// alternatives are values that providers take beside those that they list, where one of several rules is enough.
var alternatives = map[cty.Type][]cty.Value{
	cty.Number: {cty.NumberIntVal(7), cty.NumberIntVal(31), cty.NumberIntVal(60), cty.NumberIntVal(62), cty.NumberIntVal(3600)},
	cty.String: {
		cty.StringVal(texts["arn"][0]), cty.StringVal(automateARN), cty.StringVal("probe-a"),
	},
}

// doubt drops what a list of values or a format does not bind: the provider takes a value that is not of it.
func (t *target) doubt(ctx context.Context, at path, usual map[string]bool) error {
	l := &at.last().limits
	// Below the top it cannot be told for certain what a refusal is about.
	if len(l.enum) == 0 && l.format == "" || len(at) > 1 {
		return nil
	}
	for _, v := range alternatives[at.last().element()] {
		if slices.Contains(l.enum, textOf(v)) || l.format != "" && slices.Contains(textsOf(l.format), textOf(v)) {
			continue
		}
		problems, err := t.refusals(ctx, at, v)
		if err != nil {
			return err
		}
		switch refused := slices.ContainsFunc(problems, func(text string) bool { return !usual[text] }); {
		case !refused && l.format == "arn" && textOf(v) == automateARN:
			l.loose = true
		case !refused:
			l.alternative()
			return nil
		}
	}
	return nil
}

// alternative drops what is one of several rules.
func (l *limits) alternative() {
	for _, text := range l.enum {
		n := number(text)
		outside := l.between != nil && (n < l.between[0] || n > l.between[1]) || l.atLeast != nil && n < *l.atLeast || l.atMost != nil && n > *l.atMost
		if outside {
			l.between, l.atLeast, l.atMost = nil, nil, nil
		}
	}
	l.enum, l.format = nil, ""
}

func textsOf(format string) []string {
	all := texts[format]
	return all[:]
}

// textOf is a string, or a number's text.
func textOf(v cty.Value) string {
	if v.Type() == cty.String {
		return v.AsString()
	}
	return v.AsBigFloat().Text('f', -1)
}

// isAbout reports whether a refusal at a path may be about a member: it is at the member or at a sibling, or it ends at a set
// on the way.
func isAbout(names []string, at path) bool {
	whole := at.terraform()
	if len(at) == 1 {
		return slices.Equal(names, whole)
	}
	parents := whole[:len(whole)-1]
	return len(names) == len(whole) && slices.Equal(names[:len(parents)], parents) || inSet(at) && leadsTo(names, whole)
}

// inSet reports whether a path leads through the elements of a set.
func inSet(at path) bool {
	return slices.ContainsFunc(at[:len(at)-1], func(m *member) bool { return m.ty.IsSetType() })
}

// leadsTo reports whether a path is the beginning of another.
func leadsTo(names, whole []string) bool {
	return len(names) > 0 && len(names) <= len(whole) && slices.Equal(names, whole[:len(names)])
}

// How providers word their refusals.
var (
	oneOf = []*regexp.Regexp{
		regexp.MustCompile(`(?s)^expected \S+ to be one of \[(.*)\], got`),
		regexp.MustCompile(`(?s)value must be one of: \[(.*)\], got: `),
		regexp.MustCompile(`(?i)valid values(?: are)?: \[(.*?)\]`),
	}
	inRange = []*regexp.Regexp{
		regexp.MustCompile(`^expected \S+ to be in the range \((-?[\d.]+) - (-?[\d.]+)\), got`),
		regexp.MustCompile(`value must be between (-?[\d.]+) and (-?[\d.]+), got`),
	}
	noLess = []*regexp.Regexp{
		regexp.MustCompile(`^expected \S+ to be at least \((-?[\d.]+)\), got`), regexp.MustCompile(`value must be at least (-?[\d.]+), got`),
	}
	noMore = []*regexp.Regexp{
		regexp.MustCompile(`^expected \S+ to be at most \((-?[\d.]+)\), got`), regexp.MustCompile(`value must be at most (-?[\d.]+), got`),
	}
	lengthRange = []*regexp.Regexp{
		regexp.MustCompile(`^expected length of \S+ to be in the range \((\d+) - (\d+)\), got`),
		regexp.MustCompile(`string length must be between (\d+) and (\d+), got`),
		regexp.MustCompile(`length must be between (\d+)-(\d+) characters`),
	}
	shortest = []*regexp.Regexp{
		regexp.MustCompile(`cannot be (?:less|shorter) than (\d+) character`), regexp.MustCompile(`string length must be at least (\d+), got`),
	}
	longest = []*regexp.Regexp{
		regexp.MustCompile(`cannot be (?:longer|greater) than (\d+) character`), regexp.MustCompile(`string length must be at most (\d+), got`),
	}
	formats = map[string]*regexp.Regexp{
		"arn":     regexp.MustCompile(`is an invalid ARN|valid ARN|cannot be parsed as an ARN`),
		"json":    regexp.MustCompile(`contains an invalid JSON|not a valid JSON|Invalid JSON String`),
		"boolean": regexp.MustCompile(`cannot parse '.*' as boolean`),
		"cidr":    regexp.MustCompile(`invalid CIDR address|is not a valid CIDR block|valid IPv[46] CIDR that|cannot be parsed as a CIDR`),
		"ip":      regexp.MustCompile(`expected \S+ to contain a valid IP|valid IPv[46] address`),
		"rfc3339": regexp.MustCompile(`valid RFC3339 date|not valid RFC3339|RFC3339 Timestamp|RFC3339 time format|cannot be parsed as an RFC3339`),
	}
	item = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
)

// maxEnum is the length of a list of values that is still worth listing.
const maxEnum = 150

// learn reads one refusal.
func (l *limits) learn(text string, given cty.Value) {
	first := func(all []*regexp.Regexp) []string {
		for _, re := range all {
			if m := re.FindStringSubmatch(text); m != nil {
				return m[1:]
			}
		}
		return nil
	}
	if m := first(oneOf); m != nil {
		l.learnEnum(m[0])
	}
	if m := first(inRange); m != nil {
		l.between = &[2]float64{number(m[0]), number(m[1])}
	}
	if m := first(noLess); m != nil {
		n := number(m[0])
		l.atLeast = &n
	}
	if m := first(noMore); m != nil {
		n := number(m[0])
		l.atMost = &n
	}
	switch low, high := first(shortest), first(longest); {
	case first(lengthRange) != nil:
		m := first(lengthRange)
		l.length = &[2]int{int(number(m[0])), int(min(number(m[1]), maxLength))}
	case low != nil || high != nil:
		if l.length == nil {
			l.length = &[2]int{0, maxLength}
		}
		if low != nil {
			l.length[0] = int(number(low[0]))
		}
		if high != nil {
			l.length[1] = int(number(high[0]))
		}
	}
	// What refuses "1" as well as words is no form of text, but a port or an account.
	if l.format == "" && given.Type() == cty.String {
		for _, name := range sorted(formats) {
			if formats[name].MatchString(text) {
				l.format = name
				break
			}
		}
	}
}

// maxLength stands for no limit.
const maxLength = 1 << 30

func (l *limits) learnEnum(list string) {
	var values []string
	for _, m := range item.FindAllStringSubmatch(list, -1) {
		values = append(values, m[1])
	}
	if len(values) == 0 {
		values = strings.Fields(list)
	}
	// A boolean that Terraform keeps as text, to tell "not set" from "false".
	if slices.Equal(values, []string{"", "false", "true"}) || slices.Equal(values, []string{"false", "true"}) && l.format == "" {
		l.format = "boolean"
		return
	}
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	if len(values) <= maxEnum {
		l.enum = values
	}
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return n
}

// relation is a rule between members.
type relation struct {
	kind  string
	paths []string
}

func (r relation) String() string {
	if r.kind == "requires" {
		return r.kind + ": " + r.paths[0] + " -> " + strings.Join(r.paths[1:], " ")
	}
	return r.kind + ": " + strings.Join(r.paths, " ")
}

// learnRules asks the provider for the rules between members: of a configuration with everything, of one with the least, and
// of one with the least and a single other member; of a block, which may be refused among everything before anybody looks into
// it, once with its least and once with everything.
func (t *target) learnRules(ctx context.Context) error {
	configs := []cty.Value{
		build(t.members, t.schema.ty, everything, nil, cty.NilVal), build(t.members, t.schema.ty, least, nil, cty.NilVal),
	}
	settable(t.members, nil, func(at path) {
		if !t.deep(at) {
			configs = append(configs, build(t.members, t.schema.ty, least, at, sample(at.last(), least, 0)))
			if at.last().isBlock() {
				configs = append(configs, build(t.members, t.schema.ty, least, at, sample(at.last(), everything, 0)))
			}
		}
	})
	if t.large {
		configs = configs[1:]
	}
	found := map[string]relation{}
	for i := 0; i < len(configs); i++ {
		problems, err := t.provider.validate(ctx, t.tf, t.schema, configs[i])
		if err != nil {
			return err
		}
		for _, d := range problems {
			r, ok := t.relationIn(d)
			if !ok {
				continue
			}
			// The provider names the first conflict of a member. Without the other side, it names the next.
			if _, known := found[r.String()]; !known && r.kind == "conflicts" && !t.large {
				for _, p := range r.paths {
					if at := t.at(p); at != nil && !at.last().mustBeSet() {
						configs = append(configs, build(t.members, t.schema.ty, everything, at, absent(at.last())))
					}
				}
			}
			found[r.String()] = r
		}
	}
	t.rules = settle(found)
	return nil
}

// at returns the path that is written with dots, or nil.
func (t *target) at(dotted string) path {
	var out path
	settable(t.members, nil, func(at path) {
		if at.String() == dotted {
			out = at
		}
	})
	return out
}

var (
	conflictsWith = regexp.MustCompile(`^(?:Conflicting configuration arguments: )?"([^"]+)": conflicts with (\S+)$`)
	onlyOne       = regexp.MustCompile("only one of `([^`]+)` can be specified")
	oneMust       = regexp.MustCompile("one of `([^`]+)` must be specified")
	allMust       = regexp.MustCompile("\"([^\"]+)\": all of `([^`]+)` must be specified")

	notWith       = regexp.MustCompile(`Attribute "([^"]+)" cannot be specified when "([^"]+)" is specified`)
	oneOnly       = regexp.MustCompile(`when one \(and only one\) of \[([^\]]+)\] is required`)
	exactlyOne    = regexp.MustCompile(`Exactly one of these attributes must be configured: \[([^\]]+)\]`)
	atLeastOne    = regexp.MustCompile(`At least one (?:of these attributes must be configured:|attribute out of) \[([^\]]+)\]`)
	notTogether   = regexp.MustCompile(`These attributes cannot be configured together: \[([^\]]+)\]`)
	onlyWith      = regexp.MustCompile(`Attribute "([^"]+)" must be specified when "([^"]+)" is specified`)
	listSeparator = regexp.MustCompile(`[,\s]+`)
)

// relationIn reads a refusal as a rule.
func (t *target) relationIn(d diag) (relation, bool) {
	text := d.text()
	make := func(kind string, names ...string) (relation, bool) {
		r := relation{kind: kind}
		for _, name := range names {
			p, ok := t.pulumiPath(name)
			if !ok {
				return r, false
			}
			r.paths = append(r.paths, p)
		}
		if kind != "requires" {
			slices.Sort(r.paths)
		}
		r.paths = slices.Compact(r.paths)
		return r, len(r.paths) > 1
	}
	list := func(kind, names string) (relation, bool) {
		return make(kind, listSeparator.Split(strings.TrimSpace(names), -1)...)
	}
	switch {
	case conflictsWith.MatchString(text):
		m := conflictsWith.FindStringSubmatch(text)
		return make("conflicts", m[1], m[2])
	case notWith.MatchString(text):
		m := notWith.FindStringSubmatch(text)
		return make("conflicts", m[1], m[2])
	case notTogether.MatchString(text):
		return list("conflicts", notTogether.FindStringSubmatch(text)[1])
	case onlyOne.MatchString(text):
		return list("exactlyOneOf", onlyOne.FindStringSubmatch(text)[1])
	case oneOnly.MatchString(text):
		return list("exactlyOneOf", oneOnly.FindStringSubmatch(text)[1])
	case exactlyOne.MatchString(text):
		return list("exactlyOneOf", exactlyOne.FindStringSubmatch(text)[1])
	case allMust.MatchString(text):
		m := allMust.FindStringSubmatch(text)
		others := slices.DeleteFunc(strings.Split(m[2], ","), func(s string) bool { return s == m[1] })
		return make("requires", append([]string{m[1]}, others...)...)
	case onlyWith.MatchString(text):
		m := onlyWith.FindStringSubmatch(text)
		return make("requires", m[2], m[1])
	case oneMust.MatchString(text):
		return list("atLeastOneOf", oneMust.FindStringSubmatch(text)[1])
	case atLeastOne.MatchString(text):
		return list("atLeastOneOf", atLeastOne.FindStringSubmatch(text)[1])
	}
	return relation{}, false
}

// pulumiPath turns launch_template.0.id or launch_template[0].id into launchTemplate.id.
func (t *target) pulumiPath(tf string) (string, bool) {
	members := t.members
	var names []string
	for _, name := range strings.FieldsFunc(tf, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		if strings.Trim(name, "0123456789<") == "" || strings.HasPrefix(name, "Value(") {
			continue
		}
		i := slices.IndexFunc(members, func(m *member) bool { return m.tf == name && m.name != "" })
		if i < 0 {
			return "", false
		}
		names = append(names, members[i].name)
		members = members[i].members
	}
	return strings.Join(names, "."), len(names) > 0
}

// settle drops what another rule says already, and makes one rule of "one of them must be given" and conflicts of all of them.
func settle(found map[string]relation) []string {
	conflict := func(paths []string) bool {
		for i, a := range paths {
			for _, b := range paths[i+1:] {
				if _, ok := found[relation{"conflicts", []string{a, b}}.String()]; !ok {
					return false
				}
			}
		}
		return true
	}
	for text, r := range found {
		if r.kind == "atLeastOneOf" && conflict(r.paths) {
			delete(found, text)
			exact := relation{"exactlyOneOf", r.paths}
			found[exact.String()] = exact
		}
	}
	var exact []relation
	for _, r := range found {
		if r.kind == "exactlyOneOf" {
			exact = append(exact, r)
		}
	}
	var out []string
	for text, r := range found {
		covered := slices.ContainsFunc(exact, func(e relation) bool {
			switch r.kind {
			case "atLeastOneOf":
				return slices.Equal(e.paths, r.paths)
			case "conflicts":
				return !slices.ContainsFunc(r.paths, func(p string) bool { return !slices.Contains(e.paths, p) })
			}
			return false
		})
		if !covered {
			out = append(out, text)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
