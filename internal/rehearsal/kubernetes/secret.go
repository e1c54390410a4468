package kubernetes

import (
	"encoding/base64"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// secretKeys are the keys that the API server demands of Secrets of a type. Of basic-auth one of the two is enough.
var secretKeys = map[corev1.SecretType][]string{
	corev1.SecretTypeDockercfg:        {corev1.DockerConfigKey},
	corev1.SecretTypeDockerConfigJson: {corev1.DockerConfigJsonKey},
	corev1.SecretTypeSSHAuth:          {corev1.SSHAuthPrivateKey},
	corev1.SecretTypeTLS:              {corev1.TLSCertKey, corev1.TLSPrivateKeyKey},
}

// validateSecret applies the API server's rules on a Secret's data.
func validateSecret(s *corev1.Secret) field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("data")
	data := map[string][]byte{}
	for key, value := range s.Data {
		data[key] = value
	}
	for key, value := range s.StringData {
		data[key] = []byte(value)
	}
	size := 0
	for key, value := range data {
		size += len(value)
		for _, msg := range utilvalidation.IsConfigMapKey(key) {
			errs = append(errs, field.Invalid(at.Key(key), key, msg))
		}
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(at, "", corev1.MaxSecretSize))
	}
	for _, key := range secretKeys[s.Type] {
		value, has := data[key]
		if !has {
			errs = append(errs, field.Required(at.Key(key), ""))
		} else if s.Type == corev1.SecretTypeDockercfg || s.Type == corev1.SecretTypeDockerConfigJson {
			if !json.Valid(value) {
				errs = append(errs, field.Invalid(at.Key(key), "<secret contents redacted>", "must be JSON"))
			}
		}
	}
	switch s.Type {
	case corev1.SecretTypeBasicAuth:
		if data[corev1.BasicAuthUsernameKey] == nil && data[corev1.BasicAuthPasswordKey] == nil {
			errs = append(errs, field.Required(at.Key(corev1.BasicAuthUsernameKey), ""),
				field.Required(at.Key(corev1.BasicAuthPasswordKey), ""))
		}
	case corev1.SecretTypeServiceAccountToken:
		if s.Annotations[corev1.ServiceAccountNameKey] == "" {
			errs = append(errs, field.Required(field.NewPath("metadata", "annotations").Key(corev1.ServiceAccountNameKey), ""))
		}
	}
	return errs
}

// completeSecret moves stringData into data as the API server does.
func completeSecret(_ *cluster, live map[string]any) {
	plain, _ := live["stringData"].(map[string]any)
	delete(live, "stringData")
	for key, value := range plain {
		if text, ok := value.(string); ok {
			child(live, "data")[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
	}
}
