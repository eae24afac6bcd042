{{/* What the operator reads for its API: operator/src/settings.ts. */}}
{{- define "streamhouse.apiEnv" -}}
{{- with .Values.api -}}
- { name: API_PORT, value: "3001" }
- { name: API_BASE_PATH, value: {{ .basePath | quote }} }
- { name: API_READ_ONLY, value: {{ .readOnly | quote }} }
- { name: API_ALLOWED_ORIGINS, value: {{ .allowedOrigins | join "," | quote }} }
- { name: API_TRUSTED_PROXIES, value: {{ .trustedProxies | quote }} }
- { name: API_REQUESTS_PER_MINUTE, value: {{ .requestsPerMinute | int | quote }} }
- { name: API_LAG_CAUGHT_UP_MAX, value: {{ .lagThresholds.caughtUp | int64 | quote }} }
- { name: API_LAG_NORMAL_MAX, value: {{ .lagThresholds.normal | int64 | quote }} }
{{- if .keys.existingSecret }}
- { name: API_KEYS_FILE, value: /etc/streamhouse/api-keys/keys.json }
{{- end }}
{{- if .tls.secretName }}
- { name: API_TLS_CERT_FILE, value: /etc/streamhouse/api-tls/tls.crt }
- { name: API_TLS_KEY_FILE, value: /etc/streamhouse/api-tls/tls.key }
{{- end }}
{{- with .tokenAudience }}
- { name: API_TOKEN_AUDIENCE, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- end -}}
