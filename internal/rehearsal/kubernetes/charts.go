package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver"
)

// chart is what the rehearsal cloud knows of a Helm chart, since it has no network to ask a repository.
type chart struct {
	name string
	// repository is where it is published: the URL of an index, or "oci://..." for the chart itself.
	repository string
	// versions are those that are known to exist, with the version of the application in each.
	versions map[string]string
	// definitions are the custom kinds that it brings.
	definitions []definition
	// crdsDirectory says that they are in the chart's crds directory, which skipCrds leaves out.
	crdsDirectory bool
	// crdsValue is the value, if any, that leaves them out when it is false: "crds.install".
	crdsValue string
	// objects are the names of what it brings that others refer to, by Pulumi type token, where they are not named
	// after the release.
	objects map[string][]string
}

// charts are the charts that the platform uses or that its users are likely to. Versions: the repositories' own
// indexes (their gh-pages branches, and the OCI tag of Karpenter). Definitions: the file named at each.
var charts = []chart{
	{
		name: "aws-load-balancer-controller", repository: "https://aws.github.io/eks-charts",
		versions: map[string]string{"3.5.0": "v3.5.0"},
		// aws/eks-charts, stable/aws-load-balancer-controller/crds/crds.yaml, and the chart's default of making its class.
		crdsDirectory: true,
		definitions: []definition{
			custom("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"), wide(custom("elbv2.k8s.aws/v1beta1", "IngressClassParams")),
			custom("gateway.k8s.aws/v1beta1", "LoadBalancerConfiguration"), custom("gateway.k8s.aws/v1beta1", "TargetGroupConfiguration"),
			custom("gateway.k8s.aws/v1beta1", "ListenerRuleConfiguration"),
		},
		objects: map[string][]string{ingressClassToken: {"alb"}},
	},
	{
		name: "cluster-autoscaler", repository: "https://kubernetes.github.io/autoscaler",
		versions: map[string]string{"9.59.0": "1.35.0"},
	},
	{
		name: "secrets-store-csi-driver", repository: "https://kubernetes-sigs.github.io/secrets-store-csi-driver/charts",
		versions: map[string]string{"1.6.0": "1.6.0"},
		// kubernetes-sigs/secrets-store-csi-driver, charts/secrets-store-csi-driver/crds.
		crdsDirectory: true, definitions: secretProviderClasses,
	},
	{
		name: "secrets-store-csi-driver-provider-aws", repository: "https://aws.github.io/secrets-store-csi-driver-provider-aws",
		versions: map[string]string{"3.1.1": "3.1.1"},
		// It contains the driver's chart unless that is switched off.
		crdsDirectory: true, crdsValue: "secrets-store-csi-driver.install", definitions: secretProviderClasses,
	},
	{
		name: "external-secrets", repository: "https://charts.external-secrets.io",
		versions: map[string]string{"2.9.0": "v2.9.0"},
		// external-secrets/external-secrets, config/crds/bases.
		crdsValue: "installCRDs",
		definitions: []definition{
			custom("external-secrets.io/v1", "ExternalSecret"), custom("external-secrets.io/v1", "SecretStore"),
			wide(custom("external-secrets.io/v1", "ClusterSecretStore")), wide(custom("external-secrets.io/v1", "ClusterExternalSecret")),
			custom("external-secrets.io/v1alpha1", "PushSecret"), wide(custom("external-secrets.io/v1alpha1", "ClusterPushSecret")),
			custom("generators.external-secrets.io/v1alpha1", "ECRAuthorizationToken"),
			custom("generators.external-secrets.io/v1alpha1", "Password"),
			custom("generators.external-secrets.io/v1alpha1", "STSSessionToken"),
			custom("generators.external-secrets.io/v1alpha1", "UUID"), custom("generators.external-secrets.io/v1alpha1", "Webhook"),
		},
	},
	{
		name: "argo-cd", repository: "https://argoproj.github.io/argo-helm",
		versions: map[string]string{"10.1.1": "v3.4.4"},
		// argoproj/argo-helm, charts/argo-cd/templates/crds.
		crdsValue: "crds.install",
		definitions: []definition{
			custom("argoproj.io/v1alpha1", "Application"), custom("argoproj.io/v1alpha1", "ApplicationSet"),
			custom("argoproj.io/v1alpha1", "AppProject"),
		},
	},
	// aws/karpenter-provider-aws, charts/karpenter/crds and charts/karpenter-crd/templates.
	{
		name: "karpenter", repository: "oci://public.ecr.aws/karpenter/karpenter",
		versions: map[string]string{"1.14.1": "1.14.1"}, crdsDirectory: true, definitions: karpenterKinds,
	},
	{
		name: "karpenter-crd", repository: "oci://public.ecr.aws/karpenter/karpenter-crd",
		versions: map[string]string{"1.14.1": "1.14.1"}, definitions: karpenterKinds,
	},
	{
		name: "headlamp", repository: "https://kubernetes-sigs.github.io/headlamp/",
		versions: map[string]string{"0.45.0": "0.45.0"},
	},
	{
		name: "metrics-server", repository: "https://kubernetes-sigs.github.io/metrics-server/",
		versions: map[string]string{"3.13.1": "0.8.1"},
	},
	{
		name: "descheduler", repository: "https://kubernetes-sigs.github.io/descheduler/",
		versions: map[string]string{"0.36.0": "0.36.0"},
	},
	{
		name: "fluent-bit", repository: "https://fluent.github.io/helm-charts",
		versions: map[string]string{"0.58.1": "5.1.1"},
	},
	{
		name: "aws-for-fluent-bit", repository: "https://aws.github.io/eks-charts",
		versions: map[string]string{"0.2.0": "3.2.1"},
	},
	{
		name: "aws-ebs-csi-driver", repository: "https://kubernetes-sigs.github.io/aws-ebs-csi-driver",
		versions: map[string]string{"2.64.0": "1.64.0"},
	},
	{
		name: "aws-efs-csi-driver", repository: "https://kubernetes-sigs.github.io/aws-efs-csi-driver",
		versions: map[string]string{"4.4.1": "3.4.1"},
	},
}

