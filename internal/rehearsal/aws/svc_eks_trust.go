package aws

import (
	"maps"
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// podRole checks a role that the pods of a service account are to get through Pod Identity. EKS refuses one that its
// service may not assume at all; whether the conditions of the trust fit these pods shows only when they ask for
// credentials (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html), so that it is worth a warning.
func podRole(c *Call, arn string, cluster *cloud.Object, namespace, account string) error {
	const service = "pods.eks.amazonaws.com"
	actions := []string{"sts:AssumeRole", "sts:TagSession"}
	role, ok := findRoleByARN(c, arn)
	if !ok {
		return refuse("InvalidParameterException", "Role provided in the request does not exist. (%s)", arn)
	}
	if !trusts(role, service, actions...) {
		return refuse("InvalidParameterException", "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue. "+
			"(%s must let %s do sts:AssumeRole and sts:TagSession)", arn, service)
	}
	session := map[string]string{
		"aws:requesttag/eks-cluster-arn":            attrs(cluster.Attributes).text("arn"),
		"aws:requesttag/eks-cluster-name":           cluster.ID,
		"aws:requesttag/kubernetes-namespace":       namespace,
		"aws:requesttag/kubernetes-service-account": account,
		"aws:sourcearn":                             attrs(cluster.Attributes).text("arn"),
		"aws:sourceaccount":                         c.Scope.Account,
	}
	trust, err := parsePolicy(documentText(role.Attributes["assumeRolePolicy"]), trustPolicy)
	if err != nil {
		return err
	}
	var misfit string
	for _, action := range actions {
		if !trust.allows(action, "Service", service, func(s statement) bool {
			why := s.missed(session)
			if s.allow && why != "" {
				misfit = why
			}
			return why == ""
		}) {
			c.warn("the pods of service account %s/%s get no credentials: the trust policy of %s does not let them do %s (%s); EKS accepts the association all the same",
				namespace, account, arn, action, misfit)
			return nil
		}
	}
	return nil
}

// missed returns a condition of a statement that does not hold for values of condition keys (in lower case), or "". What
// other keys and operators ask is taken for granted.
func (s statement) missed(values map[string]string) string {
	for _, operator := range slices.Sorted(maps.Keys(s.conditions)) {
		exact := strings.HasPrefix(operator, "StringEquals")
		like := strings.HasPrefix(operator, "StringLike") || strings.HasPrefix(operator, "ArnLike") || strings.HasPrefix(operator, "ArnEquals")
		if !exact && !like {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(s.conditions[operator])) {
			value, known := values[strings.ToLower(key)]
			wanted := s.conditions[operator][key]
			if known && !slices.ContainsFunc(wanted, func(w string) bool { return w == value || like && matches(w, value) }) {
				return operator + " " + key + " is " + strings.Join(wanted, " or ") + ", not " + value
			}
		}
	}
	return ""
}
