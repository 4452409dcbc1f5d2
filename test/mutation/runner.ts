/**
 * Stryker's runner for these tests. Stryker's own one for jest loads all tests and all code anew for each mutant, which took
 * 20 s a mutant; here both are loaded once, by Node itself, and a mutant is switched on in the code that is loaded.
 */
import { registerHooks } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { glob } from 'node:fs/promises';
import type { MutantCoverage, StrykerOptions } from '@stryker-mutator/api/core';
import { commonTokens, declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import * as registry from './registry.ts';

/** What the mutated code reads and writes (Stryker: `INSTRUMENTER_CONSTANTS`). */
interface Instrumented {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: MutantCoverage;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}

declare global {
  var __stryker__: Instrumented | undefined;
}

const REGISTRY = new URL('registry.ts', import.meta.url).href;

class InProcessRunner implements TestRunner {
  static readonly inject: [typeof commonTokens.options] = [commonTokens.options];
  readonly #globs: readonly string[];
  readonly #code: Instrumented = (globalThis.__stryker__ ??= {});
  #isLoaded = false;
  #rejections = 0;

  constructor(options: StrykerOptions) {
    const { tests } = options['inProcess'] as { readonly tests: readonly string[] };
    this.#globs = tests;
  }

  /** A mutant that is in force while a module is loaded needs a new process. */
  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    registerHooks({
      resolve: (name, context, next) =>
        name === '@jest/globals' ? { url: REGISTRY, shortCircuit: true } : next(name, context),
    });
    // As jest does: it fails the test during which it happens.
    process.on('unhandledRejection', () => (this.#rejections += 1));
    for await (const path of glob([...this.#globs])) {
      registry.beginFile(path);
      await import(pathToFileURL(path).href);
    }
  }

  async #run(isBailed: boolean, ids?: ReadonlySet<string>): Promise<readonly TestResult[]> {
    await this.#load();
    const results: TestResult[] = [];
    for (const one of registry.allCases().filter(({ id }) => ids?.has(id) ?? true)) {
      this.#code.currentTestId = one.id;
      this.#rejections = 0;
      const startedAt = performance.now();
      const failure = await registry.runCase(one).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      await nextTurn();
      const timeSpentMs = performance.now() - startedAt;
      const result = { id: one.id, name: one.id, fileName: one.file, timeSpentMs };
      const why = failure ?? (this.#rejections > 0 ? 'a promise was rejected, and nobody looked' : undefined);
      if (why === undefined) results.push({ ...result, status: TestStatus.Success });
      else results.push({ ...result, status: TestStatus.Failed, failureMessage: why });
      if (why !== undefined && isBailed) break;
    }
    this.#code.currentTestId = undefined;
    return results;
  }

  async dryRun(): Promise<DryRunResult> {
    const tests = [...(await this.#run(false))];
    const { mutantCoverage = { static: {}, perTest: {} } } = this.#code;
    return { status: DryRunStatus.Complete, tests, mutantCoverage };
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, mutantActivation, hitLimit, testFilter, disableBail } = options;
    const code = this.#code;
    if (mutantActivation === 'runtime') await this.#load();
    code.activeMutant = activeMutant.id;
    code.hitLimit = hitLimit;
    code.hitCount = hitLimit === undefined ? undefined : 0;
    try {
      const tests = [...(await this.#run(!disableBail, testFilter && new Set(testFilter)))];
      const endless = determineHitLimitReached(code.hitCount, hitLimit);
      return toMutantRunResult(endless ?? { status: DryRunStatus.Complete, tests }, disableBail);
    } catch (error) {
      // It does not even load.
      return toMutantRunResult({ status: DryRunStatus.Error, errorMessage: String(error) });
    } finally {
      code.activeMutant = undefined;
    }
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
