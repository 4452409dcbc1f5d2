/**
 * Of what the files are made: an in-toto statement with SLSA's provenance (https://slsa.dev/spec/v1.1/provenance). Nobody has
 * signed it: it is as much worth as the place that it is read from.
 */
import { execFileSync } from 'node:child_process';
import { lockedPackage, ROOT } from './project.ts';
import { TARGETS } from './targets.ts';

export interface ProvenanceInput {
  readonly version: string;
  readonly repository: string | undefined;
  /** The checksum of each file by its name. */
  readonly sums: ReadonlyMap<string, string>;
}

function git(...argv: readonly string[]): string | undefined {
  try {
    return execFileSync('git', argv, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // Sources without git, such as an archive.
    return undefined;
  }
}

function nodePackage(name: string): object {
  const { version, integrity } = lockedPackage(name);
  const sha512 = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  return { uri: `pkg:npm/${name}@${version}`, digest: { sha512 } };
}

/** What is built is what the tag of the version names. */
export function isTagged(version: string): boolean {
  return (git('tag', '--points-at', 'HEAD') ?? '').split('\n').includes(`v${version}`);
}

/** Nothing is changed that is not committed. */
export function isClean(): boolean {
  return git('status', '--porcelain') === '';
}

export function provenance({ version, repository, sums }: ProvenanceInput): string {
  const commit = git('rev-parse', 'HEAD');
  const source = {
    uri: `git+${repository ?? 'file:///kubelet-medic'}${isTagged(version) ? `@refs/tags/v${version}` : ''}`,
    ...(commit !== undefined && { digest: { gitCommit: commit } }),
    annotations: { isClean: isClean() },
  };
  const packages = TARGETS.flatMap(({ node }) => (node === undefined ? [] : [nodePackage(node.package)]));
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [...sums].map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${repository ?? 'https://kubelet-medic.io'}/docs/releasing.md`,
        externalParameters: { version },
        internalParameters: { node: process.version },
        resolvedDependencies: [source, ...packages],
      },
      runDetails: { builder: { id: `${repository ?? 'https://kubelet-medic.io'}/tools/release` } },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}
