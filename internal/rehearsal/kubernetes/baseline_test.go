package kubernetes_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// Pulumi type tokens of the kinds under test.
const (
	pod          = "kubernetes:core/v1:Pod"
	secret       = "kubernetes:core/v1:Secret"
	service      = "kubernetes:core/v1:Service"
	claim        = "kubernetes:core/v1:PersistentVolumeClaim"
	volume       = "kubernetes:core/v1:PersistentVolume"
	quota        = "kubernetes:core/v1:ResourceQuota"
	limits       = "kubernetes:core/v1:LimitRange"
	deployment   = "kubernetes:apps/v1:Deployment"
	daemonSet    = "kubernetes:apps/v1:DaemonSet"
	statefulSet  = "kubernetes:apps/v1:StatefulSet"
	job          = "kubernetes:batch/v1:Job"
	cronJob      = "kubernetes:batch/v1:CronJob"
	role         = "kubernetes:rbac.authorization.k8s.io/v1:Role"
	clusterRole  = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	binding      = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
	wideBinding  = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
	budget       = "kubernetes:policy/v1:PodDisruptionBudget"
	netPolicy    = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	ingress      = "kubernetes:networking.k8s.io/v1:Ingress"
	ingressClass = "kubernetes:networking.k8s.io/v1:IngressClass"
	priority     = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
	storageClass = "kubernetes:storage.k8s.io/v1:StorageClass"
	csiDriver    = "kubernetes:storage.k8s.io/v1:CSIDriver"
	autoscaler   = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	policy       = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
	policyBind   = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding"
	mutating     = "kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicy"
	mutatingBeta = "kubernetes:admissionregistration.k8s.io/v1beta1:MutatingAdmissionPolicy"
	mutatingBind = "kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicyBinding"
	webhooks     = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"
	mutatingHook = "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration"
	crd          = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
	widget       = "kubernetes:example.com/v1:Widget"
	release      = "kubernetes:helm.sh/v3:Release"
)

const podSpec = `
serviceAccountName: default
priorityClassName: system-node-critical
nodeSelector: {kubernetes.io/os: linux}
securityContext: {runAsUser: 1000, fsGroup: 2000, seccompProfile: {type: RuntimeDefault}}
tolerations: [{key: spotInstance, operator: Equal, value: "true", effect: NoSchedule}, {operator: Exists}]
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms: [{matchExpressions: [{key: lifecycle, operator: In, values: [Ec2Spot]}]}]
    preferredDuringSchedulingIgnoredDuringExecution:
      - {weight: 10, preference: {matchExpressions: [{key: cores, operator: Gt, values: ["2"]}]}}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - {weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}
topologySpreadConstraints:
  - {maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
volumes:
  - {name: ca, configMap: {name: kube-root-ca.crt}}
  - {name: tmp, emptyDir: {sizeLimit: 1Gi}}
  - {name: log, hostPath: {path: /var/log, type: Directory}}
  - {name: token, projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: 3600}}]}}
initContainers: [{name: init, image: "busybox:1.37"}]
containers:
  - name: web
    image: public.ecr.aws/nginx/nginx:1.29
    ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090, protocol: TCP}]
    env: [{name: A, value: b}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
    envFrom: [{configMapRef: {name: kube-root-ca.crt}}]
    volumeMounts: [{name: ca, mountPath: /ca, readOnly: true}, {name: tmp, mountPath: /tmp, subPath: web}]
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
    livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 5}
    securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true}
`

// indent puts a YAML text under a key some spaces in.
func indent(spaces int, text string) string {
	pad := strings.Repeat(" ", spaces)
	return "\n" + pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+pad) + "\n"
}

var podTemplate = "  template:\n    metadata: {labels: {app: web}}\n    spec:" + indent(6, podSpec)

var selection = "metadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n" + podTemplate

// jobSpec is the template of something that ends, four spaces in.
const jobSpec = `
template:
  spec:
    restartPolicy: OnFailure
    containers: [{name: clean, image: "registry.k8s.io/kubectl:v1.35.0"}]
`

const hook = `
metadata: {name: hook}
webhooks:
  - name: pods.example.com
    clientConfig: {service: {name: hook, namespace: default}}
    sideEffects: None
    admissionReviewVersions: [v1]
    timeoutSeconds: 5
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
`

const constraints = `
matchConstraints:
  resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]
`

