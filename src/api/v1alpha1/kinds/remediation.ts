/**
 * KubeletRemediation: the request of another operator to look at a node now. It is made from a KubeletRemediationTemplate by
 * medik8s' NodeHealthCheck or by Cluster API's MachineHealthCheck, in their form (docs/other-operators.md), and deleted by them.
 */
import * as z from 'zod/mini';
import { ObjectMeta } from '../../meta.ts';
import { about, duration, text, whole } from '../../schema.ts';
import { conditionList } from '../parts/condition.ts';

const WhenNotHealed = z.enum(['Leave', 'ReplaceMachine']);

const RemediationSpec = z
  .object({
    timeout: z._default(
      duration('After this time without a healthy node it is given back. An act that has begun is waited for.'),
      '10m',
    ),
    whenNotHealed: z._default(
      WhenNotHealed.check(
        about(
          'What follows where the node is not healed. Leave: it is told, and whoever asked goes on. ReplaceMachine, of a MachineHealthCheck: the owner of the Machine is asked to replace it, as it would be without a remediation; it takes `otherOperators.machineHealthCheck.replaceMachines` of the chart.',
        ),
      ),
      'Leave',
    ),
  })
  .check(about('How long it may take, and what follows.'));

const MachineState = z.enum(['ToBeReplaced', 'Replaced', 'NotReplaced']);

const RemediationStatus = z
  .object({
    conditions: z.optional(
      conditionList('Processing and Succeeded. From the moment at which Succeeded is True or False nothing changes.'),
    ),
    nodeName: z.optional(text(253, 'The node that it is about.')),
    incident: z.optional(text(253, 'The incident that was opened, or was open already.')),
    machine: z.optional(
      MachineState.check(
        about(
          'Whether its owner was asked to replace the Machine. ToBeReplaced: it is, as soon as Cluster API calls the Machine unhealthy and its node is not Ready since. NotReplaced: the Machine is well since, or on its way out, or may not be marked.',
        ),
      ),
    ),
    observedGeneration: z.optional(whole(0, 9007199254740991, 'The generation of the spec that this was judged on.')),
  })
  .check(about('What became of it. Written by the controller alone.'));
export type RemediationStatus = z.infer<typeof RemediationStatus>;

export const KubeletRemediation = z
  .object({
    metadata: ObjectMeta,
    spec: z._default(RemediationSpec, { timeout: '10m', whenNotHealed: 'Leave' }),
    status: z._default(RemediationStatus, {}),
  })
  .check(about('A request to look at a node now.'));
export type KubeletRemediation = z.infer<typeof KubeletRemediation>;

/** Both operators copy `spec.template`, and NodeHealthCheck wants `spec.template.spec` to be there. */
export const KubeletRemediationTemplate = z
  .object({
    metadata: ObjectMeta,
    spec: z
      .object({
        template: z
          .object({ spec: RemediationSpec.check(about('The spec of each KubeletRemediation.')) })
          .check(about('What each KubeletRemediation is made from.')),
      })
      .check(about('What requests look like.')),
  })
  .check(about('What requests are made from.'));
export type KubeletRemediationTemplate = z.infer<typeof KubeletRemediationTemplate>;
