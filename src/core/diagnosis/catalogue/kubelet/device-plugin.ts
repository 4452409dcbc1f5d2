/** Device plugins that do not answer the kubelet. */
import type { Cause } from '../cause.ts';

/** Of the calls that a device plugin is asked for while a pod is admitted. */
const ALLOCATE_WEIGHT = 0.88;

export const DEVICE_PLUGIN_CAUSES: readonly Cause[] = [
  {
    id: 'device-plugin-allocate-hang',
    class: 'DevicePlugin',
    restartKubelet: 'DoesNotHelp',
    restartRuntime: 'DoesNotHelp',
    summary: 'The sync loop waits for a device plugin to allocate devices; that call has no time limit.',
    relistMayIdle: true,
    signs: [
      { kind: 'call', callee: ['device'], weight: 0.52 },
      ...['allocate', 'getpreferredallocation', 'prestartcontainer'].map((call) => ({
        kind: 'stack' as const,
        frames: [`devicemanager.(*endpointimpl).${call}`],
        of: ['kubelet' as const],
        weight: ALLOCATE_WEIGHT,
      })),
      {
        kind: 'stack',
        frames: ['grpc*', 'devicemanager*', 'kubelet.(*kubelet).syncloop*'],
        of: ['kubelet'],
        weight: 0.86,
      },
    ],
    recommendation: 'Restart the device plugin; a restart of the kubelet helps until the next such pod comes.',
    references: ['kubernetes/kubernetes#117435', 'kubernetes/kubernetes#129249', 'kubernetes/kubernetes#130855'],
  },
];
