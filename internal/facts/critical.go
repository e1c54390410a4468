package facts

// Loss is what breaks when a resource of a type is deleted or replaced.
type Loss struct {
	// Kind is the group that the type belongs to, in a word or two.
	Kind string
	// Reason is what is lost.
	Reason string
}

// What is lost with each kind.
var (
	clusterLoss = Loss{"cluster", "every workload and every object in the cluster is lost"}
	nodesLoss   = Loss{"node group", "every pod on its nodes is evicted"}
	networkLoss = Loss{"network", "what runs in it loses its addresses or its connectivity, or must be replaced as well"}
	keyLoss     = Loss{"encryption key", "data encrypted with it can no longer be read"}
	dataLoss    = Loss{"database", "its data is lost"}
	volumeLoss  = Loss{"data volume", "its data is lost, or pods can no longer mount it"}
	trustLoss   = Loss{"identity provider", "pods lose the IAM roles that trust it"}
	objectsLoss = Loss{"namespace", "every object in it, including volumes, is lost"}
)

// Critical are the types whose deletion or replacement is more than an inconvenience.
var Critical = map[string]Loss{
	"aws:eks/cluster:Cluster":               clusterLoss,
	"aws:eks/nodeGroup:NodeGroup":           nodesLoss,
	"aws:eks/fargateProfile:FargateProfile": {"node group", "every pod that it runs is evicted"},
	"aws:autoscaling/group:Group":           nodesLoss,

	"aws:ec2/vpc:Vpc": networkLoss,
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": networkLoss,
	"aws:ec2/subnet:Subnet":                                       networkLoss,
	"aws:ec2/routeTable:RouteTable":                               networkLoss,
	"aws:ec2/natGateway:NatGateway":                               networkLoss,
	"aws:ec2/internetGateway:InternetGateway":                     networkLoss,
	"aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": networkLoss,
	"aws:ec2/eip:Eip":                                             {"network", "its address is released, and others that allow traffic from this address block it"},

	"aws:kms/key:Key":               keyLoss,
	"aws:kms/replicaKey:ReplicaKey": keyLoss,

	"aws:rds/instance:Instance":                         dataLoss,
	"aws:rds/cluster:Cluster":                           dataLoss,
	"aws:rds/clusterInstance:ClusterInstance":           dataLoss,
	"aws:dynamodb/table:Table":                          dataLoss,
	"aws:elasticache/cluster:Cluster":                   dataLoss,
	"aws:elasticache/replicationGroup:ReplicationGroup": dataLoss,

	"aws:ebs/volume:Volume":           volumeLoss,
	"aws:efs/fileSystem:FileSystem":   volumeLoss,
	"aws:efs/mountTarget:MountTarget": {"data volume", "pods in its zone can no longer mount the file system"},
	"aws:s3/bucketV2:BucketV2":        {"data volume", "its objects are lost"},
	"aws:s3/bucket:Bucket":            {"data volume", "its objects are lost"},

	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": trustLoss,

	"kubernetes:core/v1:Namespace":             objectsLoss,
	"kubernetes:core/v1:PersistentVolumeClaim": {"data volume", "the claim's volume is deleted, unless its class retains it"},
	"kubernetes:core/v1:PersistentVolume":      volumeLoss,
}
