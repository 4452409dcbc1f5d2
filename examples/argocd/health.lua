-- Health of KubeletRecoveryPolicies and KubeletIncidents for Argo CD. In the ConfigMap argocd-cm it is the value of
-- resource.customizations.health.kubelet-medic.io_KubeletRecoveryPolicy and of ..._KubeletIncident.

local function condition(kind)
  for _, one in ipairs((obj.status or {}).conditions or {}) do
    if one.type == kind then return one end
  end
  return nil
end

local function health(status, message)
  return { status = status, message = message or "" }
end

local function incident()
  local status = obj.status or {}
  if status.outcome == nil then return health("Progressing", status.state) end
  -- It went as it should, or left something to a person.
  local ready = condition("Ready")
  local message = status.outcome
  if ready ~= nil and (ready.message or "") ~= "" then message = status.outcome .. ": " .. ready.message end
  if ready == nil or ready.status ~= "True" then return health("Degraded", message) end
  return health("Healthy", message)
end

local function policy()
  local status = obj.status or {}
  if (obj.spec or {}).paused then return health("Suspended", "paused: nothing is restarted") end
  local ready = condition("Ready")
  if ready == nil or (status.observedGeneration or 0) < (obj.metadata.generation or 0) then
    return health("Progressing", "the controller has not read it")
  end
  if ready.status ~= "True" then return health("Degraded", ready.message) end
  local budget = condition("BudgetAvailable")
  if budget ~= nil and budget.reason == "TooManyUnhealthy" then return health("Degraded", budget.message) end
  return health("Healthy", status.wouldDo)
end

if obj.kind == "KubeletIncident" then return incident() end
return policy()
