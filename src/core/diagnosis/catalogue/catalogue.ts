/** All root causes that are known. */
import type { Cause } from './cause.ts';
import { CNI_CAUSES } from './runtime/cni.ts';
import { CONFIGURATION_CAUSES } from './kubelet/configuration.ts';
import { DEVICE_PLUGIN_CAUSES } from './kubelet/device-plugin.ts';
import { DOCKER_CAUSES } from './runtime/docker.ts';
import { HEALTHY_VERDICTS } from './healthy.ts';
import { HOST_CAUSES } from './host/host.ts';
import { KUBELET_CAUSES } from './kubelet/kubelet.ts';
import { KERNEL_CAUSES } from './host/kernel.ts';
import { LIMIT_CAUSES } from './host/limits.ts';
import { RUNTIME_CAUSES } from './runtime/runtime.ts';
import { SHIM_CAUSES } from './runtime/shim.ts';
import { SLOW_RELIST_CAUSES } from './kubelet/slow-relist.ts';
import { START_UP_CAUSES } from './kubelet/start-up.ts';
import { SYSTEMD_CAUSES } from './host/systemd.ts';

export const CATALOGUE: readonly Cause[] = [
  ...KUBELET_CAUSES,
  ...RUNTIME_CAUSES,
  ...DOCKER_CAUSES,
  ...SHIM_CAUSES,
  ...CNI_CAUSES,
  ...SYSTEMD_CAUSES,
  ...HOST_CAUSES,
  ...KERNEL_CAUSES,
  ...LIMIT_CAUSES,
  ...SLOW_RELIST_CAUSES,
  ...CONFIGURATION_CAUSES,
  ...DEVICE_PLUGIN_CAUSES,
  ...START_UP_CAUSES,
  ...HEALTHY_VERDICTS,
];