var secretProviderClasses = []definition{
	custom("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"),
	custom("secrets-store.csi.x-k8s.io/v1", "SecretProviderClassPodStatus"),
}

var karpenterKinds = []definition{
	wide(custom("karpenter.sh/v1", "NodePool")), wide(custom("karpenter.sh/v1", "NodeClaim")),
	wide(custom("karpenter.sh/v1alpha1", "NodeOverlay")), wide(custom("karpenter.k8s.aws/v1", "EC2NodeClass")),
}

// clusterDefinitions are in every EKS cluster: the control plane's VPC resource controller makes them
// (aws/amazon-vpc-resource-controller-k8s, config/crd/bases).
var clusterDefinitions = []definition{
	custom("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy"),
	wide(custom("vpcresources.k8s.aws/v1alpha1", "CNINode")),
}

// addonDefinitions come with EKS add-ons (aws/amazon-vpc-cni-k8s, charts/aws-vpc-cni/crds).
var addonDefinitions = map[string][]definition{
	"vpc-cni": {
		wide(custom("crd.k8s.amazonaws.com/v1alpha1", "ENIConfig")),
		custom("networking.k8s.aws/v1alpha1", "PolicyEndpoint"),
	},
}

// custom is a namespaced custom kind whose structure is not known.
func custom(apiVersion, kind string) definition {
	group, version, _ := strings.Cut(apiVersion, "/")
	return definition{group: group, kind: kind, versions: []string{version}}
}

// wide makes a custom kind one without namespaces.
func wide(d definition) definition {
	d.clusterWide = true
	return d
}

// chartNamed returns the chart of a name, or nil.
func chartNamed(name string) *chart {
	for i := range charts {
		if charts[i].name == name {
			return &charts[i]
		}
	}
	return nil
}

// switchedOff says whether a release's values leave out the chart's definitions.
func (c *chart) switchedOff(values map[string]any) bool {
	if c.crdsValue == "" {
		return false
	}
	var v any = values
	for _, key := range strings.Split(c.crdsValue, ".") {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v == false
}

// resolveChart finds a release's chart in its repository and returns the version that its constraint picks. A chart
// that the rehearsal cloud does not know is taken at its word, if the word is an exact version.
func resolveChart(r *release) (string, error) {
	if r.Chart == "" {
		return "", fmt.Errorf("no chart name found")
	}
	isOCI := strings.HasPrefix(r.Chart, "oci://")
	if isOCI && r.RepositoryOpts.Repo != "" {
		return "", fmt.Errorf("repositoryOpts.repo must not be set for the OCI chart %s", r.Chart)
	}
	exact, exactErr := semver.Parse(strings.TrimPrefix(r.Version, "v"))
	allows := func(semver.Version) bool { return true }
	if r.Version != "" && exactErr != nil {
		var err error
		if allows, err = constraint(r.Version); err != nil {
			return "", err
		}
	}
	repo := strings.TrimSuffix(r.RepositoryOpts.Repo, "/")
	var known *chart
	sameRepository := false
	for i := range charts {
		c := &charts[i]
		home := strings.TrimSuffix(c.repository, "/")
		sameRepository = sameRepository || repo != "" && home == repo
		if isOCI && home == strings.TrimSuffix(r.Chart, "/") || !isOCI && c.name == r.Chart && home == repo {
			known = c
		}
	}
	switch {
	case known == nil && exactErr == nil:
		return r.Version, nil
	case known == nil && sameRepository:
		return "", fmt.Errorf("the rehearsal cloud knows no chart %q in %s; pin an exact version to have it taken as given", r.Chart, repo)
	case known == nil:
		return "", fmt.Errorf("the rehearsal cloud does not know which versions of chart %q there are; pin an exact one", r.Chart)
	case exactErr == nil:
		if latest := known.latest(); exact.Major > latest.Major {
			return "", fmt.Errorf("chart %q version %q not found in %s; the newest known is %s", known.name, r.Version, known.repository, latest)
		}
		return r.Version, nil
	}
	var found []semver.Version
	for v := range known.versions {
		if parsed := semver.MustParse(v); allows(parsed) {
			found = append(found, parsed)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("chart %q matching %s not found in %s", known.name, r.Version, known.repository)
	}
	return slices.MaxFunc(found, semver.Version.Compare).String(), nil
}

// latest returns the newest known version of a chart.
func (c *chart) latest() semver.Version {
	var out semver.Version
	for v := range c.versions {
		if parsed := semver.MustParse(v); parsed.GT(out) {
			out = parsed
		}
	}
	return out
}
