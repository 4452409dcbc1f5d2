/** Faults as they are named on the command line. */
import type { Fault } from '../../api/v1alpha1/parts/drill.ts';
import { MedicError } from '../../ports/errors.ts';

export const FAULT_NAMES = ['hung-runtime', 'frozen-kubelet', 'frozen-connection'] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** @throws `E_CLI_NOT_NOW` for one that nobody can make without harm. */
export function faultOf(name: FaultName): Fault {
  switch (name) {
    case 'hung-runtime':
      return 'HungRuntime';
    case 'frozen-kubelet':
      return 'FrozenKubelet';
    case 'frozen-connection': {
      const why =
        "no drill of frozen-connection: the kubelet's connection to the runtime is a unix socket, which the kernel can neither filter nor hold up; it takes a proxy between the two, for which the kubelet has to be restarted, or a debugger, which stops the whole kubelet. Nothing was done; hung-runtime makes relist wait in the same calls";
      throw new MedicError('E_CLI_NOT_NOW', 'invalid', why);
    }
    default:
      return name satisfies never;
  }
}
