/** The security contexts that values give to both programs, as a real helm renders them. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { parseManifests } from '../../support/raw-resource.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const helm = execFileSync(path('test/lab/helm.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

function run(
  verb: readonly string[],
  sets: readonly string[],
): { readonly status: number | null; readonly output: string } {
  const argv = [...verb, path('charts/kubelet-medic'), '-n', 'medic', ...sets.flatMap((set) => ['--set', set])];
  const { status, stdout, stderr } = spawnSync(helm, argv, { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const rendered = (...sets: readonly string[]): ReturnType<typeof run> => run(['template', 'm'], sets);
const notes = (...sets: readonly string[]): string => run(['install', 'm', '--dry-run=client'], sets).output;

const Pod = z.object({
  securityContext: z.optional(z.unknown()),
  containers: z.array(z.object({ securityContext: z.unknown() })),
});
const Workload = z.object({ spec: z.object({ template: z.object({ spec: Pod }) }) });

function contexts(kind: string, ...sets: readonly string[]): { readonly pod: unknown; readonly container: unknown } {
  const { output } = rendered(...sets);
  const { spec } = Workload.parse(parseManifests(output).find((object) => object.kind === kind)).spec.template;
  return { pod: spec.securityContext, container: spec.containers[0]?.securityContext };
}

const RESTRICTED = {
  pod: { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  container: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
};
const FIVE = ['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE', 'SYSLOG', 'DAC_READ_SEARCH'];
const AGENT = {
  runAsUser: 0,
  runAsGroup: 0,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'], add: FIVE },
  seccompProfile: { type: 'RuntimeDefault' },
  appArmorProfile: { type: 'Unconfined' },
  seLinuxOptions: { type: 'spc_t' },
};
const IN_AGENT = 'agent.securityContext';

describe.each(['Deployment', 'Job'])('the %s of the controller', (kind) => {
  test('fits Pod Security restricted, and keeps of it what is not set', () => {
    expect(contexts(kind)).toEqual(RESTRICTED);
    const sets = ['controller.podSecurityContext.runAsUser=1000', 'controller.securityContext.seLinuxOptions.level=s0'];
    expect(contexts(kind, ...sets)).toEqual({
      pod: { ...RESTRICTED.pod, runAsUser: 1000 },
      container: { ...RESTRICTED.container, seLinuxOptions: { level: 's0' } },
    });
  });
});

describe('the agent', () => {
  test('has five capabilities and spc_t, and keeps of it what is not set', () => {
    expect(contexts('DaemonSet')).toEqual({ pod: undefined, container: AGENT });
    const sets = [`${IN_AGENT}.seLinuxOptions.type=medic_t`, 'agent.podSecurityContext.supplementalGroups={7}'];
    expect(contexts('DaemonSet', ...sets)).toEqual({
      pod: { supplementalGroups: [7] },
      container: { ...AGENT, seLinuxOptions: { type: 'medic_t' } },
    });
  });

  test('that is privileged needs no capability by name', () => {
    expect(contexts('DaemonSet', 'agent.privileged=true', `${IN_AGENT}.capabilities.add={SYSLOG}`).container).toEqual({
      privileged: true,
      runAsUser: 0,
      runAsGroup: 0,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['SYSLOG'] },
    });
  });

  test.each([
    [[`${IN_AGENT}.capabilities.add={SYS_ADMIN,SYS_CHROOT}`], 'without SYS_PTRACE'],
    [[`${IN_AGENT}.capabilities.drop={ALL,SYS_PTRACE}`], 'without SYS_PTRACE'],
    [[`${IN_AGENT}.capabilities.drop={SYS_ADMIN}`], 'without SYS_ADMIN'],
    [[`${IN_AGENT}.capabilities.drop={CAP_SYS_ADMIN}`], '/agent/securityContext/capabilities/drop/0'],
    [[`${IN_AGENT}.capabilities.add={ALL,CAP_SYSLOG}`], '/agent/securityContext/capabilities/add/1'],
    [['controller.securityContext.capabilities.add={CAP_}'], '/controller/securityContext/capabilities/add/0'],
    [[`${IN_AGENT}.seccompProfile.type=Localhost`], `${IN_AGENT}.seccompProfile: Localhost needs localhostProfile`],
    [[`${IN_AGENT}.appArmorProfile.type=Localhost`], `${IN_AGENT}.appArmorProfile: Localhost needs localhostProfile`],
    [
      ['agent.podSecurityContext.seccompProfile.type=Localhost'],
      'agent.podSecurityContext.seccompProfile: Localhost needs localhostProfile',
    ],
    [
      ['controller.securityContext.appArmorProfile.type=Localhost'],
      'controller.securityContext.appArmorProfile: Localhost needs localhostProfile',
    ],
    [
      ['controller.podSecurityContext.seccompProfile.type=Localhost'],
      'controller.podSecurityContext.seccompProfile: Localhost needs localhostProfile',
    ],
    [[`${IN_AGENT}.runAsUser=65532`], 'the agent works as root'],
    [[`${IN_AGENT}.runAsNonRoot=true`], 'the agent works as root'],
    [['agent.podSecurityContext.runAsNonRoot=true'], 'the agent works as root'],
    [[`${IN_AGENT}.privileged=true`], "additional properties 'privileged' not allowed"],
    [[`${IN_AGENT}.seLinuxOption.type=spc_t`], "additional properties 'seLinuxOption' not allowed"],
    [['controller.podSecurityContext.seccompProfile.type=Nothing'], '/controller/podSecurityContext/seccompProfile'],
  ])('is not rendered with %j', (sets, message) => {
    const { status, output } = rendered(...sets);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(message) });
  });

  test.each(['ALL,CAP', 'SYS_ADMIN,SYS_CHROOT,SYS_PTRACE,C,CA,CAPX,CHOWN,CHECKPOINT_RESTORE'])(
    'is rendered with %s',
    (names) => {
      const { container } = contexts('DaemonSet', `${IN_AGENT}.capabilities.add={${names}}`);
      expect(container).toMatchObject({ capabilities: { add: names.split(',') } });
    },
  );

  test.each(['{"add": []}', '{"add": [], "drop": []}', '{"add": [], "drop": ["ALL"]}'])(
    'that is given no capability is not rendered: %s',
    (json) => {
      const { status, output } = run(['template', 'm', '--set-json', `${IN_AGENT}.capabilities=${json}`], []);
      expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('without SYS_ADMIN') });
    },
  );

  test('that drops none and has what the chart adds is rendered', () => {
    const { status } = run(['template', 'm', '--set-json', `${IN_AGENT}.capabilities={"drop": []}`], []);
    expect(status).toBe(0);
  });

  test('sees less with some values, and the notes say with which', () => {
    expect(notes()).not.toContain('see less');
    const less = notes(
      `${IN_AGENT}.capabilities.drop={SYSLOG,DAC_READ_SEARCH}`,
      `${IN_AGENT}.seLinuxOptions.type=container_t`,
      `${IN_AGENT}.seccompProfile.type=Localhost`,
      `${IN_AGENT}.seccompProfile.localhostProfile=medic.json`,
    );
    for (const word of ['No SYSLOG', 'No DAC_READ_SEARCH', 'SELinux type container_t', 'seccompProfile Localhost'])
      expect(less).toContain(word);
  });
});

test('OpenShift has the SELinux type of the agent written down', () => {
  const { output } = run(['template', 'm', '-f', path('charts/kubelet-medic/values-openshift.yaml')], []);
  expect(output).toContain('type: spc_t');
});
