package tenancy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	kubecore "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
)

// maxPolicies is IAM's default quota of managed policies per role.
const maxPolicies = 10

var (
	policyARN = regexp.MustCompile(`^arn:([a-z-]+):iam::(aws|[0-9]{12}):policy/(.+)$`)
	action    = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	anyARN    = regexp.MustCompile(`^arn:[a-z*-]+:[a-z0-9*-]+:.*$`)
	// unusual is what IAM takes in names, and the tags of EKS or a logical name might not.
	unusual = regexp.MustCompile(`[^A-Za-z0-9_.-]`)
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretARN  = regexp.MustCompile(`^arn:([a-z-]+):secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:([A-Za-z0-9/_+=.@-]+)-[A-Za-z0-9]{6}$`)
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
	parameterName = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// kind returns how the account's pods get a role.
func (sa ServiceAccount) kind() IdentityKind {
	if sa.Identity == "" {
		return PodIdentity
	}
	return sa.Identity
}

// mounts tells whether the account has a SecretProviderClass.
func (sa ServiceAccount) mounts() bool { return len(sa.Secrets)+len(sa.Parameters) > 0 }

// problems checks an account by itself.
func (sa ServiceAccount) problems() problem.List {
	var out problem.List
	switch {
	case !dnsLabel.MatchString(sa.Name) || len(sa.Name) > 63:
		out.Add("name", "must be 1 to 63 lower-case letters, digits and hyphens, the first and last no hyphen, got %q", sa.Name)
	case sa.Name == "default":
		out.Add("name", "default is the account that Kubernetes makes in every namespace: give pods with rights one of their own")
	}
	switch sa.kind() {
	case PodIdentity, IRSA:
	case NoIdentity:
		if len(sa.PolicyARNs)+len(sa.Statements) > 0 || sa.mounts() {
			out.Add("identity", "must not be none: without a role there is nothing to give policies, statements, secrets or parameters to")
		}
	default:
		out.Add("identity", "must be one of podIdentity, irsa, none, got %q", sa.Identity)
	}
	sa.policyProblems(&out)
	for i, s := range sa.Statements {
		out = append(out, s.problems().Under(fmt.Sprintf("statements[%d]", i))...)
	}
	sa.mountProblems(&out)
	return out
}

func (sa ServiceAccount) policyProblems(out *problem.List) {
	if len(sa.PolicyARNs) > maxPolicies {
		out.Add("policyArns", "IAM takes at most %d policies for a role, got %d", maxPolicies, len(sa.PolicyARNs))
	}
	for i, arn := range sa.PolicyARNs {
		at := fmt.Sprintf("policyArns[%d]", i)
		m := policyARN.FindStringSubmatch(arn)
		switch {
		case m == nil:
			out.Add(at, "must be the ARN of an IAM policy, got %q", arn)
		case m[2] == "aws" && m[3] == "AdministratorAccess":
			out.Add(at, "AdministratorAccess allows every action on every resource: name what the pods need")
		case slices.Index(sa.PolicyARNs, arn) < i:
			out.Add(at, "%s is listed already", arn)
		}
	}
}

func (s Statement) problems() problem.List {
	var out problem.List
	for _, list := range []struct {
		name   string
		values []string
		valid  *regexp.Regexp
		rule   string
	}{
		{"actions", s.Actions, action, "must be an action of an AWS service, such as s3:GetObject, got %q"},
		{"resources", s.Resources, anyARN, "must be an ARN, or * alone, got %q"},
	} {
		if len(list.values) == 0 {
			out.Add(list.name, "is required")
		}
		for i, v := range list.values {
			at := fmt.Sprintf("%s[%d]", list.name, i)
			switch {
			case !everything(v) && !list.valid.MatchString(v):
				out.Add(at, list.rule, v)
			case slices.Index(list.values, v) < i:
				out.Add(at, "%q is listed already", v)
			}
		}
	}
	if slices.ContainsFunc(s.Actions, everything) && slices.ContainsFunc(s.Resources, everything) {
		out.Add("", "allows every action on every resource: name what the pods need")
	}
	return out
}

// everything tells whether an action or a resource is all there are.
func everything(v string) bool { return v != "" && strings.Trim(v, "*:") == "" }

// mountProblems checks secrets and parameters, and that no two of them are mounted as one file.
func (sa ServiceAccount) mountProblems(out *problem.List) {
	for i, s := range sa.Secrets {
		if !strings.HasPrefix(s, "arn:") && !secretName.MatchString(s) || strings.HasPrefix(s, "arn:") && !secretARN.MatchString(s) {
			out.Add(fmt.Sprintf("secrets[%d]", i), "must be the name of a secret, or its full ARN with the hyphen and six characters "+
				"at its end, got %q", s)
		}
	}
	for i, p := range sa.Parameters {
		at := fmt.Sprintf("parameters[%d]", i)
		switch {
		case !parameterName.MatchString(p):
			out.Add(at, "must be the full path of a parameter, such as /%s/database, got %q", sa.Name, p)
		case strings.HasPrefix(p, "/aws/"):
			out.Add(at, "%s is a parameter of AWS, not of this account", p)
		}
	}
	files := map[string]string{}
	for _, m := range sa.mounted() {
		if other, twice := files[m.file()]; twice {
			out.Add(m.at, "would be mounted as %s, like %s: the provider takes each name once", m.file(), other)
			continue
		}
		files[m.file()] = m.at
	}
}

// accountProblems checks an account on this cluster.
func (a *Args) accountProblems(sa ServiceAccount) problem.List {
	var out problem.List
	partition := region.Partition(a.Region)
	for i, arn := range sa.PolicyARNs {
		if m := policyARN.FindStringSubmatch(arn); m != nil && m[1] != partition {
			out.Add(fmt.Sprintf("policyArns[%d]", i), "must be in partition %s, that of %s, got %s", partition, a.Region, m[1])
		}
	}
	for i, s := range sa.Secrets {
		if m := secretARN.FindStringSubmatch(s); m != nil && m[2] != a.Region {
			out.Add(fmt.Sprintf("secrets[%d]", i), "must be in %s, the cluster's region, got one in %s", a.Region, m[2])
		}
	}
	if sa.mounts() && !a.SecretsDriverInstalled {
		at := "secrets"
		if len(sa.Secrets) == 0 {
			at = "parameters"
		}
		out.Add(at, "the cluster has no Secrets Store CSI driver: turn on secrets at its owner, and update that first")
	}
	return out
}

// mount is a secret or a parameter, as the provider of AWS reads it from a SecretProviderClass
// (https://github.com/aws/secrets-store-csi-driver-provider-aws#secretproviderclass-options).
type mount struct {
	ObjectName  string `json:"objectName"`
	ObjectType  string `json:"objectType"`
	ObjectAlias string `json:"objectAlias,omitempty"`
	at          string
}

// file is what the mounted file is called.
func (m mount) file() string {
	name := m.ObjectName
	if m.ObjectAlias != "" {
		name = m.ObjectAlias
	}
	return strings.ReplaceAll(name, "/", "_")
}

// mounted returns the secrets and parameters of an account. A secret given by its ARN is a file with its name, too.
func (sa ServiceAccount) mounted() []mount {
	var out []mount
	for i, s := range sa.Secrets {
		m := mount{ObjectName: s, ObjectType: "secretsmanager", at: fmt.Sprintf("secrets[%d]", i)}
		if arn := secretARN.FindStringSubmatch(s); arn != nil {
			m.ObjectAlias = arn[3]
		}
		out = append(out, m)
	}
	for i, p := range sa.Parameters {
		out = append(out, mount{ObjectName: p, ObjectType: "ssmparameter", at: fmt.Sprintf("parameters[%d]", i)})
	}
	return out
}

// readPolicy allows to read exactly the account's secrets and parameters. A secret's ARN ends in a hyphen and six
// characters that nobody chooses: six question marks stand for them, where a star would also match longer names
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html).
func (a *Args) readPolicy(sa ServiceAccount) iamdoc.Document {
	var doc iamdoc.Document
	partition := region.Partition(a.Region)
	var secrets, parameters []string
	for _, s := range sa.Secrets {
		if !strings.HasPrefix(s, "arn:") {
			s = fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-??????", partition, a.Region, a.AccountID, s)
		}
		secrets = append(secrets, s)
	}
	for _, p := range sa.Parameters {
		parameters = append(parameters, fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", partition, a.Region, a.AccountID, strings.TrimPrefix(p, "/")))
	}
	if secrets != nil {
		doc.Statements = append(doc.Statements, iamdoc.Statement{
			Sid: "ReadSecrets", Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, Resources: secrets,
		})
	}
	if parameters != nil {
		doc.Statements = append(doc.Statements, iamdoc.Statement{
			Sid: "ReadParameters", Actions: []string{"ssm:GetParameters", "ssm:GetParameter"}, Resources: parameters,
		})
	}
	return doc
}

// accountKey names an account across namespaces.
func accountKey(namespace, account string) string { return namespace + "." + account }

// arnKey names an ARN: by its end, for people, and by a digest of the whole.
func arnKey(arn string) string {
	name := unusual.ReplaceAllString(arn[strings.LastIndexAny(arn, "/:")+1:], "-")
	digest := sha256.Sum256([]byte(arn))
	return fmt.Sprintf("%s-%x", name, digest[:4])
}

// createRoles registers the roles of all service accounts, with what they allow.
func (b *builder) createRoles(t *Tenancy) error {
	for _, n := range b.spaces {
		for _, sa := range n.ServiceAccounts {
			if sa.kind() == NoIdentity {
				continue
			}
			role, err := b.createRole(n, sa)
			if err != nil {
				return err
			}
			t.roles[accountKey(n.Name, sa.Name)] = role
		}
	}
	return nil
}

func (b *builder) createRole(n space, sa ServiceAccount) (*identity.Role, error) {
	a := b.args
	args := identity.Args{
		Key:         accountKey(n.Name, sa.Name),
		Description: fmt.Sprintf("Pods of service account %s in namespace %s", sa.Name, n.Name),
		Region:      a.Region, AccountID: a.AccountID, ClusterName: a.ClusterName,
		Namespace: n.Name, ServiceAccount: sa.Name, Tags: a.Tags,
	}
	if sa.kind() == IRSA {
		if a.OIDC == nil {
			return nil, fmt.Errorf("create the role of service account %s in namespace %s: identity irsa needs the cluster's OIDC provider", sa.Name, n.Name)
		}
		args.OIDC = a.OIDC
	}
	role, err := identity.New(b.ctx, b.kids, args)
	if err != nil {
		return nil, err
	}
	for _, arn := range sa.PolicyARNs {
		if err := role.Attach("policy."+arnKey(arn), arn); err != nil {
			return nil, err
		}
	}
	if len(sa.Statements) > 0 {
		var doc iamdoc.Document
		for _, s := range sa.Statements {
			doc.Statements = append(doc.Statements, iamdoc.Statement{Actions: s.Actions, Resources: s.Resources})
		}
		if err := role.Allow("policy.own", pulumi.String(doc.JSON())); err != nil {
			return nil, err
		}
	}
	if sa.mounts() {
		if err := role.Allow("policy.secrets", pulumi.String(a.readPolicy(sa).JSON())); err != nil {
			return nil, err
		}
	}
	if sa.kind() == PodIdentity {
		return role, role.Associate(a.ClusterNameOutput)
	}
	return role, nil
}

// createServiceAccounts registers the service accounts of a namespace, and what mounts their secrets.
func (b *builder) createServiceAccounts(t *Tenancy, n space, in pulumi.ResourceOption) error {
	for _, sa := range n.ServiceAccounts {
		key := accountKey(n.Name, sa.Name)
		meta := b.meta(sa.Name, n.Name)
		// SecurityGroupPolicies select accounts by their labels.
		meta.Labels = b.labels(map[string]string{nameLabel: sa.Name})
		if sa.kind() == IRSA {
			meta.Annotations = pulumi.StringMap{"eks.amazonaws.com/role-arn": t.roles[key].ARN}
		}
		_, err := kubecore.NewServiceAccount(b.ctx, b.inside.ID("account", key), &kubecore.ServiceAccountArgs{
			Metadata: meta,
		}, b.inside.Opts(in)...)
		if err != nil {
			return fmt.Errorf("create the service account %s of namespace %s: %w", sa.Name, n.Name, err)
		}
		if !sa.mounts() {
			continue
		}
		if err := b.createSecretProviderClass(n, sa, in); err != nil {
			return fmt.Errorf("create the secret provider class of service account %s in namespace %s: %w", sa.Name, n.Name, err)
		}
	}
	return nil
}

func (b *builder) createSecretProviderClass(n space, sa ServiceAccount, in pulumi.ResourceOption) error {
	objects, err := json.Marshal(sa.mounted()) // the provider reads YAML, which JSON is
	if err != nil {
		return err
	}
	parameters := pulumi.StringMap{"region": pulumi.String(b.args.Region), "objects": pulumi.String(objects)}
	if sa.kind() == PodIdentity {
		parameters["usePodIdentity"] = pulumi.String("true")
	}
	_, err = apiextensions.NewCustomResource(b.ctx, b.inside.ID("secrets", accountKey(n.Name, sa.Name)), &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("secrets-store.csi.x-k8s.io/v1"),
		Kind:       pulumi.String("SecretProviderClass"),
		Metadata:   b.meta(sa.Name, n.Name),
		OtherFields: map[string]any{"spec": pulumi.Map{
			"provider": pulumi.String("aws"), "parameters": parameters,
		}},
	}, b.inside.Opts(in, pulumi.DependsOn(b.args.SecretsDriver))...)
	return err
}
