/** The API server takes no evidence of this node, and the gate is Required: the node is left alone. */
import { completedIncident, incidentsOf } from '../incidents.ts';
import { getJson, isReady, kubectl, kubectlWith, node, startsSince, unitState } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { until } from '../shell.ts';

// Its kubelet has no profiling handler either: nothing but its memory tells of its goroutines.
const NODE = { name: 'node-4', env: { KUBELET_CONFIG_EXTRA: 'enableProfilingHandler: false' } };

const REFUSAL = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: e2e-no-evidence }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - { apiGroups: [kubelet-medic.io], apiVersions: ['*'], operations: [CREATE], resources: [kubeletevidences] }
  validations:
    - { expression: "object.spec.nodeName != '${NODE.name}'", message: evidence of this node is refused, reason: Forbidden }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: e2e-no-evidence }
spec: { policyName: e2e-no-evidence, validationActions: [Deny] }
`;

export const evidenceMissing: Scenario = {
  name: 'evidence-missing',
  nodes: [NODE],
  wave: 1,
  startAfterMs: 40_000,
  async run(report) {
    const before = [await unitState(NODE.name, 'kubelet'), await unitState(NODE.name, 'containerd')];
    const since = Date.now();
    await kubectlWith(REFUSAL, 'apply', '-f', '-');
    await node('hang', NODE);
    const incident = await completedIncident(NODE.name, 10 * 60_000);
    const { outcome, conditions, actions, steps } = incident.status;
    const complete = conditions?.find(({ type }) => type === 'Complete')?.message ?? '';
    report.check(
      this.name,
      'the outcome is EvidenceMissing, and says why',
      outcome === 'EvidenceMissing' && complete.includes('evidence of this node is refused'),
      complete,
    );
    report.check(
      this.name,
      'no cordon, no action was asked for',
      !steps?.some(({ type }) => type === 'Cordon' || type === 'Act'),
    );
    report.check(this.name, 'no action was taken', !actions?.some(({ action }) => action !== 'CaptureHost'));
    const object = (await getJson('node', NODE.name)) as { spec: { unschedulable?: boolean } };
    report.check(this.name, 'the node is not cordoned', object.spec.unschedulable !== true);
    const after = [await unitState(NODE.name, 'kubelet'), await unitState(NODE.name, 'containerd')];
    const starts =
      (await startsSince(NODE.name, 'kubelet', since)) + (await startsSince(NODE.name, 'containerd', since));
    report.check(
      this.name,
      'kubelet and containerd run on as they were',
      JSON.stringify(before) === JSON.stringify(after) && starts === 0,
    );
    report.check(
      this.name,
      'one incident, however long the trouble lasts',
      (await incidentsOf(NODE.name)).length === 1,
    );
    await kubectl('delete', 'validatingadmissionpolicybinding,validatingadmissionpolicy', 'e2e-no-evidence');
    await node('resume', NODE);
    await until('the node is Ready again', 180_000, async () => ((await isReady(NODE.name)) ? true : undefined));
  },
};
