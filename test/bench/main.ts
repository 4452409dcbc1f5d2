/**
 * `npm run bench`: the hot paths beside programs that people use for the same today, in one run on one machine.
 * Needs go and grep. Exits 1 where a goal is missed. `--only dump|log|stacks|agent|fleet`; agent and fleet are measured only when they are
 * asked for (`--nodes N`: one size of it). `--write` writes docs/benchmarks.md.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dumpFile, GOROUTINES, logFile, panicparse } from './inputs.ts';
import { compare } from './measure.ts';
import { agentSections } from './agent/agent.ts';
import { fleetSections } from './fleet/fleet.ts';
import { stackSections } from './stacks.ts';
import { withPart } from './page.ts';
import { isMissed, type Section, sectionText } from './report.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MIB = 1_048_576;
const GOAL_DUMP_S = 1.2;
const GOAL_DUMP_MIB = 150;

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** `diagnose` exits with 3 where the evidence names no cause: the dump alone says only where everything waits. */
async function dumpSection(): Promise<Section> {
  const file = dumpFile();
  const [ours, pp] = await compare(
    [
      {
        argv: [process.execPath, 'dist/kubectl-medic.js', 'diagnose', '--output', 'json', file],
        cwd: ROOT,
        mayExitWith: [3],
      },
      { argv: [panicparse(), file] },
    ],
    (stdout, command) => {
      const all = command === 0 ? stdout.includes('"cause"') : stdout.includes('Relist');
      if (!all) throw new Error(`command ${command} printed no diagnosis of the dump`);
    },
  );
  if (ours === undefined || pp === undefined) throw new Error('nothing was measured');
  const megabytes = (statSync(file).size / 1e6).toFixed(0);
  return {
    title: `A dump of ${GOROUTINES.toLocaleString('en')} goroutines (debug=2, ${megabytes} MB)`,
    figures: [
      { name: '`kubectl medic diagnose`, time', value: ours.wallMs / 1e3, unit: 's', goal: GOAL_DUMP_S },
      { name: '`kubectl medic diagnose`, CPU time', value: ours.cpuMs / 1e3, unit: 's' },
      { name: '`kubectl medic diagnose`, peak memory', value: ours.peakBytes / MIB, unit: 'MiB', goal: GOAL_DUMP_MIB },
      { name: 'panicparse `pp` v2.5.0, time', value: pp.wallMs / 1e3, unit: 's' },
      { name: 'panicparse `pp` v2.5.0, CPU time', value: pp.cpuMs / 1e3, unit: 's' },
      { name: 'panicparse `pp` v2.5.0, peak memory', value: pp.peakBytes / MIB, unit: 'MiB' },
    ],
  };
}

/** What a person does with a log, and what the agent does with each of its lines. */
async function logSection(): Promise<Section> {
  const file = logFile();
  const counts = ['', '', ''];
  const [diagnosis, agent, grep] = await compare(
    [
      {
        argv: [process.execPath, 'dist/kubectl-medic.js', 'diagnose', '--output', 'json', file],
        cwd: ROOT,
        mayExitWith: [3],
      },
      { argv: [process.execPath, here('parse-lines.ts'), file] },
      { argv: ['grep', '-c', 'PLEG is not healthy', file] },
    ],
    (stdout, command) => {
      counts[command] = stdout.trim();
      if (command === 0 && !stdout.includes('"cause"')) throw new Error('no diagnosis of the log was printed');
      if (command === 2 && counts[1] !== counts[2]) throw new Error(`ours finds ${counts[1]}, grep ${counts[2]}`);
    },
  );
  if (diagnosis === undefined || agent === undefined || grep === undefined) throw new Error('nothing was measured');
  const megabytes = statSync(file).size / 1e6;
  const rate = (ms: number): number => megabytes / (ms / 1e3);
  return {
    title: `A kubelet log of ${(statSync(file).size / MIB).toFixed(0)} MiB with ${counts[2] ?? 'no'} PLEG lines`,
    figures: [
      { name: '`kubectl medic diagnose`, time', value: diagnosis.wallMs / 1e3, unit: 's' },
      { name: '`kubectl medic diagnose`, CPU time', value: diagnosis.cpuMs / 1e3, unit: 's' },
      { name: '`kubectl medic diagnose`, peak memory', value: diagnosis.peakBytes / MIB, unit: 'MiB' },
      { name: "the agent's reader of lines, whole process", value: rate(agent.wallMs), unit: 'MB/s' },
      { name: "the agent's reader of lines, CPU time", value: agent.cpuMs / 1e3, unit: 's' },
      { name: "the agent's reader of lines, peak memory", value: agent.peakBytes / MIB, unit: 'MiB' },
      { name: '`grep -c`, whole process', value: rate(grep.wallMs), unit: 'MB/s' },
      { name: '`grep -c`, CPU time', value: grep.cpuMs / 1e3, unit: 's' },
    ],
  };
}

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    /** Of the fleet: one size alone. */
    nodes: { type: 'string' },
  },
});
const SECTIONS: Readonly<Record<string, () => Promise<readonly Section[]>>> = {
  dump: async () => [await dumpSection()],
  log: async () => [await logSection()],
  stacks: stackSections,
  agent: agentSections,
  fleet: () => fleetSections(values.nodes === undefined ? undefined : Number(values.nodes)),
};
/** They take minutes and root: only who asks for them gets them. */
const ON_DEMAND = ['agent', 'fleet'];
const chosen =
  values.only === undefined ? Object.keys(SECTIONS).filter((name) => !ON_DEMAND.includes(name)) : [values.only];
const sections: Section[] = [];
const today = new Date().toISOString().slice(0, 10);
const MEDIANS = 'Medians of 5 runs after a warm-up, by turns, each in a fresh process, ours from its bundle,';
const ONCE = 'One run, the controller from its bundle,';
const THRICE = 'Medians of 3 runs, the agent from its bundle,';
const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);

function about(name: string, load: number): string {
  const machine = `with Node.js ${process.version}, on ${availableParallelism()} cores`;
  return `By \`npm run bench -- --only ${name}\` on ${today}. ${name === 'fleet' ? ONCE : name === 'agent' ? THRICE : MEDIANS} ${machine}. The load \
average was ${load.toFixed(1)} as the run began; with more processes than cores, times are longer than on a machine that has \
nothing else to do, and CPU time is the better guide.`;
}

for (const name of chosen) {
  const measureSection = SECTIONS[name];
  if (measureSection === undefined) throw new Error(`there are ${Object.keys(SECTIONS).join(', ')}, and no ${name}`);
  const load = loadavg()[0] ?? 0;
  const measured = await measureSection();
  const text = `${about(name, load)}\n\n${measured.map(sectionText).join('\n\n')}`;
  console.log(`${text}\n`);
  if (values.write) writeFileSync(PAGE, withPart(readFileSync(PAGE, 'utf8'), name, text));
  sections.push(...measured);
}
if (sections.some(({ figures }) => figures.some(isMissed))) process.exitCode = 1;
