package aws

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

const (
	accessEntryType       = "aws:eks/accessEntry:AccessEntry"
	policyAssociationType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
	podAssociationType    = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

	// hiddenAccessEntry is an entry that EKS makes: for the creator of a cluster, and for the role of a node group.
	hiddenAccessEntry = "hidden:eks/accessEntry"
	// hiddenPodAssociation is a Pod Identity association that an add-on owns.
	hiddenPodAssociation = "hidden:eks/podIdentityAssociation"
)

// accessPolicies are the policies that an access entry can carry
// (https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html).
var accessPolicies = []string{
	"AmazonEKSAdminPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy",
	"AmazonEKSSecretReaderPolicy", "AmazonEKSAutoNodePolicy", "AmazonEKSNetworkingPolicy", "AmazonEKSComputePolicy",
	"AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSClusterInsightsPolicy", "AmazonEKSHybridPolicy",
}

var (
	principalForm = regexp.MustCompile(`^arn:[a-z-]+:iam::\d{12}:(role|user)/.+$`)
	// namespaceForm is an RFC 1123 label, in which access scopes also take wildcards.
	namespaceForm = regexp.MustCompile(`^[a-z0-9*?]([a-z0-9*?-]{0,61}[a-z0-9*?])?$`)
)

// reservedNames begin the groups and user names that nobody can be given
// (https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html).
var reservedNames = []string{"system:", "eks:", "aws:", "amazon:", "iam:"}

const entryInUse = "The specified access entry resource is already in use on this cluster. (%s)"

func init() {
	register(accessEntryType, &Service{
		NewID:  claim(":", []string{"clusterName", "principalArn"}, "ResourceInUseException", entryInUse),
		Create: createAccessEntry, Update: updateAccessEntry,
	})
	register(policyAssociationType, &Service{
		NewID: claim("#", []string{"clusterName", "principalArn", "policyArn"}, "ResourceInUseException",
			"The policy is already associated with the access entry (%s)"),
		Create: createPolicyAssociation,
	})
	register(podAssociationType, &Service{NewID: podAssociationID, Create: createPodAssociation, Update: updatePodAssociation})
}

// findEntry returns the access entry of a principal, whoever made it.
func findEntry(c *Call, cluster, principal string) (*cloud.Object, bool) {
	for _, typ := range []string{accessEntryType, hiddenAccessEntry} {
		if o, ok := c.get(typ, cluster+":"+principal); ok {
			return o, true
		}
	}
	return nil, false
}

// putHiddenEntry makes an access entry on behalf of EKS, unless the principal has one.
func putHiddenEntry(c *Call, cluster, principal, typ string) error {
	if _, ok := findEntry(c, cluster, principal); ok {
		return nil
	}
	return c.Tx.Put(&cloud.Object{
		Scope: c.Scope, Type: hiddenAccessEntry, ID: cluster + ":" + principal,
		Owner:      (&cloud.Object{Scope: c.Scope, Type: clusterType, ID: cluster}).Key(),
		Attributes: cloud.Attributes{"clusterName": cluster, "principalArn": principal, "type": typ},
	})
}

func createAccessEntry(c *Call) error {
	a := c.attrs()
	name, principal := a.text("clusterName"), a.text("principalArn")
	cluster, err := findCluster(c, name)
	if err != nil {
		return err
	}
	if attrs(cluster.Attributes).block("accessConfig").text("authenticationMode") == "CONFIG_MAP" {
		return refuse("InvalidRequestException", "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.")
	}
	// Whether the principal exists is not checked, though EKS does: an account has more roles than a rehearsal makes.
	if !principalForm.MatchString(principal) || !strings.HasPrefix(principal, "arn:"+c.Partition+":") {
		return refuse("InvalidParameterException", "The principalArn parameter format is not valid (%s)", principal)
	}
	if _, twice := findEntry(c, name, principal); twice {
		return refuse("ResourceInUseException", entryInUse, principal)
	}
	c.fill("type", "STANDARD")
	if a.text("type") != "STANDARD" && (a.has("kubernetesGroups") || a.has("userName")) {
		return refuse("InvalidRequestException", "You cannot set kubernetesGroups or username for an access entry of type %s", a.text("type"))
	}
	kind, rest, _ := strings.Cut(principal[strings.LastIndex(principal, ":")+1:], "/")
	last := rest[strings.LastIndex(rest, "/")+1:]
	c.Attributes["accessEntryArn"] = c.arn("eks", strings.Join([]string{"access-entry", name, kind, c.Scope.Account, last, newUUID()}, "/"))
	c.Attributes["createdAt"] = timestamp()
	c.Attributes["modifiedAt"] = c.Attributes["createdAt"]
	switch {
	case a.text("type") != "STANDARD":
		c.fill("userName", "system:node:{{EC2PrivateDNSName}}")
		c.fill("kubernetesGroups", []any{"system:nodes"})
		return nil
	case kind == "role":
		c.fill("userName", strings.Join([]string{"arn", c.Partition, "sts", "", c.Scope.Account, "assumed-role/" + last + "/{{SessionName}}"}, ":"))
	default:
		c.fill("userName", principal)
	}
	c.fill("kubernetesGroups", []any{})
	return checkGroups(a)
}

