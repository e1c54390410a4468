package tenancy

// Capacity is the kind of nodes that the pods of an environment run on.
type Capacity string

const (
	// Spot binds pods to spot nodes.
	Spot Capacity = "spot"
	// OnDemand keeps pods off spot nodes.
	OnDemand Capacity = "onDemand"
)

// PodSecurity is a level of the Pod Security Standards
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
type PodSecurity string

const (
	// Privileged allows everything.
	Privileged PodSecurity = "privileged"
	// Baseline refuses known ways out of a container, such as host namespaces and host paths.
	Baseline PodSecurity = "baseline"
	// Restricted also requires hardened pods: no root, no privilege escalation, a seccomp profile.
	Restricted PodSecurity = "restricted"
)

// Settings are an environment's tenancy in a stack file.
type Settings struct {
	// Nodes that the environment's pods run on: spot binds all its namespaces to spot nodes, onDemand keeps them off.
	// Changing it affects only new pods; running ones stay where they are until they are replaced.
	Capacity Capacity `json:"capacity,omitempty" jsonschema:"enum=spot,enum=onDemand,default=onDemand"`
	// Pod Security level that namespaces enforce, in the version of the cluster's Kubernetes minor. Violations of
	// restricted always produce warnings and audit annotations. Changing it affects only new pods.
	PodSecurity PodSecurity `json:"podSecurity,omitempty" jsonschema:"enum=privileged,enum=baseline,enum=restricted,default=baseline"`
	// ResourceQuota of each namespace without its own: quantities, in quotes, by Kubernetes' resource names, such as
	// requests.cpu, limits.memory, pods, persistentvolumeclaims, services.loadbalancers or count/jobs.batch. By default
	// none. If a quota is lowered, existing objects stay, and new ones are refused.
	Quota map[string]string `json:"quota,omitempty"`
	// Default and allowed resources of containers in each namespace; a namespace can override each part.
	Limits Limits `json:"limits,omitempty"`
	// Traffic that each namespace allows in addition to DNS and the Pod Identity agent; a namespace can override each part.
	NetworkPolicy NetworkPolicy `json:"networkPolicy,omitempty"`
	// Namespaces of the environment itself. By default one, with the environment's name; an empty list means none. Removing
	// one deletes it with everything in it.
	Namespaces []Namespace `json:"namespaces,omitempty"`
	// Teams that share the environment. Adding one only adds its own objects; removing one deletes its namespaces with
	// everything in them.
	Tenants []Tenant `json:"tenants,omitempty"`
	// Who may use all of the environment's namespaces, including those of its tenants.
	Access []Access `json:"access,omitempty"`
	// Priority classes for pods; objects are called <environment>-<name>. Pods without one have priority 0. In Kubernetes,
	// pods of any namespace can use any class.
	PriorityClasses []PriorityClass `json:"priorityClasses,omitempty"`
}

// Namespace is one namespace and what is in it.
type Namespace struct {
	// Name in full: the environment's name, or beginning with it and a hyphen; up to 63 lower-case letters, digits and
	// hyphens. Changing it deletes the namespace with everything in it and creates a new one.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=63"`
	// Pod Security level that this namespace enforces; by default the environment's.
	PodSecurity PodSecurity `json:"podSecurity,omitempty" jsonschema:"enum=privileged,enum=baseline,enum=restricted"`
	// ResourceQuota of this namespace, instead of the environment's; an empty one means none.
	Quota map[string]string `json:"quota,omitempty"`
	// Default and allowed resources of containers; parts left out are the environment's.
	Limits Limits `json:"limits,omitempty"`
	// Traffic that this namespace allows; parts left out are the environment's.
	NetworkPolicy NetworkPolicy `json:"networkPolicy,omitempty"`
	// Service accounts, most of them with an IAM role. The account called default is Kubernetes' own and has none.
	ServiceAccounts []ServiceAccount `json:"serviceAccounts,omitempty"`
}

// Limits are the limit range of a namespace's containers: quantities, in quotes, by cpu, memory and ephemeral-storage.
type Limits struct {
	// Default limit of a container. By default memory 512Mi, and cpu 1 and ephemeral-storage 1Gi if the quota counts their
	// limits; resources in max but not here default to max.
	Default map[string]string `json:"default,omitempty"`
	// Default request of a container. By default cpu 100m and memory 128Mi, and ephemeral-storage 128Mi if the quota counts
	// its requests; resources in default but not here default to default.
	DefaultRequest map[string]string `json:"defaultRequest,omitempty"`
	// Maximum limit of a container; by default none.
	Max map[string]string `json:"max,omitempty"`
	// Minimum request of a container; by default none.
	Min map[string]string `json:"min,omitempty"`
}

