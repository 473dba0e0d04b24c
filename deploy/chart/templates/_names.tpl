{{- define "kcr.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* kcr.labels COMPONENT */}}
{{- define "kcr.labels" -}}
{app.kubernetes.io/name: kcr, app.kubernetes.io/component: {{ . }}}
{{- end -}}

{{/* kcr.port (list CONFIG NAME DEFAULT): of a program, as its options have it */}}
{{- define "kcr.port" -}}
{{ index . 0 | dig (index . 1) (index . 2) | int }}
{{- end -}}
