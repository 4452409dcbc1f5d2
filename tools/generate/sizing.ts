/** What the controller is given for a number of nodes: the chart's own formula, from the same file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const Sizing = z.strictObject({
  controller: z.strictObject({
    base: z.int(),
    perThousandNodes: z.int(),
    bucket: z.int(),
    outsideHeap: z.int(),
    requestPercent: z.int(),
    young: z.int(),
    fastFrom: z.int(),
    fastYoung: z.int(),
  }),
});

const FILE = new URL('../../charts/kubelet-medic/sizing.yaml', import.meta.url);
const { controller } = Sizing.parse(parse(readFileSync(FILE, 'utf8')));
const NODES = [10, 100, 500, 1_000, 2_000, 5_000, 10_000, 15_000];

export interface ControllerMemory {
  /** All in MiB. */
  readonly request: number;
  readonly limit: number;
  readonly heap: number;
  /** Its young generation. */
  readonly young: number;
  /** Whether hot code is compiled. */
  readonly isFast: boolean;
}

export function controllerMemory(nodes: number): ControllerMemory {
  const limit = controller.base + Math.floor((nodes * controller.perThousandNodes) / 1_000);
  const isFast = nodes >= controller.fastFrom;
  const young = isFast ? controller.fastYoung : controller.young;
  return {
    request: Math.floor((limit * controller.requestPercent) / 100),
    limit,
    heap: limit - controller.outsideHeap - 3 * young,
    young,
    isFast,
  };
}

export function sizingReference(): string {
  const { base, perThousandNodes, bucket, outsideHeap, requestPercent, young, fastFrom, fastYoung } = controller;
  const rows = NODES.map((nodes) => {
    const { request, limit, heap } = controllerMemory(nodes);
    return `| ${nodes.toLocaleString('en')} | ${request} MiB | ${limit} MiB | ${heap} MiB |`;
  });
  return `# Memory of the controller

The chart's limit is ${base} MiB and ${perThousandNodes} MiB for each 1,000 nodes of the value \`controller.nodes\`; it asks for
${requestPercent} % of that. JavaScript's old heap has the limit without ${outsideHeap} MiB and
three times its young generation. \`controller.resources\` wins over request and limit. \`evidence.bucket\` adds ${bucket} MiB.
From ${fastFrom.toLocaleString('en')} nodes on its hot code is compiled and its young generation is ${fastYoung} MiB in place of ${young}.

| \`controller.nodes\` | Request | Limit | Heap |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}
