// Package eks replaces the pulumi-eks 2.8.1 component provider: it constructs ManagedNodeGroup with the same
// children, inputs, dependencies and argument errors, and refuses every other component by name.
//
// The facts come from the JavaScript of the published component (npm @pulumi/eks@2.8.1, nodegroup.js and
// cmd/provider/nodegroup.js, and the resource server of the @pulumi/pulumi 3.124.0 that it was released with).
// tests/conformance runs that component and this one side by side and compares what each asks of the engine.
package eks
