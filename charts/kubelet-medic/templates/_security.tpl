{{/* The API server refuses a profile of the node that has no name: (list VALUE CONTEXT). */}}
{{- define "medic.needsProfileNames" -}}
{{- $value := index . 0 -}}
{{- range $name, $profile := pick (index . 1) "seccompProfile" "appArmorProfile" -}}
{{- if and (eq (toString $profile.type) "Localhost") (not $profile.localhostProfile) -}}
{{- fail (printf "%s.%s: Localhost needs localhostProfile, the name of the profile on the node" $value $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The controller fits Pod Security `restricted`; what is set wins. */}}
{{- define "medic.controllerPodSecurity" -}}
{{- $restricted := dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- $context := mergeOverwrite $restricted (deepCopy (.Values.controller.podSecurityContext | default dict)) -}}
{{- include "medic.needsProfileNames" (list "controller.podSecurityContext" $context) -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "medic.controllerSecurity" -}}
{{- $restricted := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- $context := mergeOverwrite $restricted (deepCopy (.Values.controller.securityContext | default dict)) -}}
{{- include "medic.needsProfileNames" (list "controller.securityContext" $context) -}}
{{- toYaml $context -}}
{{- end -}}

{{/*
SYS_ADMIN and SYS_CHROOT enter the host's namespaces, SYS_ADMIN reads where threads wait in the kernel, SYS_PTRACE reads the memory
of kubelet and runtime, SYSLOG the kernel's log, and DAC_READ_SEARCH logs that belong to another user than root. The runtime's
AppArmor profile and SELinux type keep a container from every process that is not its own.
*/}}
{{- define "medic.agentSecurity" -}}
{{- $root := dict "runAsUser" 0 "runAsGroup" 0 "readOnlyRootFilesystem" true -}}
{{- $narrow := dict
  "allowPrivilegeEscalation" false
  "capabilities" (dict "drop" (list "ALL") "add" (list "SYS_ADMIN" "SYS_CHROOT" "SYS_PTRACE" "SYSLOG" "DAC_READ_SEARCH"))
  "seccompProfile" (dict "type" "RuntimeDefault")
  "appArmorProfile" (dict "type" "Unconfined")
  "seLinuxOptions" (dict "type" "spc_t") -}}
{{- $default := merge $root (ternary (dict "privileged" true) $narrow .Values.agent.privileged) -}}
{{- $context := mergeOverwrite $default (deepCopy (.Values.agent.securityContext | default dict)) -}}
{{- $pod := .Values.agent.podSecurityContext | default dict -}}
{{- include "medic.needsProfileNames" (list "agent.podSecurityContext" $pod) -}}
{{- include "medic.needsProfileNames" (list "agent.securityContext" $context) -}}
{{- if or (ne (int $context.runAsUser) 0) $context.runAsNonRoot (and $pod.runAsNonRoot (not (hasKey $context "runAsNonRoot"))) -}}
{{- fail "agent.securityContext: the agent works as root (runAsUser 0): no other user enters the host's namespaces or reads the kubelet's memory" -}}
{{- end -}}
{{- $lacks := include "medic.agentLacks" . | fromYamlArray -}}
{{- range (list "SYS_ADMIN" "SYS_CHROOT" "SYS_PTRACE") -}}
{{- if has . $lacks -}}
{{- fail (printf "agent.securityContext.capabilities: without %s the agent can neither ask systemd nor read the kubelet's memory; a list here replaces the chart's, so name all of SYS_ADMIN, SYS_CHROOT, SYS_PTRACE, SYSLOG and DAC_READ_SEARCH" .) -}}
{{- end -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{/* The agent's capabilities that values take from it, as a list. An empty list adds none. A runtime takes what is dropped by name after all that is added. */}}
{{- define "medic.agentLacks" -}}
{{- $lacks := list -}}
{{- $set := (.Values.agent.securityContext | default dict).capabilities | default dict -}}
{{- $add := ternary ($set.add | default list) (list "ALL") (hasKey $set "add") -}}
{{- $drop := $set.drop | default list -}}
{{- if not .Values.agent.privileged -}}
{{- range (list "SYS_ADMIN" "SYS_CHROOT" "SYS_PTRACE" "SYSLOG" "DAC_READ_SEARCH") -}}
{{- $isAdded := or (has "ALL" $add) (has . $add) -}}
{{- if or (not $isAdded) (has . $drop) -}}{{- $lacks = append $lacks . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $lacks -}}
{{- end -}}

{{/* What the agent sees less with, as values are set; a line each. */}}
{{- define "medic.agentWarnings" -}}
{{- $lacks := include "medic.agentLacks" . | fromYamlArray -}}
{{- if has "SYSLOG" $lacks }}
  No SYSLOG: evidence is without the kernel's log where kernel.dmesg_restrict is set.
{{- end }}
{{- if has "DAC_READ_SEARCH" $lacks }}
  No DAC_READ_SEARCH: logs that belong to another user than root are not read.
{{- end }}
{{- $context := .Values.agent.securityContext | default dict }}
{{- with $context.seLinuxOptions }}
{{- if ne (.type | default "spc_t") "spc_t" }}
  SELinux type {{ .type }}: it has to let the agent read the memory of other processes and enter their namespaces.
{{- end }}
{{- end }}
{{- range $name, $default := dict "appArmorProfile" "Unconfined" "seccompProfile" "RuntimeDefault" }}
{{- with index $context $name }}
{{- if not (has .type (list $default "Unconfined")) }}
  {{ $name }} {{ .type }}: it has to let the agent call setns(2) and read the memory of other processes.
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
