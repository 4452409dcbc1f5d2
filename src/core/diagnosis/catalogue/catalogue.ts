/** All root causes that are known. */
import type { Cause } from './cause.ts';
import { CNI_CAUSES } from './cni.ts';
import { DOCKER_CAUSES } from './docker.ts';
import { HOST_CAUSES } from './host.ts';
import { KUBELET_CAUSES } from './kubelet.ts';
import { LOAD_CAUSES } from './load.ts';
import { RUNTIME_CAUSES } from './runtime.ts';
import { SHIM_CAUSES } from './shim.ts';
import { SYSTEMD_CAUSES } from './systemd.ts';

export const CATALOGUE: readonly Cause[] = [
  ...KUBELET_CAUSES,
  ...RUNTIME_CAUSES,
  ...DOCKER_CAUSES,
  ...SHIM_CAUSES,
  ...CNI_CAUSES,
  ...SYSTEMD_CAUSES,
  ...HOST_CAUSES,
  ...LOAD_CAUSES,
];
