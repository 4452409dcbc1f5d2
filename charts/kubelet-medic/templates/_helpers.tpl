{{- define "medic.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "medic.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "medic.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "medic.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "medic.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: kubelet-medic
app.kubernetes.io/name: {{ include "medic.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels that select the pods of one program: (list $ "agent"). They never change. */}}
{{- define "medic.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "medic.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Where the agent's metrics listen; empty: on all addresses of the pod. */}}
{{- define "medic.agentMetricsHost" -}}
{{- .Values.agent.metricsHost | default (ternary "127.0.0.1" "" .Values.agent.hostNetwork) -}}
{{- end -}}

{{/* Programs whose metrics can be scraped, by a space: nobody reaches the agents' own addresses of loopback. */}}
{{- define "medic.scraped" -}}
controller
{{- $host := include "medic.agentMetricsHost" . -}}
{{- if not (or (hasPrefix "127." $host) (has $host (list "::1" "[::1]"))) }} agent{{ end -}}
{{- end -}}

{{- define "medic.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the programs take from the pod, and the address of the API server where it is set. */}}
{{- define "medic.env" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: NODE_NAME
  valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
{{- with .Values.apiServer.host }}
- name: KUBERNETES_SERVICE_HOST
  value: {{ . | quote }}
{{- end }}
{{- with .Values.apiServer.port }}
- name: KUBERNETES_SERVICE_PORT
  value: {{ . | toString | quote }}
{{- end }}
{{- end -}}

{{/* The account of a program, as the API server names it: (list $ "agent"). */}}
{{- define "medic.user" -}}
{{- $root := index . 0 -}}
system:serviceaccount:{{ $root.Release.Namespace }}:{{ include "medic.fullname" $root }}-{{ index . 1 }}
{{- end -}}

{{/* A ValidatingAdmissionPolicy down to what it matches, and its binding: (list $ "controller-nodes"). */}}
{{- define "medic.policyHead" -}}
{{- $root := index . 0 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "medic.fullname" $root }}-{{ index . 1 }}
  labels:
    {{- include "medic.labels" $root | nindent 4 }}
spec:
  policyName: {{ include "medic.fullname" $root }}-{{ index . 1 }}
  validationActions: [Deny]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "medic.fullname" $root }}-{{ index . 1 }}
  labels:
    {{- include "medic.labels" $root | nindent 4 }}
spec:
  failurePolicy: Fail
{{- end -}}

{{/* A match condition: the request is a program's own: (list $ "agent"). */}}
{{- define "medic.isProgram" -}}
- name: is-the-{{ index . 1 }}
  expression: request.userInfo.username == '{{ include "medic.user" . }}'
{{- end -}}

{{/*
Rules of a new KubeletEvidence, whoever adds it. A name that another node could take would keep that node's evidence out:
the one that is there counts as kept. An object's name has room for 230 characters of the node's.
*/}}
{{- define "medic.evidenceRules" -}}
{{- $prefix := "(object.spec.nodeName.size() > 230 ? object.spec.nodeName.substring(0, 230) : object.spec.nodeName)" -}}
- expression: >-
    request.operation != 'CREATE' || (object.metadata.name.startsWith({{ $prefix }} + '-') &&
    object.metadata.name.substring({{ $prefix }}.size() + 1).matches('^[0-9a-f]{12}(\\.[0-9]{1,2})?$'))
  message: evidence is named by its node, 12 hexadecimal digits and the part
  reason: Forbidden
- expression: >-
    request.operation != 'CREATE' || (
    object.metadata.?ownerReferences.orValue([]).size() == 1 &&
    object.metadata.ownerReferences[0].apiVersion.startsWith('kubelet-medic.io/') &&
    object.metadata.ownerReferences[0].kind == 'KubeletIncident' &&
    object.metadata.ownerReferences[0].uid == object.spec.incidentUID &&
    object.metadata.ownerReferences[0].name == object.spec.incident)
  message: evidence is owned by its incident, and by nothing else
  reason: Forbidden
- expression: >-
    request.operation != 'CREATE' ||
    {{ include "medic.isNamedByNode" (list "object.spec.incident" "object.spec.nodeName") }}
  message: evidence is of an incident of its node, whose name begins with the node's
  reason: Forbidden
- expression: request.operation != 'CREATE' || !has(object.metadata.finalizers)
  message: evidence has no finalizers
  reason: Forbidden
# What is counted is what is stored, whoever writes it. Bytes, not characters: data need not be base64.
- expression: >-
    request.operation != 'CREATE' ||
    object.metadata.?annotations.orValue({}) == {'kubelet-medic.io/bytes': string(bytes(object.spec.?data.orValue('')).size())}
  message: evidence says how many bytes its data has, in the annotation kubelet-medic.io/bytes, and has no other annotation
  reason: Forbidden
- expression: >-
    request.operation != 'CREATE' || (
    object.metadata.?labels.orValue({}).all(name, name in ['kubelet-medic.io/node', 'kubelet-medic.io/upload']) &&
    object.metadata.?labels[?'kubelet-medic.io/upload'].orValue('') == (has(object.spec.expiresAt) ? 'true' : ''))
  message: evidence that expires has the label kubelet-medic.io/upload, and no other has it
  reason: Forbidden
# A longer name is cut, and has a hash.
- expression: >-
    request.operation != 'CREATE' || object.spec.nodeName.size() > 63 ||
    object.metadata.?labels[?'kubelet-medic.io/node'].orValue(object.spec.nodeName) == object.spec.nodeName
  message: evidence has the label kubelet-medic.io/node of its own node
  reason: Forbidden
{{- end -}}

{{/* CEL: the name of an incident is its node's, at most 240 characters of it, and five more: (list NAME NODE). */}}
{{- define "medic.isNamedByNode" -}}
{{- $name := index . 0 }}{{ $node := index . 1 -}}
{{- $prefix := printf "(%s.size() > 240 ? %s.substring(0, 240) : %s)" $node $node $node -}}
({{ $name }}.startsWith({{ $prefix }} + '-') && {{ $name }}.substring({{ $prefix }}.size() + 1).matches('^[a-z0-9]{5}$'))
{{- end -}}

{{/* What runs when the release is gone, and goes itself when it is over: the weight, as text. */}}
{{- define "medic.cleanUpHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end -}}

{{/*
Whether the agent may ask for a token that is bound to its Node. Without the policy that holds it to that, it could have any
token of its account, of every node and for a year.
*/}}
{{- define "medic.bindsTokenToNode" -}}
{{- if and (eq (.Values.agent.tokenBinding | default "Node") "Node") .Values.admissionPolicy.enabled }}true{{ end -}}
{{- end -}}

{{- /* V8's compiler takes blocks of 32 KiB, and a record of TLS has up to 16: glibc gives those back to the system at once, and keeps one arena. */ -}}
{{- define "medic.mallocEnv" -}}
- { name: MALLOC_ARENA_MAX, value: '1' }
- { name: MALLOC_MMAP_THRESHOLD_, value: '8192' }
- { name: MALLOC_TRIM_THRESHOLD_, value: '65536' }
{{- end }}

{{- /* Of the controller, in MiB; tools/generate/sizing.ts writes the same into the reference. */ -}}
{{- define "medic.controllerMemory" -}}
{{- $sizing := (.Files.Get "sizing.yaml" | fromYaml).controller -}}
{{- $bucket := ternary $sizing.bucket 0 (not (empty .Values.evidence.bucket.name)) -}}
{{- $limit := add $sizing.base $bucket (div (mul .Values.controller.nodes $sizing.perThousandNodes) 1000) -}}
limit: {{ $limit }}
request: {{ div (mul $limit $sizing.requestPercent) 100 }}
{{- $isFast := ge (int .Values.controller.nodes) (int $sizing.fastFrom) }}
{{- $young := ternary $sizing.fastYoung $sizing.young $isFast }}
heap: {{ sub (sub $limit $sizing.outsideHeap) (mul 3 $young) }}
young: {{ $young }}
isFast: {{ $isFast }}
{{- end }}

{{- /* The bucket, as both programs read it; empty: there is none. */ -}}
{{- define "medic.bucket" -}}
{{- with .Values.evidence.bucket }}
{{- if .name }}
{{- $where := dict "name" .name "region" .region "pathStyle" .pathStyle "prefix" .prefix -}}
{{- if .endpoint }}{{ $_ := set $where "endpoint" .endpoint }}{{ end -}}
{{- if .encryption }}{{ $_ := set $where "encryption" .encryption }}{{ end -}}
{{- toJson $where -}}
{{- end }}
{{- end }}
{{- end }}

{{- define "medic.bucketEnv" -}}
{{- with include "medic.bucket" . }}
- { name: KUBELET_MEDIC_BUCKET, value: {{ quote . }} }
{{- end }}
{{- end }}

{{- define "medic.bucketCA" -}}
{{- and .Values.evidence.bucket.name .Values.evidence.bucket.ca | empty | ternary "" "true" -}}
{{- end }}

{{- define "medic.bucketMount" -}}
- { name: bucket, mountPath: /etc/kubelet-medic/bucket, readOnly: true }
{{- end }}

{{- define "medic.bucketVolume" -}}
- name: bucket
  configMap: { name: {{ include "medic.fullname" . }}-bucket, optional: true }
{{- end }}

{{- /* The file of the user's own causes, as both programs read it; empty: there are none. */ -}}
{{- define "medic.ownCauses" -}}
{{- with .Values.ownCauses }}{{ dict "ownCauses" . | toYaml }}{{ end }}
{{- end }}

{{- define "medic.ownCausesMount" -}}
- { name: own-causes, mountPath: /etc/kubelet-medic/own-causes, readOnly: true }
{{- end }}

{{- /* A pod starts without it as well: a program that has no file goes by the catalogue alone. */ -}}
{{- define "medic.ownCausesVolume" -}}
- name: own-causes
  configMap: { name: {{ include "medic.fullname" . }}-own-causes, optional: true }
{{- end }}

{{- /*
The affinity of the agents: what is set, and in each of its terms, one of which is enough, that a node is a machine. Fargate and
virtual-kubelet have no host, and the DaemonSet tolerates every taint.
*/ -}}
{{- define "medic.agentAffinity" -}}
{{- $isMachine := list
  (dict "key" "eks.amazonaws.com/compute-type" "operator" "NotIn" "values" (list "fargate"))
  (dict "key" "type" "operator" "NotIn" "values" (list "virtual-kubelet")) -}}
{{- $affinity := deepCopy .Values.agent.affinity -}}
{{- $node := $affinity.nodeAffinity | default dict -}}
{{- $required := $node.requiredDuringSchedulingIgnoredDuringExecution | default dict -}}
{{- $terms := list -}}
{{- range ($required.nodeSelectorTerms | default (list dict)) -}}
{{- $terms = append $terms (set (deepCopy .) "matchExpressions" (concat (.matchExpressions | default list) $isMachine)) -}}
{{- end -}}
{{- $required = set (deepCopy $required) "nodeSelectorTerms" $terms -}}
{{- $node = set (deepCopy $node) "requiredDuringSchedulingIgnoredDuringExecution" $required -}}
{{- toYaml (set $affinity "nodeAffinity" $node) -}}
{{- end -}}

{{/* What the controller may do with Machines where other operators may ask for a node (none, read, replace); empty: they may not. */}}
{{- define "medic.machines" -}}
{{- with .Values.otherOperators -}}
{{- if .machineHealthCheck.enabled -}}
{{- ternary "replace" "read" .machineHealthCheck.replaceMachines -}}
{{- else if .nodeHealthCheck.enabled -}}
none
{{- end -}}
{{- end -}}
{{- end -}}
