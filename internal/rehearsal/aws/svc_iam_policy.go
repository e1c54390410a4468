package aws

import (
	"slices"
	"strings"
)

const policyType = "aws:iam/policy:Policy"

func init() {
	register(policyType, &Service{Global: true, NewID: policyARN, Create: createPolicy, Update: checkManagedPolicy, Delete: deletePolicy})
}

// awsManaged lists AWS's own policies that a platform on EKS meets, as they stand after "arn:PARTITION:iam::aws:policy/"
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
var awsManaged = []string{
	"AdministratorAccess",
	"AmazonEBSCSIDriverPolicyV2",
	"AmazonEC2ContainerRegistryFullAccess",
	"AmazonEC2ContainerRegistryPowerUser",
	"AmazonEC2ContainerRegistryPullOnly",
	"AmazonEC2ContainerRegistryReadOnly",
	"AmazonEC2FullAccess",
	"AmazonEC2ReadOnlyAccess",
	"AmazonEKSBlockStoragePolicy",
	"AmazonEKSClusterPolicy",
	"AmazonEKSComputePolicy",
	"AmazonEKSFargatePodExecutionRolePolicy",
	"AmazonEKSLoadBalancingPolicy",
	"AmazonEKSNetworkingPolicy",
	"AmazonEKSServicePolicy",
	"AmazonEKSVPCResourceController",
	"AmazonEKSWorkerNodeMinimalPolicy",
	"AmazonEKSWorkerNodePolicy",
	"AmazonEKS_CNI_Policy",
	"AmazonElasticFileSystemsUtils",
	"AmazonPrometheusQueryAccess",
	"AmazonPrometheusRemoteWriteAccess",
	"AmazonRoute53FullAccess",
	"AmazonS3FilesClientFullAccess",
	"AmazonS3FullAccess",
	"AmazonS3ReadOnlyAccess",
	"AmazonSQSFullAccess",
	"AmazonSSMManagedEC2InstanceDefaultPolicy",
	"AmazonSSMManagedInstanceCore",
	"AmazonSSMReadOnlyAccess",
	"AWSXRayDaemonWriteAccess",
	"AWSXrayWriteOnlyAccess",
	"CloudWatchAgentAdminPolicy",
	"CloudWatchAgentServerPolicy",
	"CloudWatchFullAccess",
	"CloudWatchLogsFullAccess",
	"CloudWatchReadOnlyAccess",
	"IAMFullAccess",
	"IAMReadOnlyAccess",
	"PowerUserAccess",
	"ReadOnlyAccess",
	"SecretsManagerReadWrite",
	"SecurityAudit",
	"job-function/ViewOnlyAccess",
	"service-role/AmazonEBSCSIDriverPolicy",
	"service-role/AmazonEFSCSIDriverPolicy",
	"service-role/AmazonS3CSIDriverPolicy",
	"service-role/AWSLambdaBasicExecutionRole",
	"service-role/AWSLambdaVPCAccessExecutionRole",
	"service-role/AutoScalingNotificationAccessRole",
}

// policyExists reports whether a policy can be attached: one of AWS's in the call's partition, or the account's own.
func policyExists(c *Call, arn string) bool {
	if name, ok := strings.CutPrefix(arn, "arn:"+c.Partition+":iam::aws:policy/"); ok {
		return slices.Contains(awsManaged, name)
	}
	_, ok := c.Tx.Get(c.global(), policyType, arn)
	return ok
}

// policyARN is the id of a policy: its ARN. Names are unique over all paths.
func policyARN(c *Call) (string, error) {
	if name := c.attrs().text("name"); len(c.referring(policyType, "name", name)) > 0 {
		return "", refuse("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
	}
	path := c.attrs().text("path")
	if path == "" {
		path = "/"
	}
	return c.arn("iam", "policy"+path+c.attrs().text("name")), nil
}

func createPolicy(c *Call) error {
	name := c.attrs().text("name")
	if !iamNameForm.MatchString(name) {
		return refuse("ValidationError", "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the "+
			"following: +=,.@_- (%q)", name)
	}
	c.fill("path", "/")
	c.Attributes["arn"] = c.ID
	c.Attributes["policyId"] = "ANPA" + strings.ToUpper(randomHex(17))
	c.Attributes["attachmentCount"] = 0
	return checkManagedPolicy(c)
}

func checkManagedPolicy(c *Call) error {
	text := documentText(c.Attributes["policy"])
	if _, err := parsePolicy(text, identityPolicy); err != nil {
		return err
	}
	if n := policySize(text); n > maxManagedPolicy {
		return refuse("LimitExceeded", "Cannot exceed quota for PolicySize: %d (the document has %d characters)", maxManagedPolicy, n)
	}
	return nil
}

func deletePolicy(c *Call) error {
	if held := c.referring(attachmentType, "policyArn", c.ID); len(held) > 0 {
		return refuse("DeleteConflict", "Cannot delete a policy attached to entities. (%s)", heldBy(held))
	}
	return nil
}
