package podcleanup

import (
	"fmt"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/convention"
)

// jobPods is the label that Kubernetes sets on the pods of every Job, with the Job's name
// (https://kubernetes.io/docs/reference/labels-annotations-taints/#batch-kubernetes-io-job-name).
const jobPods = "batch.kubernetes.io/job-name"

const (
	// deadline is how long a run may take, in seconds: waiting for a new node, and deleting.
	deadline = 300
	// startingDeadline is how late a run may still start, in seconds. Without one, a hundred missed runs in a row would
	// stop the schedule permanently
	// (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#starting-deadline).
	startingDeadline = 600
	// nobody is the user that distroless images call nonroot. The kubectl image sets no user.
	nobody = 65532
)

// command is kubectl's command line. All failed pods have the phase Failed: those that crashed, were evicted or rejected,
// and those that a shutdown of their node terminated
// (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase).
func (a *Args) command() []string {
	out := []string{"delete", "pods", "--all-namespaces", "--field-selector=status.phase=Failed", "--wait=false"}
	if !a.Jobs {
		out = append(out, "--selector=!"+jobPods)
	}
	if a.DryRun {
		out = append(out, "--dry-run=server")
	}
	return out
}

func (b *builder) createCronJob() error {
	_, err := batchv1.NewCronJob(b.ctx, b.kids.ID("cron-job"), &batchv1.CronJobArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(object), Namespace: pulumi.String(namespace), Labels: labels(),
		},
		Spec: batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(b.args.Schedule),
			TimeZone:                   pulumi.String(b.args.TimeZone),
			ConcurrencyPolicy:          pulumi.String("Forbid"),
			StartingDeadlineSeconds:    pulumi.Int(startingDeadline),
			SuccessfulJobsHistoryLimit: pulumi.Int(1),
			FailedJobsHistoryLimit:     pulumi.Int(1),
			JobTemplate: batchv1.JobTemplateSpecArgs{Spec: batchv1.JobSpecArgs{
				ActiveDeadlineSeconds: pulumi.Int(deadline),
				BackoffLimit:          pulumi.Int(0), // the next run is the retry
				Template: corev1.PodTemplateSpecArgs{
					Metadata: metav1.ObjectMetaArgs{Labels: labels()},
					Spec:     b.pod(),
				},
			}},
		},
	}, b.kids.Opts(pulumi.DependsOn([]pulumi.Resource{b.binding}))...)
	if err != nil {
		return fmt.Errorf("create the cron job: %w", err)
	}
	return nil
}

// pod meets the Pod Security level restricted
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted). kubectl does without a cache if it
// cannot write one.
func (b *builder) pod() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		RestartPolicy:                pulumi.String("Never"),
		ServiceAccountName:           b.serviceAccount,
		AutomountServiceAccountToken: pulumi.Bool(true),
		EnableServiceLinks:           pulumi.Bool(false),
		NodeSelector:                 pulumi.ToStringMap(convention.OnDemand()),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(nobody),
			RunAsGroup:     pulumi.Int(nobody),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{corev1.ContainerArgs{
			Name:  pulumi.String("kubectl"),
			Image: pulumi.String(b.args.Registries.Resolve(b.args.Image)),
			Args:  pulumi.ToStringArray(b.args.command()), // no command: the image has no shell, its entrypoint is kubectl
			Resources: corev1.ResourceRequirementsArgs{
				Requests: pulumi.StringMap{
					"cpu": pulumi.String("20m"), "memory": pulumi.String("64Mi"), "ephemeral-storage": pulumi.String("16Mi"),
				},
				// It writes only a line of log for each pod.
				Limits: pulumi.StringMap{"memory": pulumi.String("256Mi"), "ephemeral-storage": pulumi.String("64Mi")},
			},
			SecurityContext: corev1.SecurityContextArgs{
				AllowPrivilegeEscalation: pulumi.Bool(false),
				ReadOnlyRootFilesystem:   pulumi.Bool(true),
				Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
			},
		}},
	}
}
