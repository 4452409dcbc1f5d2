/** The manifest of the plugin for krew: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ */
import { stringify } from 'yaml';
import { archiveName, TARGETS, type Target } from './targets.ts';

export interface KrewInput {
  readonly version: string;
  readonly repository: string;
  /** The checksum of each archive by its name. */
  readonly sums: ReadonlyMap<string, string>;
}

function platform(target: Target, { version, repository, sums }: KrewInput): object {
  const file = archiveName(target, version);
  const sha256 = sums.get(file);
  if (sha256 === undefined) throw new Error(`krew: there is no ${file}`);
  return {
    selector: {
      matchExpressions: [
        { key: 'os', operator: 'In', values: [target.os] },
        { key: 'arch', operator: 'In', values: target.architectures },
      ],
    },
    uri: `${repository}/releases/download/v${version}/${file}`,
    sha256,
    bin: target.program,
  };
}

/** @throws where an archive is missing. */
export function krewManifest(input: KrewInput): string {
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'medic' },
      spec: {
        version: `v${input.version}`,
        homepage: input.repository,
        shortDescription: 'Says why kubelets are stuck, and what is done',
        description: [
          'Shows what kubelet-medic saw, saved and did about nodes whose kubelet is stuck, and lets people decide.',
          '`kubectl medic diagnose` reads goroutine dumps and logs, and needs neither a cluster nor the operator.',
        ].join('\n'),
        caveats: [
          'On macOS it needs Node 24 or later on the PATH.',
          'TAB: copy kubectl_complete-medic from the archive to a folder of the PATH.',
        ].join('\n'),
        platforms: TARGETS.map((target) => platform(target, input)),
      },
    },
    { lineWidth: 0 },
  );
}
