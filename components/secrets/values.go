package secrets

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/image"
)

// values are those of the chart secrets-store-csi-driver-provider-aws
// (https://github.com/aws/secrets-store-csi-driver-provider-aws/blob/main/charts/secrets-store-csi-driver-provider-aws/values.yaml).
// It has no schema: a key that it does not know changes nothing, in silence.
//
// The tokens that the provider reads secrets with are kubelet's to make, by the driver's tokenRequests, for the
// audiences of IRSA and Pod Identity. The chart sets those itself, so they are not here.
type values struct {
	AWSRegion         string                      `json:"awsRegion"`
	PriorityClassName string                      `json:"priorityClassName"`
	Tolerations       []corev1.Toleration         `json:"tolerations"`
	Affinity          *corev1.Affinity            `json:"affinity"`
	Resources         corev1.ResourceRequirements `json:"resources"`
	Image             *imageValues                `json:"image,omitempty"`
	// Driver are the values of the driver's chart, a dependency of AWS's chart under this name.
	Driver driverValues `json:"secrets-store-csi-driver"`
}

// driverValues are those of the chart secrets-store-csi-driver
// (https://github.com/kubernetes-sigs/secrets-store-csi-driver/blob/main/charts/secrets-store-csi-driver/values.yaml).
type driverValues struct {
	Linux                linuxValues `json:"linux"`
	SyncSecret           enabled     `json:"syncSecret"`
	EnableSecretRotation bool        `json:"enableSecretRotation"`
	RotationPollInterval string      `json:"rotationPollInterval,omitempty"`
}

type linuxValues struct {
	PriorityClassName  string              `json:"priorityClassName"`
	Tolerations        []corev1.Toleration `json:"tolerations"` // also of the jobs that install the CRDs
	Affinity           *corev1.Affinity    `json:"affinity"`
	Driver             containerValues     `json:"driver"`
	Image              *imageValues        `json:"image,omitempty"`
	CRDs               *crdsValues         `json:"crds,omitempty"`
	RegistrarImage     *imageValues        `json:"registrarImage,omitempty"`
	LivenessProbeImage *imageValues        `json:"livenessProbeImage,omitempty"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type containerValues struct {
	Resources corev1.ResourceRequirements `json:"resources"`
}

type crdsValues struct {
	Image *imageValues `json:"image"`
}

// imageValues are an image's repository. Its tag is the chart's.
type imageValues struct {
	Repository string `json:"repository"`
}

// Where the charts' images come from.
const (
	providerImage      = "public.ecr.aws/aws-secrets-manager/secrets-store-csi-driver-provider-aws"
	driverImage        = "registry.k8s.io/csi-secrets-store/driver"
	crdsImage          = "registry.k8s.io/csi-secrets-store/driver-crds"
	registrarImage     = "registry.k8s.io/sig-storage/csi-node-driver-registrar"
	livenessProbeImage = "registry.k8s.io/sig-storage/livenessprobe"
)

func (a *Args) values() values {
	out := values{
		AWSRegion:         a.Region,
		PriorityClassName: nodeCritical,
		Tolerations:       everywhere(),
		Affinity:          notFargate(),
		Resources:         a.Provider.requirements(),
		Image:             mirrored(a.Registries, providerImage),
		Driver: driverValues{
			Linux: linuxValues{
				PriorityClassName:  nodeCritical,
				Tolerations:        everywhere(),
				Affinity:           notFargate(),
				Driver:             containerValues{Resources: a.Driver.requirements()},
				Image:              mirrored(a.Registries, driverImage),
				RegistrarImage:     mirrored(a.Registries, registrarImage),
				LivenessProbeImage: mirrored(a.Registries, livenessProbeImage),
			},
			SyncSecret: enabled{a.SyncSecrets},
		},
	}
	if crds := mirrored(a.Registries, crdsImage); crds != nil {
		out.Driver.Linux.CRDs = &crdsValues{Image: crds}
	}
	if a.Rotation != nil {
		out.Driver.EnableSecretRotation = true
		out.Driver.RotationPollInterval = a.Rotation.Interval
	}
	return out
}

// nodeCritical is the priority of node-critical pods: pods with secrets do not start until both run.
const nodeCritical = "system-node-critical"

// everywhere tolerates every taint. The chart's default for the provider is none, which would keep it off spot nodes, where
// pods could then not mount secrets.
func everywhere() []corev1.Toleration {
	return []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
}

// notFargate keeps DaemonSets off Fargate, which does not run them: their pods would be pending forever, and the release
// with them (https://docs.aws.amazon.com/eks/latest/userguide/fargate.html).
func notFargate() *corev1.Affinity {
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{
				Key: "eks.amazonaws.com/compute-type", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"fargate"},
			}},
		}}},
	}}
}

// requirements sets all four values: otherwise the chart's defaults could be below the others.
func (r Resources) requirements() corev1.ResourceRequirements {
	return corev1.ResourceRequirements{
		Requests: quantities(r.CPU, r.Memory), Limits: quantities(r.CPULimit, r.MemoryLimit),
	}
}

// quantities parses what Problems has found to be quantities.
func quantities(cpu, memory string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
		if q, err := resource.ParseQuantity(text); err == nil {
			out[name] = q
		}
	}
	return out
}

// mirrored returns an image's repository if it differs from the chart's.
func mirrored(registries image.Registries, repository string) *imageValues {
	if to := registries.Resolve(repository); to != repository {
		return &imageValues{Repository: to}
	}
	return nil
}
