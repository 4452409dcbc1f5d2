/** Chart.yaml: of package.json, CHANGELOG.md, the kinds and the examples. And the chart as an archive. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod/mini';
import { GROUP, VERSION } from '../../src/api/v1alpha1/words/names.ts';
import { DEFINITIONS } from '../generate/definitions.ts';
import { tarGz } from './archive.ts';
import type { Entry } from './changelog.ts';
import { ROOT, type Project } from './project.ts';

/**
 * 1.32: the node's name in service account tokens (generally available in 1.33, on by default before), and selectable fields of
 * custom resources.
 */
const KUBE_VERSION = '>=1.32.0-0';
const FOLDER = 'charts/kubelet-medic';
/** The platforms that the Dockerfile has a Node for. */
const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const Values = z.object({ image: z.object({ repository: z.string() }) });
const Example = z.looseObject({ kind: z.string() });

/** Annotations are texts, and these have YAML in them. In YAML 1.1, which some readers speak, a time without quotes is no text. */
function text(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' });
}

function examples(): readonly unknown[] {
  const kinds = new Set(DEFINITIONS.map(({ kind }) => kind));
  return globSync('examples/**/*.yaml', { cwd: ROOT })
    .sort()
    .map((file) => Example.safeParse(parse(readFileSync(ROOT + file, 'utf8'))))
    .flatMap(({ data }) => (data !== undefined && kinds.has(data.kind) ? [data] : []));
}

/** https://artifacthub.io/docs/topics/annotations/helm/ */
function annotations({ version, repository }: Project, { changes }: Entry): Readonly<Record<string, string>> {
  const values = Values.parse(parse(readFileSync(join(ROOT, FOLDER, 'values.yaml'), 'utf8')));
  const image = `${values.image.repository}:${version}`;
  const docs = repository === undefined ? undefined : `${repository}/blob/v${version}`;
  return {
    'artifacthub.io/license': 'Apache-2.0',
    'artifacthub.io/category': 'monitoring-logging',
    'artifacthub.io/operator': 'true',
    'artifacthub.io/prerelease': String(version.includes('-')),
    'artifacthub.io/containsSecurityUpdates': String(changes.some(({ kind }) => kind === 'security')),
    'artifacthub.io/images': text([{ name: 'kubelet-medic', image, platforms: PLATFORMS }]),
    'artifacthub.io/crds': text(
      DEFINITIONS.map(({ kind, plural, description }) => ({
        kind,
        version: VERSION,
        name: `${plural}.${GROUP}`,
        displayName: kind,
        description,
      })),
    ),
    'artifacthub.io/crdsExamples': text(examples()),
    'artifacthub.io/changes': text(changes),
    ...(docs !== undefined && {
      'artifacthub.io/links': text([
        { name: 'Install', url: `${docs}/docs/install.md` },
        { name: 'The plugin', url: `${docs}/docs/cli.md` },
        { name: 'Runbooks', url: `${docs}/docs/runbooks/README.md` },
        { name: 'Safety', url: `${docs}/docs/safety.md` },
      ]),
    }),
  };
}

/** The text of Chart.yaml without a head. Without an address of the repository it has no `home`, `icon` and links. */
export function chartYaml(project: Project, entry: Entry): string {
  const { version, repository } = project;
  return stringify(
    {
      apiVersion: 'v2',
      name: 'kubelet-medic',
      description: 'Recovers nodes whose kubelet is stuck. Evidence first, then the right restart.',
      type: 'application',
      version,
      appVersion: version,
      kubeVersion: KUBE_VERSION,
      keywords: ['kubelet', 'pleg', 'node', 'remediation', 'diagnosis'],
      ...(repository !== undefined && {
        home: repository,
        icon: `${repository}/raw/v${version}/docs/images/icon.svg`,
        sources: [repository],
      }),
      annotations: annotations(project, entry),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** Of one version with the chart of the programs. */
export function crdsChartYaml({ version, repository }: Project): string {
  return stringify(
    {
      apiVersion: 'v2',
      name: 'kubelet-medic-crds',
      description: 'The CRDs of kubelet-medic, for those who upgrade them by helm.',
      type: 'application',
      version,
      appVersion: version,
      kubeVersion: KUBE_VERSION,
      ...(repository !== undefined && { home: repository, sources: [repository] }),
      annotations: { 'artifacthub.io/license': 'Apache-2.0' },
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/**
 * A chart of `charts/` as Helm packages it. `helm package` would put the time of each file into it.
 * @param date in milliseconds.
 */
export function chartArchive(chart: string, chartFile: string, date: number): Buffer {
  const folder = join(ROOT, 'charts', chart);
  const files = globSync('**/*', { cwd: folder, withFileTypes: true }).filter((file) => file.isFile());
  const names = files.map((file) => join(file.parentPath, file.name).slice(folder.length + 1)).sort();
  return tarGz(
    names.map((name) => ({
      name: `${chart}/${name}`,
      data: name === 'Chart.yaml' ? Buffer.from(chartFile) : readFileSync(join(folder, name)),
    })),
    date,
  );
}
