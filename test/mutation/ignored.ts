/** What is not mutated, since no test could or should tell the difference. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** As much of Babel's syntax tree as is looked at. */
interface Syntax {
  readonly type: string;
  readonly expression?: Syntax;
  readonly callee?: Syntax;
  readonly object?: Syntax;
  readonly property?: Syntax;
  readonly name?: string;
  readonly elements?: readonly unknown[];
  readonly test?: Syntax | null;
}

/** `log` in `log.warn(...)` and in `world.log.warn(...)`. */
function isLog(object: Syntax | undefined): boolean {
  return object?.name === 'log' || object?.property?.name === 'log';
}

function callToIgnore(callee: Syntax | undefined): string | undefined {
  if (isLog(callee?.object)) return 'what is logged is for people';
  return callee?.property?.name === 'failpoint' ? 'only the tests of crashes look at it' : undefined;
}

function reasonToIgnore({ type, expression, elements, test }: Syntax): string | undefined {
  if (type === 'ExpressionStatement') return callToIgnore(expression?.callee);
  // Stryker puts a text into it, which is no member of the list and would not compile.
  if (type === 'ArrayExpression' && elements?.length === 0) return 'an empty list of another type does not compile';
  if (type === 'SwitchCase' && test === null) return 'the default of a switch over a union is never reached';
  return undefined;
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'ignored', {
    shouldIgnore: (path) => reasonToIgnore((path as { readonly node: Syntax }).node),
  }),
];
