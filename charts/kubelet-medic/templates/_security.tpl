{{/* The controller fits Pod Security `restricted`; what is set wins. */}}
{{- define "medic.controllerPodSecurity" -}}
{{- $restricted := dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite $restricted (deepCopy (.Values.controller.podSecurityContext | default dict))) -}}
{{- end -}}

{{- define "medic.controllerSecurity" -}}
{{- $restricted := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- toYaml (mergeOverwrite $restricted (deepCopy (.Values.controller.securityContext | default dict))) -}}
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

{{/* The agent's capabilities that values take from it, as a list. A runtime takes what is dropped by name after all that is added. */}}
{{- define "medic.agentLacks" -}}
{{- $lacks := list -}}
{{- $set := (.Values.agent.securityContext | default dict).capabilities | default dict -}}
{{- $add := $set.add | default (list "ALL") -}}
{{- $drop := $set.drop | default list -}}
{{- if not .Values.agent.privileged -}}
{{- range (list "SYS_ADMIN" "SYS_CHROOT" "SYS_PTRACE" "SYSLOG" "DAC_READ_SEARCH") -}}
{{- $isAdded := or (has "ALL" $add) (has . $add) (has (printf "CAP_%s" .) $add) -}}
{{- if or (not $isAdded) (has . $drop) (has (printf "CAP_%s" .) $drop) -}}{{- $lacks = append $lacks . -}}{{- end -}}
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
