// Package ingress installs the AWS Load Balancer Controller, which makes load balancers of the Ingresses and Services
// in a cluster.
//
// New makes what goes through the AWS API: the controller's IAM role, allowed to touch the load balancers, target
// groups and security groups of this cluster alone, and the association that gives it to the controller's pods.
// Install adds the controller itself, a Helm release, which needs the Kubernetes API.
//
// What the controller makes is its own: no load balancer is known to the stack, so none goes when the stack does. Before
// a cluster is destroyed, or the controller removed, every Ingress and every Service of type LoadBalancer must be
// deleted, while the controller still runs. Load balancers that are left behind continue to cost, and block the deletion of
// subnets, security groups and the VPC.
package ingress
