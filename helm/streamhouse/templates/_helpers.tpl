{{- define "streamhouse.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "streamhouse.operatorName" -}}
{{ include "streamhouse.fullname" . }}-operator
{{- end -}}

{{- define "streamhouse.apiName" -}}
{{ include "streamhouse.fullname" . }}-api
{{- end -}}

{{/* What a selector may name: it never changes over the life of a release. */}}
{{- define "streamhouse.selector" -}}
app.kubernetes.io/name: streamhouse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "streamhouse.labels" -}}
{{ include "streamhouse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* Agents are the operator's, so they carry no release. */}}
{{- define "streamhouse.agentSelector" -}}
app.kubernetes.io/name: streamhouse
app.kubernetes.io/component: agent
{{- end -}}

{{- define "streamhouse.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The namespaces that are reconciled, as {"items": […]}; not used cluster-wide. */}}
{{- define "streamhouse.watchNamespaces" -}}
{{- $own := list .Release.Namespace -}}
{{- dict "items" (.Values.watchNamespaces | default $own | uniq) | toJson -}}
{{- end -}}

{{- define "streamhouse.connectionSecret" -}}
{{- if .Values.dev.enabled -}}
{{ include "streamhouse.fullname" . }}-dev-connection
{{- else -}}
{{ .Values.connection.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "streamhouse.objectStoreEndpoint" -}}
{{- if .Values.objectStore.endpoint -}}
{{ .Values.objectStore.endpoint }}
{{- else if .Values.dev.enabled -}}
http://{{ include "streamhouse.fullname" . }}-dev-s3.{{ .Release.Namespace }}.svc:7070
{{- end -}}
{{- end -}}

{{/* Where the first pool and the topic of `helm test` are: a namespace that is reconciled. */}}
{{- define "streamhouse.poolNamespace" -}}
{{- if .Values.clusterWide -}}
{{ .Release.Namespace }}
{{- else if has .Release.Namespace (include "streamhouse.watchNamespaces" . | fromJson).items -}}
{{ .Release.Namespace }}
{{- else -}}
{{ first (include "streamhouse.watchNamespaces" . | fromJson).items }}
{{- end -}}
{{- end -}}

{{- define "streamhouse.agentService" -}}
{{ .Values.agentPool.name }}-agents.{{ include "streamhouse.poolNamespace" . }}
{{- end -}}

{{- define "streamhouse.podSecurity" -}}
runAsNonRoot: true
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "streamhouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "streamhouse.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end -}}
