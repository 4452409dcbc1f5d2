import { expect, test } from '@jest/globals';
import { incidentPage } from '../../../src/cli/show/page.ts';
import { timelineOf } from '../../../src/cli/show/timeline.ts';
import { anIncident, at, T0 } from '../../support/builders/objects.ts';

const terminal = { out: () => undefined, note: () => undefined, paint: (_colour: string, text: string) => text };

test.each(['Failed', 'Refused', 'Ambiguous', 'Reserved'] as const)(
  'what happened is parted from its text, however long its title is: RestartRuntime %s',
  (state) => {
    const record = { name: 'act-1', action: 'RestartRuntime', state, unit: 'u.service', reservedAt: at(1) } as const;
    const incident = anIncident({ status: { actions: [record] } });
    const page = incidentPage(terminal, incident, timelineOf(incident, [], T0), { now: T0, verbose: false });
    expect(page).toContain(` RestartRuntime ${state.toLowerCase()} u.service\n`);
  },
);
