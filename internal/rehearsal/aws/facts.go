package aws

import (
	"fmt"
	"strings"
	"sync"

	awsfacts "github.com/eks-platform/eks-platform/internal/facts/aws"
)

// resourceFacts are what the genuine provider does with one resource type, prepared for use.
type resourceFacts struct {
	*awsfacts.Resource

	relations []relation
	taggable  bool // has tags and tagsAll, so default and ignored tags apply
}

// prop is one property, at any depth.
type prop = awsfacts.Property

// prepared holds the resource types that have been asked for.
var prepared sync.Map

// resourceFactsOf returns a type's facts; a type that is not among them is refused by name.
func resourceFactsOf(typ string) (*resourceFacts, error) {
	if r, ok := prepared.Load(typ); ok {
		return r.(*resourceFacts), nil
	}
	f := awsfacts.ResourceOf(typ)
	if f == nil {
		return nil, fmt.Errorf("the rehearsal cloud does not know the resource type %s%s", typ, nearest(typ, awsfacts.Resources()))
	}
	r, err := prepare(f)
	if err != nil {
		return nil, fmt.Errorf("facts of the AWS provider: %s: %w", typ, err)
	}
	first, _ := prepared.LoadOrStore(typ, r)
	return first.(*resourceFacts), nil
}

func prepare(f *awsfacts.Resource) (*resourceFacts, error) {
	r := &resourceFacts{Resource: f, taggable: f.Props["tags"] != nil && f.Props["tagsAll"] != nil}
	for _, text := range f.Rules {
		rel, err := parseRelation(text)
		if err != nil {
			return nil, err
		}
		r.relations = append(r.relations, rel)
	}
	return r, nil
}

// typeName is the last part of a type token: "Vpc" of "aws:ec2/vpc:Vpc".
func typeName(typ string) string { return typ[strings.LastIndex(typ, ":")+1:] }

// moduleName is the service's module of a type token: "ec2" of "aws:ec2/vpc:Vpc".
func moduleName(typ string) string {
	_, rest, _ := strings.Cut(typ, ":")
	module, _, _ := strings.Cut(rest, "/")
	return module
}
