package aws

const fargateProfileType = "aws:eks/fargateProfile:FargateProfile"

func init() {
	register(fargateProfileType, &Service{
		NewID: claim(":", []string{"clusterName", "fargateProfileName"}, "ResourceInUseException",
			"Fargate Profile already exists with this name in the cluster (%s)"),
		Create: createFargateProfile,
	})
}

func createFargateProfile(c *Call) error {
	a := c.attrs()
	name, cluster := a.text("fargateProfileName"), a.text("clusterName")
	owner, err := findCluster(c, cluster)
	if err != nil {
		return err
	}
	arn := a.text("podExecutionRoleArn")
	role, ok := findRoleByARN(c, arn)
	if !ok || !trusts(role, "eks-fargate-pods.amazonaws.com", "sts:AssumeRole") {
		return refuse("InvalidParameterException", "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal (%s)", arn)
	}
	if n := len(a.blocks("selectors")); n < 1 || n > 5 {
		return refuse("InvalidParameterException", "A Fargate profile must have 1 to 5 selectors (it has %d)", n)
	}
	vpc := attrs(owner.Attributes).block("vpcConfig").text("vpcId")
	for _, id := range a.texts("subnetIds") {
		s, err := findSubnet(c, id)
		if err != nil {
			return asEKS(err)
		}
		if attrs(s.Attributes).text("vpcId") != vpc {
			return refuse("InvalidParameterException", "Subnet %s does not belong to the cluster's VPC %s", id, vpc)
		}
		if way := egressOf(c, s); way.internetGateway {
			return refuse("InvalidParameterException", "Subnet %s provided in Fargate Profile is not a private subnet", id)
		}
	}
	c.Attributes["arn"] = c.arn("eks", "fargateprofile/"+cluster+"/"+name+"/"+newUUID())
	c.Attributes["status"] = "ACTIVE"
	return nil
}
