package kubernetes

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var volumeKinds = []*kind{
	{
		apiVersion: "v1", name: "PersistentVolumeClaim", plural: "persistentvolumeclaims", namespaced: true,
		validate: typed(func(c *corev1.PersistentVolumeClaim) field.ErrorList {
			return validateClaimSpec(&c.Spec, field.NewPath("spec"))
		}),
		references: typed(func(c *corev1.PersistentVolumeClaim) []reference {
			return claimReferences(&c.Spec, field.NewPath("spec"))
		}),
		defaults: typedDefaults(func(c *corev1.PersistentVolumeClaim) {
			c.Spec.VolumeMode = orDefault(c.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
		}),
		replaceOn: []string{"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
		frozen:    []string{"spec.volumeMode", "spec.dataSource", "spec.dataSourceRef"},
	},
	{
		apiVersion: "v1", name: "PersistentVolume", plural: "persistentvolumes",
		validate: typed(validateVolume),
		defaults: typedDefaults(func(v *corev1.PersistentVolume) {
			v.Spec.VolumeMode = orDefault(v.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
			if v.Spec.PersistentVolumeReclaimPolicy == "" {
				v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
			}
		}),
		replaceOn: []string{
			"spec.awsElasticBlockStore", "spec.azureDisk", "spec.azureFile", "spec.cephfs", "spec.cinder", "spec.csi",
			"spec.fc", "spec.flexVolume", "spec.flocker", "spec.gcePersistentDisk", "spec.glusterfs", "spec.hostPath",
			"spec.iscsi", "spec.local", "spec.nfs", "spec.photonPersistentDisk", "spec.portworxVolume", "spec.quobyte",
			"spec.rbd", "spec.scaleIO", "spec.storageos", "spec.vsphereVolume",
		},
		frozen: []string{"spec.volumeMode"},
	},
	{
		apiVersion: "storage.k8s.io/v1", name: "StorageClass", plural: "storageclasses",
		validate:  typed(validateStorageClass),
		defaults:  typedDefaults(defaultStorageClass),
		replaceOn: []string{"parameters", "provisioner"},
		frozen:    []string{"reclaimPolicy", "volumeBindingMode"},
	},
	{
		apiVersion: "storage.k8s.io/v1", name: "CSIDriver", plural: "csidrivers",
		frozen: []string{"spec.attachRequired", "spec.fsGroupPolicy", "spec.volumeLifecycleModes"},
	},
}

var accessModes = []corev1.PersistentVolumeAccessMode{
	corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod,
}

func validateAccessModes(modes []corev1.PersistentVolumeAccessMode, at *field.Path) field.ErrorList {
	if len(modes) == 0 {
		return field.ErrorList{field.Required(at, "at least 1 access mode is required")}
	}
	var errs field.ErrorList
	for i, mode := range modes {
		errs = append(errs, oneOf(at.Index(i), mode, accessModes...)...)
		if mode == corev1.ReadWriteOncePod && len(modes) > 1 {
			errs = append(errs, field.Forbidden(at, "may not use ReadWriteOncePod with other access modes"))
		}
	}
	return errs
}

func validateClaimSpec(s *corev1.PersistentVolumeClaimSpec, at *field.Path) field.ErrorList {
	errs := validateAccessModes(s.AccessModes, at.Child("accessModes"))
	errs = append(errs, validateSelector(s.Selector, at.Child("selector"))...)
	request, has := s.Resources.Requests[corev1.ResourceStorage]
	storage := at.Child("resources", "requests").Key("storage")
	switch {
	case !has:
		errs = append(errs, field.Required(storage, ""))
	case request.Sign() <= 0:
		errs = append(errs, field.Invalid(storage, request.String(), "must be greater than zero"))
	}
	if s.StorageClassName != nil && *s.StorageClassName != "" {
		errs = append(errs, legalName(at.Child("storageClassName"), *s.StorageClassName, validation.NameIsDNSSubdomain)...)
	}
	if s.VolumeMode != nil {
		errs = append(errs, oneOf(at.Child("volumeMode"), *s.VolumeMode, corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem)...)
	}
	return errs
}

// claimReferences returns the storage class of a claim. One with a volume of its own needs none to exist.
func claimReferences(s *corev1.PersistentVolumeClaimSpec, at *field.Path) []reference {
	if s.VolumeName != "" || s.StorageClassName == nil || *s.StorageClassName == "" {
		return nil
	}
	return []reference{{at: at.Child("storageClassName"), token: storageClassToken, name: *s.StorageClassName}}
}

func validateVolume(v *corev1.PersistentVolume) field.ErrorList {
	at := field.NewPath("spec")
	errs := validateAccessModes(v.Spec.AccessModes, at.Child("accessModes"))
	capacity, has := v.Spec.Capacity[corev1.ResourceStorage]
	switch {
	case !has:
		errs = append(errs, field.Required(at.Child("capacity").Key("storage"), ""))
	case capacity.Sign() <= 0:
		errs = append(errs, field.Invalid(at.Child("capacity").Key("storage"), capacity.String(), "must be greater than zero"))
	}
	switch sources := fieldsSet(v.Spec.PersistentVolumeSource); len(sources) {
	case 0:
		errs = append(errs, field.Required(at, "must specify a volume type"))
	case 1:
	default:
		errs = append(errs, field.Forbidden(at.Child(sources[1]), "may not specify more than 1 volume type"))
	}
	if csi := v.Spec.CSI; csi != nil && (csi.Driver == "" || csi.VolumeHandle == "") {
		errs = append(errs, field.Required(at.Child("csi"), "driver and volumeHandle must be set"))
	}
	return append(errs, oneOfOrNone(at.Child("persistentVolumeReclaimPolicy"), v.Spec.PersistentVolumeReclaimPolicy,
		corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain)...)
}

func validateStorageClass(s *storagev1.StorageClass) field.ErrorList {
	var errs field.ErrorList
	if s.Provisioner == "" {
		errs = append(errs, field.Required(field.NewPath("provisioner"), ""))
	} else {
		for _, msg := range utilvalidation.IsQualifiedName(s.Provisioner) {
			errs = append(errs, field.Invalid(field.NewPath("provisioner"), s.Provisioner, msg))
		}
	}
	if s.ReclaimPolicy != nil {
		errs = append(errs, oneOf(field.NewPath("reclaimPolicy"), *s.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)...)
	}
	if s.VolumeBindingMode != nil {
		errs = append(errs, oneOf(field.NewPath("volumeBindingMode"), *s.VolumeBindingMode, storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)...)
	}
	for key := range s.Parameters {
		if key == "" {
			errs = append(errs, field.Invalid(field.NewPath("parameters"), key, "field can not be empty"))
		}
	}
	return errs
}
