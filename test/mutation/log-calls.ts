/** What is said to the log and to metrics is for people: a test that holds it fast would hold nothing that matters. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

interface Syntax {
  readonly type: string;
  readonly callee?: Syntax;
  readonly object?: Syntax;
  readonly property?: Syntax;
  readonly name?: string;
}

/** `log` in `log.warn(...)` and in `world.log.warn(...)`. */
function isLog(object: Syntax | undefined): boolean {
  return object?.name === 'log' || object?.property?.name === 'log';
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'log-calls', {
    shouldIgnore(path): string | undefined {
      const { type, callee } = (path as { readonly node: Syntax }).node;
      return type === 'CallExpression' && isLog(callee?.object) ? 'what is logged is for people' : undefined;
    },
  }),
];
