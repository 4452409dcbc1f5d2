/** What the controller is given for a number of nodes: the chart's own formula, from the same file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const Sizing = z.strictObject({
  controller: z.strictObject({
    base: z.int(),
    perThousandNodes: z.int(),
    outsideHeap: z.int(),
    requestPercent: z.int(),
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
}

export function controllerMemory(nodes: number): ControllerMemory {
  const limit = controller.base + Math.floor((nodes * controller.perThousandNodes) / 1_000);
  return {
    request: Math.floor((limit * controller.requestPercent) / 100),
    limit,
    heap: limit - controller.outsideHeap,
  };
}

export function sizingReference(): string {
  const { base, perThousandNodes, outsideHeap, requestPercent } = controller;
  const rows = NODES.map((nodes) => {
    const { request, limit, heap } = controllerMemory(nodes);
    return `| ${nodes.toLocaleString('en')} | ${request} MiB | ${limit} MiB | ${heap} MiB |`;
  });
  return `# Memory of the controller

The chart's limit is ${base} MiB and ${perThousandNodes} MiB for each 1,000 nodes of the value \`controller.nodes\`; it asks for
${requestPercent} % of that. JavaScript's heap has the limit without ${outsideHeap} MiB. \`controller.resources\` wins over request and limit.

| \`controller.nodes\` | Request | Limit | Heap |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}
