// Command eks-platform is the Pulumi program of the platform. The Pulumi CLI runs it: pulumi up -s dev.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/stacks"
)

func main() {
	pulumi.Run(stacks.OnAWS)
}
