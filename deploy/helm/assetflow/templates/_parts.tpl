{{- define "assetflow.name" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "assetflow.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- if hasPrefix "@" $tag }}{{ .Values.image.repository }}{{ $tag }}{{ else }}{{ .Values.image.repository }}:{{ $tag }}{{ end -}}
{{- end }}

{{- define "assetflow.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ include "assetflow.name" . }}{{ else }}{{ default "default" .Values.serviceAccount.name }}{{ end -}}
{{- end }}

{{/* What selects the pods of a part. (root, part) */}}
{{- define "assetflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{/* Labels of everything that belongs to a part. (root, part) */}}
{{- define "assetflow.labels" -}}
{{ include "assetflow.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: assetflow
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Labels and annotations of a pod: a changed configuration is a changed pod. (root, part) */}}
{{- define "assetflow.podMetadata" -}}
labels:
  {{- include "assetflow.labels" . | nindent 2 }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ .root.Values.config | sha256sum }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What all pods have in common, up to their containers. (root, account) */}}
{{- define "assetflow.pod" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* What all containers have in common. (root, config: whether assetflow.toml is there) */}}
{{- define "assetflow.container" -}}
image: {{ include "assetflow.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
env:
  - name: ASSETFLOW_MODULES
    value: {{ join "," .root.Values.modules | quote }}
  - name: ASSETFLOW_DRAIN_SECONDS
    value: {{ .root.Values.drainSeconds | quote }}
  - name: ASSETFLOW_GRACE_SECONDS
    value: {{ .root.Values.graceSeconds | quote }}
  {{- if .root.Values.ui.ingress.enabled }}
  # For links, and the only name besides those of its machine under which the web server answers.
  - name: ASSETFLOW_BASE_URL
    value: {{ ternary "https" "http" (ne .root.Values.ui.ingress.tlsSecret "") }}://{{ .root.Values.ui.ingress.host }}
  {{- end }}
  {{- with .root.Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
envFrom:
  - secretRef:
      name: {{ .root.Values.existingSecret }}
  {{- with .root.Values.envFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  {{- if .config }}
  - name: config
    mountPath: /app/assetflow.toml
    subPath: assetflow.toml
    readOnly: true
  {{- end }}
  - name: home
    mountPath: /var/lib/assetflow
  - name: temporary
    mountPath: /tmp
{{- end }}

{{/* (root, config, scratch: room in the home folder) */}}
{{- define "assetflow.volumes" -}}
{{ if .config -}}
- name: config
  configMap:
    name: {{ include "assetflow.name" .root }}
{{ end -}}
- name: home
  emptyDir:
    sizeLimit: {{ .scratch }}
- name: temporary
  emptyDir:
    sizeLimit: 2Gi
{{- end }}

{{/* Pods of one part on different nodes, where there are some. (root, part) */}}
{{- define "assetflow.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "assetflow.selector" . | nindent 6 }}
{{- end }}
