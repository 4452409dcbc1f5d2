/** A systemctl that knows some units. */
import type { Commands } from '../../../src/host/command.ts';

export interface FakeUnit {
  readonly state?: string;
  readonly pid?: number;
  /** The unit's name, where it was asked for by another one (`Alias=`). */
  readonly id?: string;
}

export interface FakeSystemctl {
  readonly commands: Commands;
  readonly calls: string[];
}

function block(unit: string, facts: FakeUnit | undefined): string {
  if (facts === undefined) return `Id=${unit}\nLoadState=not-found\n`;
  const { pid = 0, state = pid === 0 ? 'inactive' : 'active', id = unit } = facts;
  return `Id=${id}\nLoadState=loaded\nActiveState=${state}\nMainPID=${String(pid)}\nRestart=always\n`;
}

export function fakeSystemctl(units: Readonly<Record<string, FakeUnit>>): FakeSystemctl {
  const calls: string[] = [];
  return {
    calls,
    commands: {
      describe: (argv) => argv.join(' '),
      async run(argv) {
        calls.push(argv.join(' '));
        const names = argv.filter((word) => word.endsWith('.service'));
        const missing = names.find((name) => !(name in units));
        const fails = argv[1] === 'restart' && missing !== undefined;
        const stdout = Buffer.from(names.map((name) => block(name, units[name])).join('\n'));
        const stderr = fails ? `Failed to restart ${missing}: Unit ${missing} not found.` : '';
        return { stdout, stderr, truncated: false, exitCode: fails ? 5 : 0 };
      },
      stream: () => {
        throw new Error('not used');
      },
    },
  };
}
