/** Puts the version of package.json wherever a page, an example or the lock file names it. */
import { globSync, readFileSync } from 'node:fs';
import { VERSION_PATTERN } from '../release/project.ts';

/** What tells of a version that was, or is generated anyway. */
const LEFT = ['CHANGELOG.md', 'docs/reference/', 'docs/adr/'];
const FILES = [
  'Dockerfile',
  '*.md',
  'docs/**/*.md',
  'examples/**/*.*',
  'charts/kubelet-medic/values*.yaml',
  'package-lock.json',
];

/** What stands before a version of ours; nothing else that looks like one is touched. */
const BEFORE = [
  // An image, and its tag in values.
  String.raw`\bkubelet-medic:`,
  String.raw`^image:\n(?: +(?!tag:).*\n)*? +tag: '?`,
  String.raw`^ +org\.opencontainers\.image\.version=`,
  // Files of a release, and its address.
  String.raw`\bkube(?:ctl|let)-medic[-_]`,
  String.raw`/releases/download/v`,
  // Commands of docs/releasing.md and docs/install.md.
  String.raw`--version `,
  String.raw`\bgit (?:tag|push|checkout)\b.* v`,
  // Where a program says who it is, as in examples/reports.
  String.raw`\bkubectl medic `,
  // npm's lock: the package itself.
  String.raw`"name": "kubelet-medic",\n +"version": "`,
];
const PLACES = new RegExp(`(${BEFORE.join('|')})${VERSION_PATTERN}`, 'gm');

export function withVersion(text: string, version: string): string {
  return text.replaceAll(PLACES, (_, before: string) => `${before}${version}`);
}

/** Each file that names a version, with the one of package.json in it. @param root ends with a slash. */
export function stampedFiles(root: string, version: string): ReadonlyMap<string, string> {
  const paths = globSync(FILES, { cwd: root }).filter((path) => !LEFT.some((left) => path.startsWith(left)));
  const texts = paths.sort().map((path) => [path, readFileSync(root + path, 'utf8')] as const);
  return new Map(
    texts.filter(([, text]) => text.search(PLACES) >= 0).map(([path, text]) => [path, withVersion(text, version)]),
  );
}
