/** All root causes that are known. */
import type { Cause } from './cause.ts';
import { CNI_CAUSES } from './cni.ts';
import { CONFIGURATION_CAUSES } from './configuration.ts';
import { DEVICE_PLUGIN_CAUSES } from './device-plugin.ts';
import { DOCKER_CAUSES } from './docker.ts';
import { HEALTHY_VERDICTS } from './healthy.ts';
import { HOST_CAUSES } from './host.ts';
import { KUBELET_CAUSES } from './kubelet.ts';
import { KERNEL_CAUSES } from './kernel.ts';
import { LIMIT_CAUSES } from './limits.ts';
import { RUNTIME_CAUSES } from './runtime.ts';
import { SHIM_CAUSES } from './shim.ts';
import { SLOW_RELIST_CAUSES } from './slow-relist.ts';
import { START_UP_CAUSES } from './start-up.ts';
import { SYSTEMD_CAUSES } from './systemd.ts';

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
