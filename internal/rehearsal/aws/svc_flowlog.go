package aws

import "strings"

const flowLogType = "aws:ec2/flowLog:FlowLog"

func init() {
	register(flowLogType, &Service{Create: createFlowLog})
}

// defaultLogFormat is version 2 of the record
// (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
const defaultLogFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} " +
	"${start} ${end} ${action} ${log-status}"

func createFlowLog(c *Call) error {
	a := c.attrs()
	for key, find := range map[string]func() error{
		"vpcId":    func() error { _, err := findVPC(c, a.text("vpcId")); return err },
		"subnetId": func() error { _, err := findSubnet(c, a.text("subnetId")); return err },
	} {
		if a.has(key) {
			if err := find(); err != nil {
				return err
			}
		}
	}
	c.Attributes["arn"] = c.arn("ec2", "vpc-flow-log/"+c.ID)
	c.fill("logFormat", defaultLogFormat)
	c.fill("logDestinationType", "cloud-watch-logs")
	c.fill("maxAggregationInterval", 600)
	if a.text("logDestinationType") == "cloud-watch-logs" {
		if err := flowLogGroup(c); err != nil {
			return err
		}
	}
	// Whether AWS takes a second one for another kind of traffic is not documented: a rehearsal is on the safe side.
	for _, o := range c.others(c.Tx.List(c.Scope, flowLogType)) {
		other := attrs(o.Attributes)
		if other.text("vpcId") == a.text("vpcId") && other.text("subnetId") == a.text("subnetId") && other.text("eniId") == a.text("eniId") &&
			other.text("logDestination") == a.text("logDestination") {
			return refuse("FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination. (%s)", o.ID)
		}
	}
	return nil
}

// flowLogGroup checks the log group and the role that writes to it. EC2 itself would make a missing group, one
// without retention that no program owns: here that is refused.
func flowLogGroup(c *Call) error {
	a := c.attrs()
	destination := a.text("logDestination")
	if destination == "" && a.has("logGroupName") {
		destination = c.arn("logs", "log-group:"+a.text("logGroupName"))
	}
	group, ok := findLogGroup(c, destination)
	if !ok {
		return refuse("InvalidParameter", "LogDestination: the log group %q does not exist", destination)
	}
	c.Attributes["logDestination"] = strings.TrimSuffix(destination, ":*")
	c.fill("logGroupName", group.ID)
	arn := a.text("iamRoleArn")
	if arn == "" {
		return refuse("InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs")
	}
	role, ok := findRoleByARN(c, arn)
	if !ok || !trusts(role, "vpc-flow-logs.amazonaws.com", "sts:AssumeRole") {
		return refuse("InvalidParameter", "Access error: unable to assume given IAM role (%s, by vpc-flow-logs.amazonaws.com)", arn)
	}
	return nil
}
