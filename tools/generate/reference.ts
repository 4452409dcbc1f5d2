/** The fields of the three kinds as a page for people. */
import { DURATION_MESSAGE } from '../../src/api/schema.ts';
import { GROUP, VERSION } from '../../src/api/v1alpha1/words/names.ts';
import type { Definition } from './definitions.ts';
import { DEFINITIONS, openApiSchema } from './definitions.ts';
import type { StructuralSchema } from './structural.ts';

/** One line of a table of fields. */
interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

/** A Markdown table; cells are escaped. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** All fields below a schema, depth first, in the order of the type. */
function fieldsOf(schema: StructuralSchema, path: string): readonly Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]): readonly Field[] => {
    const at = path === '' ? name : `${path}.${name}`;
    return [
      { path: at, schema: property, required: schema.required?.includes(name) ?? false },
      ...fieldsOf(property, at),
    ];
  });
  return schema.items === undefined ? own : [...own, ...fieldsOf(schema.items, `${path}[]`)];
}

function isDuration(schema: StructuralSchema): boolean {
  return (schema['x-kubernetes-validations'] ?? []).some((rule) => rule.message === DURATION_MESSAGE);
}

function typeOf(schema: StructuralSchema): string {
  if (isDuration(schema)) return 'duration';
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.items !== undefined) return `list of ${schema.items.enum === undefined ? typeOf(schema.items) : 'words'}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  if (schema.format === 'date-time') return 'time';
  return schema.type ?? '';
}

function boundsOf(schema: StructuralSchema): string {
  const { minimum, maximum, maxLength, maxItems } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maxLength !== undefined && schema.format !== 'date-time' && !isDuration(schema))
    return `up to ${maxLength} characters`;
  if (maxItems !== undefined) return `up to ${maxItems}`;
  return '';
}

function defaultOf({ schema, required }: Field): string {
  if (required) return 'required';
  const { default: value } = schema;
  if (value === undefined || (schema.type === 'object' && schema.properties !== undefined)) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function descriptionOf({ description = '', items }: StructuralSchema): string {
  const words = items?.enum === undefined ? '' : ` Of ${items.enum.map((value) => `\`${String(value)}\``).join(', ')}.`;
  return `${description}${words}`;
}

function fieldTable(schema: StructuralSchema, path: string): string {
  const rows = fieldsOf(schema, path).map((field) => [
    `\`${field.path}\``,
    typeOf(field.schema),
    [defaultOf(field), boundsOf(field.schema)].filter((text) => text !== '').join('; '),
    descriptionOf(field.schema),
  ]);
  return table(['Field', 'Type', 'Default and bounds', 'Meaning'], rows);
}

/** Rules that the API server checks beyond type and bounds, with the field that they stand on. */
function rulesOf(schema: StructuralSchema): readonly string[] {
  const places: readonly (readonly [string, StructuralSchema | undefined])[] = [
    ['the object', schema],
    ...fieldsOf(schema, '').flatMap(({ path, schema: field }): (readonly [string, StructuralSchema | undefined])[] => [
      [`\`${path}\``, field],
      [`\`${path}[]\``, field.items],
    ]),
  ];
  return places
    .flatMap(([place, at]) =>
      (at?.['x-kubernetes-validations'] ?? []).map((rule) => ({ place, words: rule.message ?? rule.rule })),
    )
    .filter(({ words }) => words !== DURATION_MESSAGE)
    .map(({ place, words }) => `- ${place}: ${words}`);
}

function kindPage(definition: Definition): string {
  const { kind, plural, shortName, description, columns } = definition;
  const schema = openApiSchema(definition);
  const { spec = {}, status = {} } = schema.properties ?? {};
  const rules = rulesOf(schema);
  return [
    `## ${kind}`,
    `${description}\n\n\`${plural}.${GROUP}\`, short \`${shortName}\`, ${definition.namespaced === true ? 'namespaced' : 'cluster-scoped'}.`,
    `### Spec\n\n${fieldTable(spec, 'spec')}`,
    `### Status\n\n${fieldTable(status, 'status')}`,
    ...(rules.length === 0
      ? []
      : [`### Rules\n\nThe API server refuses what breaks one of these.\n\n${rules.join('\n')}`]),
    `### Columns of \`kubectl get ${shortName}\`\n\n${table(
      ['Column', 'From', 'Meaning'],
      columns.map((column) => [
        column.name.toUpperCase() + (column.priority === undefined ? '' : ' (with `-o wide`)'),
        `\`${column.jsonPath}\``,
        column.description,
      ]),
    )}`,
  ].join('\n\n');
}

/** docs/reference/api.md. */
export function apiReference(): string {
  return [
    '# API reference',
    `All kinds are of \`${GROUP}/${VERSION}\`. \`kubectl explain krp.spec\`, \`ki.status\` and so on print the same. A duration is a Go duration such as \`90s\`, \`5m\` or \`1h30m\`; times are RFC 3339 in UTC.`,
    ...DEFINITIONS.map(kindPage),
  ].join('\n\n');
}
