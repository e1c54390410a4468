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

	"github.com/eks-platform/eks-platform/internal/arn"
	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/identity"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/region"
)

var (
	action = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	anyARN = regexp.MustCompile(`^arn:[a-z*-]+:[a-z0-9*-]+:.*$`)
	// unusual are characters that IAM allows in names, but that EKS's tags or a logical name might not.
	unusual = regexp.MustCompile(`[^A-Za-z0-9_.-]`)
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)
	secretARN  = regexp.MustCompile(`^arn:([a-z-]+):secretsmanager:([a-z0-9-]+):[0-9]{12}:secret:([A-Za-z0-9/_+=.@-]+)-[A-Za-z0-9]{6}$`)
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
	parameterName = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
)

// mounts reports whether the account has a SecretProviderClass.
func (sa ServiceAccount) mounts() bool { return len(sa.Secrets)+len(sa.Parameters) > 0 }

// problems checks an account on its own.
func (sa ServiceAccount) problems() problem.List {
	var out problem.List
	if sa.Name == "default" {
		out.Add("name", "default is the account that Kubernetes creates in every namespace: use another account for pods with permissions")
	}
	if sa.Identity == NoIdentity && (len(sa.PolicyARNs)+len(sa.Statements) > 0 || sa.mounts()) {
		out.Relate("identity", []string{"identity", "policyArns", "statements", "secrets", "parameters"},
			"must not be none with policies, statements, secrets or parameters, which need a role")
	}
	for i, policy := range sa.PolicyARNs {
		if name := policy[strings.LastIndex(policy, "/")+1:]; strings.Contains(policy, ":iam::aws:policy/") && slices.Contains(administrators, name) {
			out.Add(fmt.Sprintf("policyArns[%d]", i), "%s allows practically everything in the account: allow only what the pods need", name)
		}
	}
	for i, s := range sa.Statements {
		out = append(out, s.problems().Under(fmt.Sprintf("statements[%d]", i))...)
	}
	sa.mountProblems(&out)
	return out
}

// administrators are AWS managed policies that let a role do everything, or grant itself permission for it
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html).
var administrators = []string{
	"AdministratorAccess", "AdministratorAccess-Amplify", "AdministratorAccess-AWSElasticBeanstalk", "IAMFullAccess",
	"PowerUserAccess", "SystemAdministrator", "AWSOrganizationsFullAccess",
}

// governing are the services whose full access amounts to full access to the account, or to others.
var governing = []string{"iam", "organizations", "account", "sso"}

func (s Statement) problems() problem.List {
	var out problem.List
	for i, v := range s.Actions {
		at := fmt.Sprintf("actions[%d]", i)
		service, name, _ := strings.Cut(v, ":")
		switch {
		case !everything(v) && !action.MatchString(v):
			out.Add(at, "must be an action of an AWS service, such as s3:GetObject, got %q", v)
		case slices.Contains(governing, service) && everything(name):
			out.Add(at, "%s lets the pods grant themselves every permission: list the actions that they need", v)
		}
	}
	for i, v := range s.Resources {
		if !everything(v) && !anyARN.MatchString(v) {
			out.Add(fmt.Sprintf("resources[%d]", i), "must be an ARN, or * alone, got %q", v)
		}
	}
	if slices.ContainsFunc(s.Actions, everything) && slices.ContainsFunc(s.Resources, everyResource) {
		out.Relate("", []string{"actions", "resources"}, "allows every action on every resource: list what the pods need")
	}
	return out
}

// everything reports whether an action or a resource matches all of them.
func everything(v string) bool { return v != "" && strings.Trim(v, "*:") == "" }

var everyARN = regexp.MustCompile(`^arn:(\*|aws[a-z-]*)?[*:]*$`)

// everyResource reports whether a resource matches all resources, even as an ARN: arn:*:*:*.
func everyResource(v string) bool { return everything(v) || everyARN.MatchString(v) }

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
			out.Add(at, "%s is a public parameter of AWS, not of this account", p)
		}
	}
	files := map[string]string{}
	for _, m := range sa.mounted() {
		if other, twice := files[m.file()]; twice {
			out.Relate(m.at, []string{m.at, other}, "would be mounted as %s, like %s: file names must be unique", m.file(), other)
			continue
		}
		files[m.file()] = m.at
	}
}

