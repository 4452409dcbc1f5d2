/** What `kubectl get` would print: the printer columns of the CRDs, evaluated as kubectl does. */
import { humanAge, renderTable } from '../../src/cli/table.ts';
import { DEFINITIONS, type Column, type Definition } from '../../tools/generate/definitions.ts';

const FILTER = /^\[\?\(@\.(\w+)=="([^"]+)"\)\]/;
const FIELD = /^\.(\w+)/;

/** The subset of JSONPath that printer columns use: `.a.b` and `[?(@.type=="X")]`. */
function evaluatePath(path: string, object: unknown): unknown {
  let rest = path;
  let value = object;
  while (rest !== '' && value !== undefined) {
    const field = FIELD.exec(rest);
    const filter = FILTER.exec(rest);
    if (field !== null) value = asRecord(value)[field[1] ?? ''];
    else if (filter !== null && Array.isArray(value)) {
      value = value.find((item: unknown) => asRecord(item)[filter[1] ?? ''] === filter[2]);
    } else throw new Error(`not a path that kubectl prints: ${path}`);
    rest = rest.slice((field ?? filter)?.[0].length);
  }
  return value;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function cell(column: Column, object: unknown, now: number): string {
  const value = evaluatePath(column.jsonPath, object);
  if (value === undefined || value === null || value === '') return column.type === 'date' ? '<unknown>' : '';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return JSON.stringify(value);
  return column.type === 'date' ? humanAge(now - Date.parse(String(value))) : String(value);
}

/** The table of one kind, by its short name. Objects are as they are on the wire. */
export function kubectlTable(
  shortName: string,
  objects: readonly { readonly metadata: { readonly name: string } }[],
  now: number,
): string {
  const definition: Definition | undefined = DEFINITIONS.find((candidate) => candidate.shortName === shortName);
  if (definition === undefined) throw new Error(`no such kind: ${shortName}`);
  const columns = definition.columns.filter((column) => column.priority === undefined);
  const sorted = [...objects].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  const header = ['NAME', ...columns.map((column) => column.name.toUpperCase())];
  return renderTable([
    header,
    ...sorted.map((object) => [object.metadata.name, ...columns.map((column) => cell(column, object, now))]),
  ]);
}
