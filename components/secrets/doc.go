// Package secrets lets pods read AWS Secrets Manager and Parameter Store: the Secrets Store CSI driver with the AWS
// provider (ASCP), from AWS's chart, which installs both.
//
// A pod names a SecretProviderClass in a volume, and gets the secrets as files. The provider reads them as the pod: with
// the IAM role that EKS Pod Identity gives to the pod's service account (usePodIdentity in the class). So each environment
// and tenant reads what its own roles allow, and the driver itself has no IAM role. The classes and the roles are not
// created here.
//
// Everything here needs the Kubernetes API. Both DaemonSets run on every node and tolerate every taint: a pod on a node
// without them cannot start.
package secrets
