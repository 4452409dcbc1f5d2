/** What a node's KubeletHealth says, from a moment on, as somebody sees it who watches it. */
import { followKubectl } from './lab.ts';

const FIELDS = ['kubelet.program.state', 'runtime.program.state', 'runtime.probe.state', 'pleg.state', 'pleg.reason'];
const PATH = `${FIELDS.map((field) => `{.status.${field}}`).join('|')}{"\\n"}`;
const WELL = ['', 'Running', 'Answered', 'Healthy'];

export interface Sign {
  readonly text: string;
  /** When it was seen here, milliseconds since 1970. */
  readonly at: number;
}

export interface HealthWatch {
  /** Whether all was well when it was last heard of. */
  isWell(): boolean;
  /** What was not well, in the order in which it was seen. */
  signs(): readonly Sign[];
  /** What was so before is forgotten. */
  begin(): void;
  stop(): void;
}

/** @param line the fields, in one line. */
export function signsOf(line: string): readonly string[] {
  const [kubelet = '', runtime = '', probe = '', pleg = '', reason = ''] = line.split('|');
  const told = [
    [kubelet, `the kubelet is ${kubelet}`],
    [runtime, `the runtime is ${runtime}`],
    [probe, `the CRI probe says ${probe}`],
    [pleg, `PLEG is ${pleg} (${reason})`],
  ] as const;
  return told.filter(([state]) => !WELL.includes(state)).map(([, text]) => text);
}

export function watchHealth(node: string): HealthWatch {
  const seen = new Map<string, number>();
  let last: readonly string[] | undefined;
  const follower = followKubectl(['get', 'kubelethealth', node, '--watch', '-o', `jsonpath=${PATH}`], (line) => {
    last = signsOf(line);
    for (const text of last) if (!seen.has(text)) seen.set(text, Date.now());
  });
  return {
    isWell: () => last?.length === 0,
    signs: () => [...seen].map(([text, at]) => ({ text, at })),
    begin: () => {
      seen.clear();
    },
    stop: () => {
      follower.stop();
    },
  };
}
