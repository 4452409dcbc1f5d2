/** What the commands of the documents stand for here, and which of them are not run and why. A line each; docs/development.md. */

interface Fill {
  /** The word as it stands in documents. */
  readonly placeholder: string;
  readonly value: string;
  /** Only in commands that match. The first line that fits wins. */
  readonly where?: RegExp;
}

/** Names of the fleet that `test/integration/docs/fleet.ts` makes. */
export const FILL: readonly Fill[] = [
  { placeholder: 'INCIDENT', value: 'node-3-h7x2m', where: /medic (approve|reject|cancel) / },
  { placeholder: 'INCIDENT', value: 'node-2-4kq8z' },
  { placeholder: 'NODE', value: 'node-2' },
  { placeholder: 'POD', value: 'agent-pod' },
  { placeholder: 'POLICY', value: 'default' },
  { placeholder: 'WHY', value: "'as the runbook says'" },
  { placeholder: 'REPOSITORY', value: 'https://git.example.com/kubelet-medic.git' },
  { placeholder: 'REGISTRY', value: 'registry.example.com' },
  { placeholder: 'TAG', value: '0.1.0' },
  { placeholder: 'CHART', value: 'charts/kubelet-medic' },
  { placeholder: 'RELEASE', value: 'kubelet-medic' },
  { placeholder: 'NAMESPACE', value: 'kubelet-medic' },
  { placeholder: 'FULLNAME', value: 'kubelet-medic' },
  { placeholder: 'DIR', value: './fetched' },
  { placeholder: 'YOUR_INTEGRATION_KEY', value: '0123456789abcdef0123456789abcdef' },
];

/** What is run here, and no other program: commands of documents are typed on the machine of whoever runs the tests. */
export const RUN_HERE = [
  'kubectl',
  'kubectl-medic',
  'helm',
  'npm',
  'jq',
  'xargs',
  'sed',
  'grep',
  'head',
  'cat',
  'base64',
];

const REGISTRY = 'it needs a registry and a builder of images';
const KUBELET = 'it needs a kubelet at port 10250 and the keys of its admin';
const ON_A_NODE = 'it reads the memory of a kubelet: test/integration/stacks-*.test.ts do that';
const LONG = 'it takes minutes, and .ci/run has it as a step of its own';
const IN_A_POD = 'it runs a program in a pod: there is no runtime here';
const METRICS_API = 'it needs metrics-server';
const RELEASED = 'test/release does that with the files of a release';
const RELEASING = 'test/release/releasing.test.ts types it in a copy';
const CLOUD = 'it needs an account of AWS';
const POD_NETWORK = 'it needs an endpoint on the pod network; test/unit/chart/monitoring.test.ts holds its name';

interface NotRun {
  /** What the command begins with, as it stands in a document. */
  readonly begins: string;
  readonly why: string;
}

/** They are still parsed: by bash, and ours by the plugin. A line that fits no command any more fails the test. */
export const NOT_RUN: readonly NotRun[] = [
  { begins: 'docker build', why: REGISTRY },
  { begins: 'docker push', why: REGISTRY },
  { begins: 'git clone', why: 'this is the clone' },
  { begins: 'sha256sum --check', why: RELEASED },
  { begins: 'tar -xzf kubectl-medic_', why: RELEASED },
  { begins: 'sudo install kubectl-medic', why: RELEASED },
  { begins: 'npm version', why: RELEASING },
  { begins: 'NEXT=', why: RELEASING },
  { begins: 'sed -i', why: RELEASING },
  { begins: 'npm run generate', why: RELEASING },
  { begins: 'git commit', why: RELEASING },
  { begins: 'npm run release', why: RELEASING },
  { begins: 'git tag', why: RELEASING },
  { begins: '(cd release', why: RELEASING },
  { begins: 'git push', why: RELEASING },
  { begins: 'aws eks', why: CLOUD },
  { begins: 'ssh -t', why: 'it needs another machine' },
  { begins: 'npm run demo', why: LONG },
  { begins: 'KUBERNETES_VERSION=1.37.2 npm run test:e2e', why: LONG },
  { begins: 'curl -sk --cert', why: KUBELET },
  { begins: 'kubectl-medic stacks', why: ON_A_NODE },
  { begins: 'kubectl -n kubelet-medic exec', why: IN_A_POD },
  { begins: 'kubectl top', why: METRICS_API },
  { begins: 'kubectl get --raw /api/v1/namespaces/', why: POD_NETWORK },
  {
    begins: 'kubectl medic drill node-1 --fault frozen-kubelet',
    why: 'it breaks a kubelet: the scenario drill of npm run test:e2e does that',
  },
];

/** Commands that run until a person interrupts them. Here that is after some seconds, and they must be alive until then. */
export const UNTIL_STOPPED: readonly RegExp[] = [/^kubectl medic watch(?!.*--timeout)/, /^kubectl medic ui/];

/** Commands that ask, and are answered with `yes`. */
export const ASKS: readonly RegExp[] = [/^kubectl medic uninstall(?!.*--dry-run)/];