func updateAccessEntry(c *Call) error {
	c.Attributes["modifiedAt"] = timestamp()
	if c.attrs().text("type") != "STANDARD" {
		return nil
	}
	return checkGroups(c.attrs())
}

func checkGroups(a attrs) error {
	for _, prefix := range reservedNames {
		for _, g := range a.texts("kubernetesGroups") {
			if strings.HasPrefix(g, prefix) {
				return refuse("InvalidParameterException", "The kubernetes group name %s is invalid, it cannot start with %s", g, prefix)
			}
		}
		if name := a.text("userName"); strings.HasPrefix(name, prefix) {
			return refuse("InvalidParameterException", "The username %s is invalid, it cannot start with %s", name, prefix)
		}
	}
	return nil
}

func createPolicyAssociation(c *Call) error {
	a := c.attrs()
	cluster, principal, policy := a.text("clusterName"), a.text("principalArn"), a.text("policyArn")
	if _, err := findCluster(c, cluster); err != nil {
		return err
	}
	entry, ok := findEntry(c, cluster, principal)
	if !ok {
		return refuse("ResourceNotFoundException", "The specified principalArn could not be found. You can view your available access entries with "+
			"'list-access-entries'. (%s)", principal)
	}
	if typ := attrs(entry.Attributes).text("type"); typ != "STANDARD" && typ != "EC2" {
		return refuse("InvalidRequestException", "You cannot associate access policies with an access entry of type %s", typ)
	}
	name, ok := strings.CutPrefix(policy, "arn:"+c.Partition+":eks::aws:cluster-access-policy/")
	if !ok || !slices.Contains(accessPolicies, name) {
		return refuse("InvalidParameterException", "The policyArn parameter format is not valid (%s)", policy)
	}
	scope := a.block("accessScope")
	switch kind, namespaces := scope.text("type"), scope.texts("namespaces"); {
	case kind == "cluster" && len(namespaces) > 0:
		return refuse("InvalidParameterException", "You cannot specify namespaces for an access scope of type cluster")
	case kind == "namespace" && len(namespaces) == 0:
		return refuse("InvalidParameterException", "Provide at least one namespace for an access scope of type namespace")
	case kind != "cluster" && kind != "namespace":
		return refuse("InvalidParameterException", "The access scope type %q is not valid: use cluster or namespace", kind)
	default:
		for _, n := range namespaces {
			if !namespaceForm.MatchString(n) {
				return refuse("InvalidParameterException", "The namespace %q of the access scope is not valid", n)
			}
		}
	}
	c.Attributes["associatedAt"] = time.Now().UTC().String() // the provider prints this one with Go's default form
	c.Attributes["modifiedAt"] = c.Attributes["associatedAt"]
	return nil
}

func podAssociationID(*Call) (string, error) { return "a-" + randomHex(17), nil }

func createPodAssociation(c *Call) error {
	a := c.attrs()
	cluster := a.text("clusterName")
	in, err := findCluster(c, cluster)
	if err != nil {
		return err
	}
	c.Attributes["associationId"] = c.ID
	c.Attributes["associationArn"] = c.arn("eks", "podidentityassociation/"+cluster+"/"+c.ID)
	if err := podRole(c, a.text("roleArn"), in, a.text("namespace"), a.text("serviceAccount")); err != nil {
		return err
	}
	return podAssociationFree(c, cluster, a.text("namespace"), a.text("serviceAccount"))
}

func updatePodAssociation(c *Call) error {
	a := c.attrs()
	in, err := findCluster(c, a.text("clusterName"))
	if err != nil {
		return err
	}
	return podRole(c, a.text("roleArn"), in, a.text("namespace"), a.text("serviceAccount"))
}

// podAssociationOf returns the association of a service account, whoever made it.
func podAssociationOf(c *Call, cluster, namespace, account string) (*cloud.Object, bool) {
	for _, typ := range []string{podAssociationType, hiddenPodAssociation} {
		for _, o := range c.others(c.referring(typ, "clusterName", cluster)) {
			a := attrs(o.Attributes)
			if a.text("namespace") == namespace && a.text("serviceAccount") == account {
				return o, true
			}
		}
	}
	return nil, false
}

func podAssociationFree(c *Call, cluster, namespace, account string) error {
	if o, ok := podAssociationOf(c, cluster, namespace, account); ok {
		return refuse("ResourceInUseException", "Association already exists: %s (%s/%s)", o.ID, namespace, account)
	}
	return nil
}