// accountProblems checks an account on this cluster.
func (a *Args) accountProblems(sa ServiceAccount) problem.List {
	var out problem.List
	elsewhere := func(at string, place arn.Place, text string) {
		if wrong := place.Elsewhere(text); wrong != "" {
			out.Relate(at, []string{at, "$.aws"}, "%s", wrong)
		}
	}
	for i, policy := range sa.PolicyARNs { // a role accepts policies of its own account, and AWS's
		elsewhere(fmt.Sprintf("policyArns[%d]", i), arn.Place{Region: a.Region, AccountID: a.AccountID}, policy)
	}
	for i, s := range sa.Secrets {
		elsewhere(fmt.Sprintf("secrets[%d]", i), arn.Place{Region: a.Region}, s)
	}
	want := region.Partition(a.Region)
	for i, s := range sa.Statements {
		for j, r := range s.Resources {
			if got := arn.Partition(r); got != "" && got != want && !strings.Contains(got, "*") {
				at := fmt.Sprintf("statements[%d].resources[%d]", i, j)
				out.Relate(at, []string{at, "$.aws.region"}, "must be in partition %s, the partition of %s, got %s", want, a.Region, got)
			}
		}
	}
	size := 0
	for _, p := range a.policies(sa) {
		size += p.document.Size()
	}
	if size > iamdoc.MaxInline {
		out.Relate("", []string{"statements", "secrets", "parameters"}, "the role's own policies, of statements, secrets and parameters, would have "+
			"%d characters together and IAM takes %d: name fewer of them, or put them into policies of your own and name those in policyArns",
			size, iamdoc.MaxInline)
	}
	if sa.mounts() && !a.SecretsDriverInstalled {
		at := "secrets"
		if len(sa.Secrets) == 0 {
			at = "parameters"
		}
		out.Relate(at, []string{at, "$.secrets"}, "the cluster has no Secrets Store CSI driver: set secrets in its owner's stack file, and update the owner first")
	}
	return out
}

// mount is a secret or a parameter, in the AWS provider's format for SecretProviderClasses
// (https://github.com/aws/secrets-store-csi-driver-provider-aws#secretproviderclass-options).
type mount struct {
	ObjectName  string `json:"objectName"`
	ObjectType  string `json:"objectType"`
	ObjectAlias string `json:"objectAlias,omitempty"`
	at          string
}

// file is the name of the mounted file.
func (m mount) file() string {
	name := m.ObjectName
	if m.ObjectAlias != "" {
		name = m.ObjectAlias
	}
	return strings.ReplaceAll(name, "/", "_")
}

// mounted returns the secrets and parameters of an account. The file of a secret given by its ARN also has the secret's
// name.
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

// inlinePolicy is a policy that an account's role has of its own, and its part in logical names.
type inlinePolicy struct {
	key      string
	document iamdoc.Document
}

// policies returns the policies that an account's role has of its own.
func (a *Args) policies(sa ServiceAccount) []inlinePolicy {
	var out []inlinePolicy
	if len(sa.Statements) > 0 {
		var own iamdoc.Document
		for _, s := range sa.Statements {
			own.Statements = append(own.Statements, iamdoc.Statement{Actions: s.Actions, Resources: s.Resources})
		}
		out = append(out, inlinePolicy{"policy.own", own})
	}
	if sa.mounts() {
		out = append(out, inlinePolicy{"policy.secrets", a.readPolicy(sa)})
	}
	return out
}

// readPolicy allows reading exactly the account's secrets and parameters. A secret's ARN ends in a hyphen and six random
// characters: six question marks match them, where a star would also match longer names
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

// arnKey names an ARN by its end, for people, and by a digest of the whole.
func arnKey(arn string) string {
	name := unusual.ReplaceAllString(arn[strings.LastIndexAny(arn, "/:")+1:], "-")
	digest := sha256.Sum256([]byte(arn))
	return fmt.Sprintf("%s-%x", name, digest[:4])
}

// createRoles registers the roles of all service accounts, with their permissions.
func (b *builder) createRoles(t *Tenancy) error {
	for _, n := range b.spaces {
		for _, sa := range n.ServiceAccounts {
			if sa.Identity == NoIdentity {
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
	if sa.Identity == IRSA {
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
	for _, p := range a.policies(sa) {
		if err := role.Allow(p.key, pulumi.String(p.document.JSON())); err != nil {
			return nil, err
		}
	}
	if sa.Identity == PodIdentity {
		return role, role.Associate(a.ClusterNameOutput)
	}
	return role, nil
}

// createServiceAccounts registers the service accounts of a namespace, and the SecretProviderClasses for their secrets.
func (b *builder) createServiceAccounts(t *Tenancy, n space, in pulumi.ResourceOption) error {
	for _, sa := range n.ServiceAccounts {
		key := accountKey(n.Name, sa.Name)
		meta := b.meta(sa.Name, n.Name)
		// SecurityGroupPolicies select accounts by their labels.
		meta.Labels = b.labels(map[string]string{nameLabel: sa.Name})
		if sa.Identity == IRSA {
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
	if sa.Identity == PodIdentity {
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
