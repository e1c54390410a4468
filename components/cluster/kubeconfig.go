package cluster

import (
	"encoding/base64"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// Kubeconfig returns a kubeconfig, in YAML, for the cluster in a region. It contains no secret: users sign in with their
// own AWS credentials, through the aws command. It names neither a profile nor a proxy, so it is the same for every person
// and machine; a tunnel is set per process with HTTPS_PROXY.
func (c *Cluster) Kubeconfig(region string) pulumi.StringOutput {
	return pulumi.All(c.Name, c.Endpoint, c.CertificateAuthority).ApplyT(func(v []any) (string, error) {
		name, _ := v[0].(string)
		endpoint, _ := v[1].(string)
		authority, _ := v[2].(string)
		return kubeconfig(name, region, endpoint, authority)
	}).(pulumi.StringOutput)
}

func kubeconfig(name, region, endpoint, authority string) (string, error) {
	ca, err := base64.StdEncoding.DecodeString(authority)
	if err != nil {
		return "", fmt.Errorf("write the kubeconfig: the certificate authority of %s is not base64: %w", name, err)
	}
	raw, err := yaml.Marshal(clientcmd.Config{
		APIVersion: "v1",
		Kind:       "Config",
		Clusters: []clientcmd.NamedCluster{{
			Name: name, Cluster: clientcmd.Cluster{Server: endpoint, CertificateAuthorityData: ca},
		}},
		AuthInfos: []clientcmd.NamedAuthInfo{{
			Name: name, AuthInfo: clientcmd.AuthInfo{Exec: &clientcmd.ExecConfig{
				APIVersion:      "client.authentication.k8s.io/v1beta1",
				Command:         "aws",
				Args:            []string{"eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"},
				InstallHint:     "Install version 2 of the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
				Env:             []clientcmd.ExecEnvVar{}, // otherwise the file would contain null
				InteractiveMode: clientcmd.IfAvailableExecInteractiveMode,
			}},
		}},
		Contexts:       []clientcmd.NamedContext{{Name: name, Context: clientcmd.Context{Cluster: name, AuthInfo: name}}},
		CurrentContext: name,
	})
	if err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	return string(raw), nil
}
