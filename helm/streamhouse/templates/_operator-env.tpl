{{/* What the operator reads at its start: operator/src/settings.ts. */}}
{{- define "streamhouse.operatorEnv" -}}
- name: METADATA_STORE
  valueFrom:
    secretKeyRef: { name: {{ include "streamhouse.connectionSecret" . }}, key: METADATA_STORE }
# The operator deletes the objects of topics past their grace. Without keys an identity of the cloud has to do.
{{- range tuple "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom:
    secretKeyRef: { name: {{ include "streamhouse.connectionSecret" $ }}, key: {{ . }}, optional: true }
{{- end }}
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: WATCH_NAMESPACES
  {{- if .Values.clusterWide }}
  value: "*"
  {{- else }}
  value: {{ (include "streamhouse.watchNamespaces" . | fromJson).items | join "," | quote }}
  {{- end }}
- { name: LEADER_ELECTION_NAME, value: {{ include "streamhouse.operatorName" . | quote }} }
- { name: TOPIC_NAME_TEMPLATE, value: {{ .Values.topics.nameTemplate | quote }} }
- { name: DRIFT_MODE, value: {{ .Values.topics.driftMode | quote }} }
- { name: RESYNC_INTERVAL, value: {{ .Values.operator.resyncInterval | quote }} }
- { name: LOG_LEVEL, value: {{ .Values.operator.logLevel | quote }} }
- { name: HTTP_PORT, value: "8080" }
# What the pools' agents get.
- { name: AGENT_IMAGE, value: {{ include "streamhouse.image" . | quote }} }
- { name: AGENT_IMAGE_PULL_POLICY, value: {{ .Values.image.pullPolicy | quote }} }
- { name: AGENT_IMAGE_PULL_SECRETS, value: {{ .Values.image.pullSecrets | join "," | quote }} }
- { name: AGENT_SECRET_NAME, value: {{ include "streamhouse.connectionSecret" . | quote }} }
- { name: AWS_ENDPOINT_URL, value: {{ include "streamhouse.objectStoreEndpoint" . | quote }} }
- { name: AWS_REGION, value: {{ .Values.objectStore.region | quote }} }
- { name: STREAMHOUSE_BUCKET, value: {{ .Values.objectStore.bucket | quote }} }
- { name: STREAMHOUSE_PREFIX, value: {{ .Values.objectStore.prefix | quote }} }
{{- end -}}
