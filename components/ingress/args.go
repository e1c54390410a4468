package ingress

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Settings are the load balancer controller's part of a stack file.
type Settings struct {
	// Version of the Helm chart aws-load-balancer-controller, for example 3.5.0. The platform uses the value keys and
	// permissions of that version. Changing it upgrades the controller in place; load balancers keep working. Helm never
	// upgrades the chart's custom resource definitions: apply those of the new version first.
	ChartVersion string `json:"chartVersion" jsonschema:"required,format=chart-version,example=3.5.0"`
	// The controller's image, of the chart's app version. Changing it restarts the controller.
	Image string `json:"image" jsonschema:"required,format=chart-image,example=public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0"`
	// Number of pods. One is the leader, the others take over from it; all of them serve the webhook, without which no
	// Ingress can be changed.
	Replicas int `json:"replicas,omitempty" jsonschema:"minimum=2,maximum=5,default=2"`
	// Make alb the default class for Ingresses.
	DefaultIngressClass bool `json:"defaultIngressClass,omitempty" jsonschema:"default=false"`
	// Let Ingresses attach AWS WAF web ACLs to their load balancers. Not in a network without NAT.
	WAF bool `json:"waf,omitempty" jsonschema:"default=false"`
	// Let Ingresses put their load balancers under AWS Shield Advanced, which the account must subscribe to. Not in a
	// network without NAT.
	Shield bool `json:"shield,omitempty" jsonschema:"default=false"`
	// Let Ingresses have load balancers log users in through Amazon Cognito. Not in a network without NAT.
	Cognito bool `json:"cognito,omitempty" jsonschema:"default=false"`
	// Let the controller also serve Gateways. It checks for the Gateway API's CRDs only when it starts: install them first.
	// By default Gateways are ignored.
	GatewayAPI bool `json:"gatewayApi,omitempty" jsonschema:"default=false"`
	// What each pod requests. Changing it restarts the controller.
	Resources Resources `json:"resources,omitempty"`
}

// Resources are what a pod of the controller requests.
type Resources struct {
	// CPU request; there is no limit, so more is used if the node has some left.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=100m"`
	// Memory request and limit. It grows with the number of Ingresses, Services and pods behind them.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=500Mi"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// ClusterName is the EKS cluster's name, with which the controller tags everything. Required. Changing it cuts the
	// controller off from what it has created.
	ClusterName string `args:"required"`
	// ClusterNameOutput is the same as an output of the cluster, for what must wait for the cluster. Required.
	ClusterNameOutput pulumi.StringInput `args:"required"`
	// VPCID is the cluster's VPC. Required. The controller cannot read it from the instance metadata, whose hop limit
	// excludes pods.
	VPCID pulumi.StringInput `args:"required"`
	// Isolated says that the network has no NAT gateway, and so no route to services without an endpoint.
	Isolated bool
	// Registries are the mirrors to pull the image from.
	Registries image.Registries
	// After lists what the controller's pods need to become ready: untainted on-demand node groups and, through them,
	// the network. Install reads it.
	After []pulumi.Resource
	// Tags are added to every taggable resource, together with a Name, and to what the controller creates.
	Tags map[string]string
}

// summary is what a preview shows of the components themselves.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"chartVersion": pulumi.String(a.ChartVersion), "image": pulumi.String(a.Image)}
}
