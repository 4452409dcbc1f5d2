/** All root causes that are known. */
import type { Cause } from './cause.ts';
import { HOST_CAUSES } from './host.ts';
import { KUBELET_CAUSES } from './kubelet.ts';
import { LOAD_CAUSES } from './load.ts';
import { RUNTIME_CAUSES } from './runtime.ts';
import { SHIM_CAUSES } from './shim.ts';

export const CATALOGUE: readonly Cause[] = [
  ...KUBELET_CAUSES,
  ...RUNTIME_CAUSES,
  ...SHIM_CAUSES,
  ...HOST_CAUSES,
  ...LOAD_CAUSES,
];
