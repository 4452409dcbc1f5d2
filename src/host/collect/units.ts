/** All that systemd knows of the kubelet's and the runtime's unit. */
import type { Collector } from '../../ports/host.ts';
import { type CollectorContext, firstPart } from './collector-context.ts';

const MAX_BYTES = 262_144;
const TIMEOUT_MS = 10_000;

export function unitCollectors({ commands, unit }: CollectorContext): readonly Collector[] {
  return [
    {
      name: 'units.txt',
      kind: 'UnitProperties',
      source: 'systemctl show',
      timeoutMs: TIMEOUT_MS,
      async collect(_window, signal) {
        const found = await Promise.all([unit('kubelet', signal), unit('runtime', signal)]);
        const names = [...new Set(found.flatMap((facts) => (facts === undefined ? [] : [facts.unit])))];
        if (names.length === 0) return firstPart(Buffer.from('no unit was found\n'), MAX_BYTES);
        const options = { signal, maxBytes: MAX_BYTES };
        const result = await commands.run(['systemctl', 'show', ...names], options);
        return firstPart(result.stdout, MAX_BYTES, result.truncated);
      },
    },
  ];
}