// LoadBalancer is which load balancers reach pods.
type LoadBalancer string

const (
	// NoLoadBalancer lets none reach them.
	NoLoadBalancer LoadBalancer = "none"
	// PublicLoadBalancer lets those in the public subnets reach them.
	PublicLoadBalancer LoadBalancer = "public"
	// InternalLoadBalancer lets those in the private subnets reach them, and with them everything in these subnets.
	InternalLoadBalancer LoadBalancer = "internal"
	// AllLoadBalancers lets both reach them.
	AllLoadBalancers LoadBalancer = "publicAndInternal"
)

// Peers are the pods of the cluster that pods talk to.
type Peers string

const (
	// NoPeers allows none.
	NoPeers Peers = "none"
	// NamespacePeers are those of the same namespace.
	NamespacePeers Peers = "namespace"
	// TenantPeers are those of the tenant's namespaces.
	TenantPeers Peers = "tenant"
	// EnvironmentPeers are those of the environment's namespaces.
	EnvironmentPeers Peers = "environment"
)

// NetworkPolicy is the traffic of a namespace that is allowed. Everything else is denied, in both directions.
type NetworkPolicy struct {
	// Pods of the cluster that pods may talk to, in both directions, if the other side also allows it: none, those of the
	// same namespace, those of all the tenant's namespaces (for a namespace of the environment itself: of the same
	// namespace), or those of all the environment's namespaces. By default tenant.
	Peers Peers `json:"peers,omitempty" jsonschema:"enum=none,enum=namespace,enum=tenant,enum=environment"`
	// Load balancers with target type ip that may reach pods, on every TCP port: none, public, internal or
	// publicAndInternal. A policy can identify them only by their subnets. Internal ones are in the private subnets, like
	// nodes and pods, so internal admits these as well. By default none.
	LoadBalancer LoadBalancer `json:"loadBalancer,omitempty" jsonschema:"enum=none,enum=public,enum=internal,enum=publicAndInternal"`
	// Where pods may connect to outside their peers. By default TCP port 443 anywhere, so that AWS, image registries and the
	// Kubernetes API can be reached; a list replaces that, and an empty one allows nothing. List databases and other ports
	// here.
	Egress []Egress `json:"egress,omitempty"`
}

// Egress is a set of ports at a set of addresses.
type Egress struct {
	// Ranges of the cluster's address family, for example 10.16.64.0/20.
	CIDRs []string `json:"cidrs" jsonschema:"required,minItems=1,uniqueItems=true,format=network"`
	// Ports, at most 24, the network policy agent's maximum per range; by default every port of every protocol.
	Ports []int `json:"ports,omitempty" jsonschema:"maxItems=24,uniqueItems=true,minimum=1,maximum=65535"`
	// Protocol of the ports.
	Protocol string `json:"protocol,omitempty" jsonschema:"enum=tcp,enum=udp,default=tcp"`
}

// IdentityKind is how pods get the credentials of an IAM role.
type IdentityKind string

const (
	// PodIdentity uses EKS Pod Identity.
	PodIdentity IdentityKind = "podIdentity"
	// IRSA uses IAM roles for service accounts: the cluster's OIDC provider and AWS STS.
	IRSA IdentityKind = "irsa"
	// NoIdentity means none.
	NoIdentity IdentityKind = "none"
)