// baseline has one object of every kind that the API server accepts.
var baseline = map[string]string{
	namespace:      `metadata: {name: apps, labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: v1.35}}`,
	serviceAccount: `metadata: {name: web}`,
	configMap:      "metadata: {name: web}\ndata: {a: b}",
	secret:         "metadata: {name: web}\nstringData: {password: hunter2}",
	pod:            "metadata: {name: web}\nspec:" + indent(2, podSpec),
	deployment:     selection + "  replicas: 2\n  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n",
	daemonSet:      selection + "  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}\n",
	statefulSet: selection + `  serviceName: kubernetes
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], storageClassName: gp2, resources: {requests: {storage: 1Gi}}}
`,
	job:     "metadata: {name: web}\nspec:" + indent(2, jobSpec),
	cronJob: "metadata: {name: web}\nspec:\n  schedule: '*/10 * * * *'\n  timeZone: Europe/Berlin\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:" + indent(6, jobSpec),
	claim:   "metadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], storageClassName: gp2, resources: {requests: {storage: 1Gi}}}",
	volume: `metadata: {name: data}
spec: {accessModes: [ReadWriteMany], capacity: {storage: 1Gi}, csi: {driver: efs.csi.aws.com, volumeHandle: fs-1}}`,
	storageClass: "metadata: {name: gp3}\nprovisioner: ebs.csi.aws.com\nparameters: {type: gp3, encrypted: 'true'}\nvolumeBindingMode: WaitForFirstConsumer\nreclaimPolicy: Delete",
	csiDriver:    "metadata: {name: efs.csi.aws.com}\nspec: {attachRequired: false}",
	service:      "metadata: {name: web}\nspec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090}]}",
	netPolicy: `metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{namespaceSelector: {matchLabels: {a: b}}}], ports: [{port: http}]}]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{protocol: UDP, port: 53, endPort: 54}]}]`,
	ingress: `metadata: {name: web}
spec:
  ingressClassName: alb
  rules: [{host: "*.example.com", http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: kubernetes, port: {number: 443}}}}]}}]`,
	ingressClass: "metadata: {name: alb}\nspec: {controller: ingress.k8s.aws/alb}",
	role:         "metadata: {name: view:web}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]",
	clusterRole:  "metadata: {name: web}\nrules: [{nonResourceURLs: [/metrics], verbs: [get]}]",
	binding: `metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: Group, name: dev}, {kind: ServiceAccount, name: default, namespace: default}]`,
	wideBinding: "metadata: {name: web}\nroleRef: {kind: ClusterRole, name: view}\nsubjects: [{kind: User, name: me}]",
	quota: `metadata: {name: web}
spec: {hard: {requests.cpu: "4", limits.memory: 8Gi, pods: "20", count/deployments.apps: "5", requests.nvidia.com/gpu: "1"}}`,
	limits:   "metadata: {name: web}\nspec: {limits: [{type: Container, min: {cpu: 10m}, defaultRequest: {cpu: 50m}, default: {cpu: 100m}, max: {cpu: '2'}}]}",
	budget:   "metadata: {name: web}\nspec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}",
	priority: "metadata: {name: apps}\nvalue: 1000\nglobalDefault: false",
	autoscaler: `metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]`,
	policy: "metadata: {name: spot}\nspec:" + indent(2, constraints) + `  variables:
    - {name: tolerates, expression: "has(object.spec.tolerations) && object.spec.tolerations.exists(t, t.key == 'spot')"}
  matchConditions: [{name: not-system, expression: "!(object.metadata.namespace in ['kube-system'])"}]
  validations: [{expression: "!variables.tolerates", message: no spot here}]`,
	policyBind:   "metadata: {name: spot}\nspec: {policyName: spot, validationActions: [Deny, Audit]}",
	mutating:     "metadata: {name: spot}\nspec:" + indent(2, constraints) + "  reinvocationPolicy: Never\n  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]",
	mutatingBind: "metadata: {name: spot}\nspec: {policyName: spot}",
	webhooks:     hook,
	mutatingHook: hook,
	crd: `metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, minimum: 1, maximum: 9}
                colour: {type: string, enum: [red, blue]}
                code: {type: string, pattern: '^[a-z]+$'}
                port: {x-kubernetes-int-or-string: true}
                labels: {type: object, additionalProperties: {type: string}}
                any: {type: object, x-kubernetes-preserve-unknown-fields: true}
                list: {type: array, maxItems: 2, items: {type: object, properties: {name: {type: string}}}}`,
	widget: "metadata: {name: w}\nspec: {size: 3, colour: red, code: abc, port: http, labels: {a: b}, any: {thing: 1}, list: [{name: a}]}",
}

func init() {
	baseline[mutatingBeta] = baseline[mutating]
}

// valid returns the baseline object of a kind.
func valid(t testing.TB, typ string) m {
	t.Helper()
	text, known := baseline[typ]
	require.True(t, known, "no baseline for %s", typ)
	var out m
	require.NoError(t, yaml.UnmarshalStrict([]byte(text), &out), typ)
	return out
}

// changed returns the baseline object with a YAML value at a path of keys and indices separated by slashes; null takes
// the property away.
func changed(t testing.TB, typ, path, value string) m {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal([]byte(value), &v))
	out := valid(t, typ)
	var at any = out
	keys := strings.Split(path, "/")
	for i, key := range keys {
		last := i == len(keys)-1
		switch inner := at.(type) {
		case map[string]any:
			key = strings.ReplaceAll(key, "~", "/")
			switch {
			case last && v == nil:
				delete(inner, key)
			case last:
				inner[key] = v
			case inner[key] == nil:
				inner[key] = m{}
				at = inner[key]
			default:
				at = inner[key]
			}
		case []any:
			n, err := strconv.Atoi(key)
			require.NoError(t, err, path)
			if last {
				inner[n] = v
			} else {
				at = inner[n]
			}
		default:
			require.Fail(t, "path leads nowhere", "%s at %s", path, key)
		}
	}
	text, err := json.Marshal(out)
	require.NoError(t, err)
	out = nil
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}
