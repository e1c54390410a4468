package kubernetes

import (
	"errors"
	"fmt"

	api "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"
)

// kubeconfig is what the provider reads from a kubeconfig.
type kubeconfig struct {
	// cluster is the active cluster entry, with its server endpoint.
	cluster api.Cluster
	// namespace is the one that objects without a namespace go to.
	namespace string
}

// parseKubeconfig reads the contents of a kubeconfig file and picks the active context, or the context and cluster
// that override it. The genuine provider takes a path as well and falls back on the machine's own kubeconfig; here
// neither happens, because a rehearsal must not be aimed at a cluster that exists.
func parseKubeconfig(contents, contextName, clusterName string) (*kubeconfig, error) {
	if contents == "" {
		return nil, errors.New("no kubeconfig given; the rehearsal cloud does not use the machine's own")
	}
	var file api.Config
	if err := yaml.Unmarshal([]byte(contents), &file); err != nil {
		return nil, err
	}
	if contextName == "" {
		contextName = file.CurrentContext
	}
	out := &kubeconfig{namespace: "default"}
	found := contextName == "" && clusterName != ""
	for _, c := range file.Contexts {
		if c.Name != contextName {
			continue
		}
		found = true
		if clusterName == "" {
			clusterName = c.Context.Cluster
		}
		if c.Context.Namespace != "" {
			out.namespace = c.Context.Namespace
		}
	}
	if !found {
		return nil, fmt.Errorf("context %q does not exist", contextName)
	}
	for _, c := range file.Clusters {
		if c.Name == clusterName {
			out.cluster = c.Cluster
			if out.cluster.Server == "" {
				return nil, fmt.Errorf("cluster %q has no server", clusterName)
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("cluster %q does not exist", clusterName)
}