// ServiceAccount is a service account and what its pods may do in AWS.
type ServiceAccount struct {
	// Name of the service account: up to 63 lower-case letters, digits and hyphens. Changing it replaces the account and its
	// role.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=63"`
	// How its pods get an IAM role: podIdentity, irsa for pods that cannot use EKS Pod Identity, such as those on Fargate,
	// or none. A change takes effect when pods are replaced.
	Identity IdentityKind `json:"identity,omitempty" jsonschema:"enum=podIdentity,enum=irsa,enum=none,default=podIdentity"`
	// ARNs of IAM policies of the role, at most ten.
	PolicyARNs []string `json:"policyArns,omitempty" jsonschema:"maxItems=10,uniqueItems=true,format=iam-policy-arn"`
	// What the role allows in addition to its policies.
	Statements []Statement `json:"statements,omitempty"`
	// Secrets of AWS Secrets Manager, by name or by full ARN, that the role may read and that the SecretProviderClass with
	// the service account's name mounts as files, with slashes in names replaced by underscores. Secrets encrypted with
	// your own KMS key also need a statement with kms:Decrypt on it.
	Secrets []string `json:"secrets,omitempty" jsonschema:"uniqueItems=true"`
	// Parameters of AWS Systems Manager Parameter Store, by full path, that the role may read and the same
	// SecretProviderClass mounts.
	Parameters []string `json:"parameters,omitempty" jsonschema:"uniqueItems=true"`
}

// Statement allows actions on resources.
type Statement struct {
	// Actions, for example s3:GetObject.
	Actions []string `json:"actions" jsonschema:"required,minItems=1,uniqueItems=true"`
	// ARNs, with wildcards where needed, or only *. Every action on every resource is refused.
	Resources []string `json:"resources" jsonschema:"required,minItems=1,uniqueItems=true"`
}

// Tenant is a team with namespaces of its own.
type Tenant struct {
	// Name of the team: up to 40 lower-case letters, digits and hyphens. Changing it relabels its namespaces, and deletes
	// the one named after it with everything in it.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=40"`
	// Its namespaces; by default one called <environment>-<tenant>.
	Namespaces []Namespace `json:"namespaces,omitempty"`
	// Who may use the tenant's namespaces.
	Access []Access `json:"access,omitempty"`
	// Give the tenant's pods their own EC2 security group, for databases and other services that admit by group. Needs
	// addons.vpcCni.podSecurityGroups. Pods get it when they are replaced.
	PodSecurityGroup *PodSecurityGroup `json:"podSecurityGroup,omitempty"`
}

// PodSecurityGroup selects the pods of a tenant that are in its security group; with nothing set all are.
type PodSecurityGroup struct {
	// Labels of the pods. Cannot be combined with serviceAccounts.
	PodLabels map[string]string `json:"podLabels,omitempty"`
	// Service accounts of the pods. Cannot be combined with podLabels.
	ServiceAccounts []string `json:"serviceAccounts,omitempty" jsonschema:"uniqueItems=true"`
}

// Role is one of Kubernetes' built-in ClusterRoles
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles).
type Role string

const (
	// View reads everything in a namespace but Secrets and roles.
	View Role = "view"
	// Edit also writes, including Secrets, and can run pods as every service account of the namespace.
	Edit Role = "edit"
	// Admin also writes roles and role bindings, but not the quota, the limit range or the namespace itself.
	Admin Role = "admin"
)

// Access binds an IAM principal to a role in namespaces.
type Access struct {
	// Name of the entry: up to 60 lower-case letters, digits and hyphens. The principal gets the Kubernetes group
	// <environment>:<name>, or <environment>:<tenant>:<name>.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=60"`
	// ARN of the IAM role or user, with its path. It may also be listed for other tenants, but not in cluster.access or in
	// another environment of the cluster: an EKS cluster has one entry per principal. Changing it replaces the entry.
	PrincipalARN string `json:"principalArn" jsonschema:"required,format=iam-principal-arn"`
	// What it may do: view reads everything but secrets, edit also writes and can act as the service accounts, admin also
	// grants permissions to others. None of them can change the quota, the limits or the namespace itself. Changing it
	// replaces the role bindings, which removes the access for a moment.
	Role Role `json:"role" jsonschema:"required,enum=view,enum=edit,enum=admin"`
}

// PriorityClass is a priority that pods can have.
type PriorityClass struct {
	// Name without the environment's: up to 40 lower-case letters, digits and hyphens.
	Name string `json:"name" jsonschema:"required,format=dns-label,maxLength=40"`
	// Priority; higher is more important. Changing it replaces the class; existing pods keep their priority.
	Value int `json:"value" jsonschema:"required,minimum=-2147483648,maximum=1000000000"`
	// Let pods of the class preempt pods of lower priority if there is no room.
	Preemption *bool `json:"preemption,omitempty" jsonschema:"default=true"`
	// Description of the class, as shown by kubectl describe.
	Description string `json:"description,omitempty"`
}
