package logging

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// configurationPath is the path of the configuration in a pod.
const configurationPath = "/etc/fluent-bit"

// nodePaths are the host paths of a pod, by the name of their volume. Only the last is writable. Missing ones are created:
// the network plugin may start later than Fluent Bit.
var nodePaths = []struct {
	name, path string
	writable   bool
}{
	{"containers", containersPath, false},
	{"pods", podsPath, false},
	{"data-plane", dataPlanePath, false},
	{"journal", journalPath, false},
	{"state", statePath, true},
}

// A pod's ephemeral storage is its /tmp and its own log, five files of 10 MiB by default. The buffer is a host path, which
// does not count.
const (
	storageRequest = "64Mi"
	storageLimit   = "256Mi"
)

func (i *installer) podSpec() corev1.PodSpecArgs {
	volumes := corev1.VolumeArray{
		corev1.VolumeArgs{
			Name: pulumi.String("configuration"), ConfigMap: corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(daemon)},
		},
		corev1.VolumeArgs{
			Name: pulumi.String("tmp"), EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String("16Mi")},
		},
	}
	for _, p := range nodePaths {
		volumes = append(volumes, corev1.VolumeArgs{
			Name: pulumi.String(p.name), HostPath: corev1.HostPathVolumeSourceArgs{
				Path: pulumi.String(p.path), Type: pulumi.String("DirectoryOrCreate"),
			},
		})
	}
	return corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(daemon),
		AutomountServiceAccountToken: pulumi.Bool(true),
		PriorityClassName:            pulumi.String("system-node-critical"),
		Tolerations:                  corev1.TolerationArray{corev1.TolerationArgs{Operator: pulumi.String("Exists")}},
		NodeSelector:                 pulumi.StringMap{"kubernetes.io/os": pulumi.String("linux")},
		Affinity:                     noFargate(),
		// Longer than Fluent Bit continues to send.
		TerminationGracePeriodSeconds: pulumi.Int(grace + 15),
		SecurityContext: corev1.PodSecurityContextArgs{
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{i.container()},
		Volumes:    volumes,
	}
}

func (i *installer) container() corev1.ContainerArgs {
	f := i.settings.FluentBit
	mounts := corev1.VolumeMountArray{
		corev1.VolumeMountArgs{
			Name: pulumi.String("configuration"), MountPath: pulumi.String(configurationPath), ReadOnly: pulumi.Bool(true),
		},
		corev1.VolumeMountArgs{Name: pulumi.String("tmp"), MountPath: pulumi.String("/tmp")},
	}
	for _, p := range nodePaths {
		mounts = append(mounts, corev1.VolumeMountArgs{
			Name: pulumi.String(p.name), MountPath: pulumi.String(p.path), ReadOnly: pulumi.Bool(!p.writable),
		})
	}
	return corev1.ContainerArgs{
		Name:  pulumi.String(daemon),
		Image: pulumi.String(i.args.Registries.Resolve(f.Image)),
		// The image's own script starts Fluent Bit with a configuration in its classic format.
		Command: pulumi.ToStringArray([]string{"/fluent-bit/bin/fluent-bit"}),
		Args:    pulumi.ToStringArray([]string{"-c", configurationPath + "/" + configurationFile}),
		Env: corev1.EnvVarArray{
			fromField(nodeNameVariable, "spec.nodeName"), fromField(nodeIPVariable, "status.hostIP"),
		},
		Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{
			Name: pulumi.String("metrics"), ContainerPort: pulumi.Int(metricsPort),
		}},
		// Until the cluster's DNS answers, metadata lookups delay a first start by up to three minutes.
		StartupProbe: probe("/", 5, 60),
		// Restarting Fluent Bit does not help if CloudWatch does not answer, so only readiness depends on it.
		LivenessProbe:  probe("/", 30, 5),
		ReadinessProbe: probe("/api/v1/health", 30, 3),
		Resources: corev1.ResourceRequirementsArgs{
			Requests: pulumi.StringMap{
				"cpu": pulumi.String(f.Resources.CPU), "memory": pulumi.String(f.Resources.Memory),
				"ephemeral-storage": pulumi.String(storageRequest),
			},
			Limits: pulumi.StringMap{
				"memory": pulumi.String(f.Resources.limit()), "ephemeral-storage": pulumi.String(storageLimit),
			},
		},
		// Only root can read the logs; as root it needs no capability for that.
		SecurityContext: corev1.SecurityContextArgs{
			RunAsUser:                pulumi.Int(0),
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
			Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
		VolumeMounts: mounts,
	}
}

// noFargate keeps the DaemonSet's pods off Fargate's nodes, each of which runs exactly one pod
// (https://docs.aws.amazon.com/eks/latest/userguide/fargate.html). Their taint does not, because every taint is tolerated.
func noFargate() corev1.AffinityArgs {
	return corev1.AffinityArgs{NodeAffinity: corev1.NodeAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.NodeSelectorArgs{
			NodeSelectorTerms: corev1.NodeSelectorTermArray{corev1.NodeSelectorTermArgs{
				MatchExpressions: corev1.NodeSelectorRequirementArray{corev1.NodeSelectorRequirementArgs{
					Key:      pulumi.String("eks.amazonaws.com/compute-type"),
					Operator: pulumi.String("NotIn"),
					Values:   pulumi.ToStringArray([]string{"fargate"}),
				}},
			}},
		},
	}}
}

func fromField(name, path string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: corev1.EnvVarSourceArgs{
		FieldRef: corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)},
	}}
}

func probe(path string, period, failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:          corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String("metrics")},
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(failures),
	}
}
