/** The property: no world, and nothing that is done to it, makes the programs break a guarantee. */
import * as fc from 'fast-check';
import { comesToRest } from './calm.ts';
import { DEEDS, QUIET_DEEDS } from './deeds.ts';
import { createModelWorld } from './world.ts';
import type { Deed, ModelWorld, WorldShape } from './world-shape.ts';
import type { JsonObject } from '../support/api-server/json.ts';

/** A controller writes an incident so often in its life where nothing but its node is ill. */
const MOST_WRITES = 20;

const policy: fc.Arbitrary<JsonObject> = fc
  .record({
    mode: fc.oneof({ weight: 9, arbitrary: fc.constant('Remediate') }, fc.constant('Capture')),
    strategy: fc.oneof({ weight: 4, arbitrary: fc.constant('RestoreFirst') }, fc.constant('DiagnoseFirst')),
    cordon: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
    maxConcurrent: fc.integer({ min: 1, max: 2 }),
    attempts: fc.integer({ min: 1, max: 3 }),
    cooldown: fc.constantFrom('0s', '30s'),
    earlyCapture: fc.boolean(),
    gate: fc.constantFrom('Required', 'BestEffort'),
    controlPlane: fc.constantFrom('OneAtATime', 'Skip'),
  })
  .map(({ mode, strategy, cordon, maxConcurrent, attempts, cooldown, earlyCapture, gate, controlPlane }) => ({
    mode,
    strategy,
    detection: { earlyCapture, flapping: { episodes: 3, within: '30m' } },
    evidence: { gate },
    remediation: { cordon, holdTimeout: '4m', verify: { timeout: '2m', stableFor: '15s' } },
    budget: {
      maxConcurrent,
      maxUnhealthy: '100%',
      cooldown,
      controlPlane,
      perNode: { attempts, within: '1h' },
    },
  }));

const worldShape: fc.Arbitrary<WorldShape> = fc.record({
  seed: fc.nat(),
  nodes: fc.constantFrom(1, 1, 2, 2, 3),
  controlPlane: fc.constantFrom(0, 0, 1, 2),
  controllers: fc.constantFrom(1, 1, 1, 2),
  policy,
  second: fc.option(policy, { nil: undefined, freq: 3 }),
  maxInCluster: fc.constantFrom(1, 2, 5),
});

interface Model {
  /** Deeds that were done. */
  count: number;
}

class DeedCommand implements fc.AsyncCommand<Model, ModelWorld> {
  readonly deed: Deed;
  constructor(deed: Deed) {
    this.deed = deed;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, world: ModelWorld): Promise<void> {
    model.count += 1;
    world.story.deed(this.deed.text);
    await this.deed.run(world);
    await world.clock.settle();
    world.check();
  }
  toString(): string {
    return this.deed.text;
  }
}

function commandsOf(
  deeds: readonly fc.Arbitrary<Deed>[],
  maxCommands: number,
): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, ModelWorld>>> {
  return fc.commands(
    deeds.map((deed) => deed.map((one) => new DeedCommand(one))),
    { maxCommands, size: 'max' },
  );
}

/** Also run to its rest. @throws with the story. */
async function live(
  shape: WorldShape,
  commands: Iterable<fc.AsyncCommand<Model, ModelWorld>>,
  isQuiet: boolean,
): Promise<void> {
  const world = await createModelWorld(shape);
  try {
    world.check();
    await fc.asyncModelRun(() => ({ model: { count: 0 }, real: world }), commands);
    await comesToRest(world);
    for (const [name, count] of isQuiet ? world.watchman.incidentWrites : []) {
      if (count > MOST_WRITES) world.watchman.report(`G9: ${name} was written ${String(count)} times`);
    }
    world.check();
  } finally {
    await world.finish();
  }
}

type Property = fc.IAsyncProperty<[WorldShape, Iterable<fc.AsyncCommand<Model, ModelWorld>>]>;

export function anyWorldKeepsThem(maxCommands: number): Property {
  return fc.asyncProperty(worldShape, commandsOf(DEEDS, maxCommands), (shape, commands) =>
    live(shape, commands, false),
  );
}

export function quietWorldKeepsThem(maxCommands: number): Property {
  return fc.asyncProperty(worldShape, commandsOf(QUIET_DEEDS, maxCommands), (shape, commands) =>
    live(shape, commands, true),
  );
}
