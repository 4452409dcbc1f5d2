/** The facts of a bundle that are in no log: in the manifest that `kubectl medic evidence` or the agent writes. */
import * as z from 'zod/mini';
import { ProbeState } from '../../../api/v1alpha1/kinds/health.ts';
import { HostSummary } from '../../../api/v1alpha1/parts/host-summary.ts';

const Facts = z.object({
  node: z.optional(z.string()),
  host: z.optional(HostSummary),
  probe: z.optional(ProbeState),
  kubeletVersion: z.optional(z.string()),
  runtimeVersion: z.optional(z.string()),
});
export type Facts = z.infer<typeof Facts>;

/** undefined: it is no manifest. */
export function factsOf(name: string, text: string): Facts | undefined {
  if (!/(^|\/)manifest\.json(\.gz)?$/.test(name)) return undefined;
  try {
    return Facts.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** As the kubelet logs it when it starts, and as its metrics have it. */
const VERSION =
  /"?Kubelet version"? kubeletVersion="(v\d[\w.+-]{1,60})"|kubernetes_build_info\{[^}\n]{0,500}git_?[vV]ersion="(v\d[\w.+-]{1,60})"/;

export function versionIn(text: string): string | undefined {
  if (!text.includes('kubeletVersion=') && !text.includes('kubernetes_build_info{')) return undefined;
  const found = VERSION.exec(text);
  return found?.[1] ?? found?.[2];
}
