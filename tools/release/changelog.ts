/** What CHANGELOG.md says of a version (https://keepachangelog.com/en/1.1.0/). */

/** As Artifact Hub calls them: https://artifacthub.io/docs/topics/annotations/helm/ */
const KINDS = ['added', 'changed', 'deprecated', 'removed', 'fixed', 'security'] as const;
interface Change {
  readonly kind: (typeof KINDS)[number];
  readonly description: string;
}

export interface Entry {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly changes: readonly Change[];
}

/** @throws where there is no entry of the version, it has no date or no change, or a heading that is no kind of change. */
export function changelogEntry(text: string, version: string): Entry {
  const [, ...sections] = text.split(/^## /m);
  const section = sections.find((candidate) => candidate.split(/\s/, 1)[0] === version);
  if (section === undefined)
    throw new Error(`CHANGELOG.md: there is no entry of ${version}: write \`## ${version} - DATE\``);
  const [heading = '', ...lines] = section.split('\n');
  const date = / - (\d{4}-\d{2}-\d{2})$/.exec(heading.trimEnd())?.[1];
  if (date === undefined || Number.isNaN(Date.parse(date))) {
    throw new Error(`CHANGELOG.md: the entry of ${version} has no date: write \`## ${version} - YYYY-MM-DD\``);
  }
  const changes = changesOf(lines.join('\n'), version);
  if (changes.length === 0) throw new Error(`CHANGELOG.md: the entry of ${version} names no change`);
  return { date, changes };
}

function changesOf(text: string, version: string): readonly Change[] {
  const [, ...parts] = text.split(/^### /m);
  return parts.flatMap((part) => {
    const [heading = '', ...lines] = part.split('\n');
    const kind = KINDS.find((candidate) => candidate === heading.trim().toLowerCase());
    if (kind === undefined) {
      throw new Error(`CHANGELOG.md: ${version}: \`### ${heading.trim()}\` is none of ${KINDS.join(', ')}`);
    }
    return items(lines).map((description) => ({ kind, description }));
  });
}

/** The list items, each on one line and without Markdown's links. */
function items(lines: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const line of lines) {
    if (line.startsWith('- ')) joined.push(line.slice(2).trim());
    else if (/^\s+\S/.test(line) && joined.length > 0) joined.push(`${joined.pop() ?? ''} ${line.trim()}`);
  }
  return joined.map((item) => item.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1'));
}
