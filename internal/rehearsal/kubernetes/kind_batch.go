package kubernetes

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var batchKinds = []*kind{
	{
		apiVersion: "batch/v1", name: "Job", plural: "jobs", namespaced: true,
		validate: typed(func(j *batchv1.Job) field.ErrorList { return validateJob(&j.Spec, field.NewPath("spec")) }),
		references: typed(func(j *batchv1.Job) []reference {
			return podReferences(&j.Spec.Template.Spec, nil, templateSpec)
		}),
		defaults:  typedDefaults(func(j *batchv1.Job) { defaultJob(&j.Spec) }),
		replaceOn: []string{"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	},
	{
		apiVersion: "batch/v1", name: "CronJob", plural: "cronjobs", namespaced: true,
		legalName: cronJobName,
		validate:  typed(validateCronJob),
		references: typed(func(c *batchv1.CronJob) []reference {
			return podReferences(&c.Spec.JobTemplate.Spec.Template.Spec, nil, field.NewPath("spec", "jobTemplate", "spec", "template", "spec"))
		}),
		defaults: typedDefaults(defaultCronJob),
	},
}

// jobRules are the restart policies of pods that end.
var jobRules = podRules{restarts: []corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}}

func validateJob(j *batchv1.JobSpec, at *field.Path) field.ErrorList {
	errs := validateTemplate(&j.Template, jobRules, at.Child("template"))
	errs = append(errs, nonNegative(at, map[string]*int32{
		"parallelism": j.Parallelism, "completions": j.Completions, "backoffLimit": j.BackoffLimit,
		"ttlSecondsAfterFinished": j.TTLSecondsAfterFinished,
	})...)
	if d := j.ActiveDeadlineSeconds; d != nil && *d <= 0 {
		errs = append(errs, field.Invalid(at.Child("activeDeadlineSeconds"), *d, "must be greater than 0"))
	}
	if j.CompletionMode != nil {
		errs = append(errs, oneOf(at.Child("completionMode"), *j.CompletionMode, batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)...)
		if *j.CompletionMode == batchv1.IndexedCompletion && j.Completions == nil {
			errs = append(errs, field.Required(at.Child("completions"), "when completion mode is Indexed"))
		}
	}
	if j.Selector != nil && (j.ManualSelector == nil || !*j.ManualSelector) {
		errs = append(errs, field.Invalid(at.Child("selector"), j.Selector, "`selector` will be auto-generated"))
	}
	return errs
}

// cronJobName leaves room for the eleven characters that the controller adds for each Job.
func cronJobName(name string, prefix bool) []string {
	if len(name) > 52 {
		return []string{"must be no more than 52 characters"}
	}
	return kinds["kubernetes:batch/v1:Job"].legalName(name, prefix)
}

func validateCronJob(c *batchv1.CronJob) field.ErrorList {
	at := field.NewPath("spec")
	var errs field.ErrorList
	switch {
	case c.Spec.Schedule == "":
		errs = append(errs, field.Required(at.Child("schedule"), ""))
	case strings.Contains(c.Spec.Schedule, "TZ"):
		errs = append(errs, field.Invalid(at.Child("schedule"), c.Spec.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
	default:
		if _, err := cron.ParseStandard(c.Spec.Schedule); err != nil {
			errs = append(errs, field.Invalid(at.Child("schedule"), c.Spec.Schedule, err.Error()))
		}
	}
	if zone := c.Spec.TimeZone; zone != nil {
		if *zone == "" || strings.EqualFold(*zone, "local") {
			errs = append(errs, field.Invalid(at.Child("timeZone"), *zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"))
		} else if _, err := time.LoadLocation(*zone); err != nil {
			errs = append(errs, field.Invalid(at.Child("timeZone"), *zone, err.Error()))
		}
	}
	errs = append(errs, oneOfOrNone(at.Child("concurrencyPolicy"), c.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)...)
	errs = append(errs, nonNegative(at, map[string]*int32{
		"successfulJobsHistoryLimit": c.Spec.SuccessfulJobsHistoryLimit, "failedJobsHistoryLimit": c.Spec.FailedJobsHistoryLimit,
	})...)
	if s := c.Spec.StartingDeadlineSeconds; s != nil && *s < 0 {
		errs = append(errs, field.Invalid(at.Child("startingDeadlineSeconds"), *s, "must be greater than or equal to 0"))
	}
	return append(errs, validateJob(&c.Spec.JobTemplate.Spec, at.Child("jobTemplate", "spec"))...)
}
