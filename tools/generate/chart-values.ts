/** The values of the chart, strict: what is not named here is refused, so that a misspelt value is not lost. */
import * as z from 'zod/mini';
import { OwnCauseList } from '../../src/core/diagnosis/catalogue/own-causes.ts';
import { NodeSelector, PolicySpec } from '../../src/api/v1alpha1/kinds/policy.ts';
import {
  BUCKET_ENDPOINT,
  BUCKET_PREFIX,
  BucketEncryption,
  BucketSettings,
} from '../../src/core/evidence/bucket-settings.ts';
import { Receivers } from '../../src/core/notification/receiver.ts';

const flag = z.boolean;
const logLevel = z.enum(['error', 'warn', 'info', 'debug']);
const port = z.int().check(z.minimum(1), z.maximum(65535));
const mebibytes = z.int().check(z.minimum(1), z.maximum(4096));
const unit = z.string().check(z.regex(/^([\w.@:-]{1,240}\.service)?$/));
const cidrs = z.array(z.string().check(z.regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)));
const policyName = z.string().check(z.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/), z.maxLength(253));
const strings = z.record(z.string(), z.string());
/** A piece of a Kubernetes object: the API server checks it. */
const anyObject = z.record(z.string(), z.unknown());
const anyObjects = z.array(anyObject);

/** Without what makes them optional: the chart has a value for each. */
const endpoint = z.string().check(z.regex(BUCKET_ENDPOINT));
const prefix = z.string().check(z.maxLength(256), z.regex(BUCKET_PREFIX));
const id = z.optional(z.int().check(z.minimum(0), z.maximum(2 ** 31 - 1)));
const profile = (...types: readonly string[]): z.core.$ZodType =>
  z.optional(z.strictObject({ type: z.enum(types), localhostProfile: z.optional(z.string()) }));
const PROFILES = ['RuntimeDefault', 'Unconfined', 'Localhost'] as const;

/** What a pod and a container both have (Kubernetes: core/v1 PodSecurityContext and SecurityContext). */
const anySecurityContext = {
  runAsUser: id,
  runAsGroup: id,
  runAsNonRoot: z.optional(flag()),
  seLinuxOptions: z.optional(
    z.strictObject({
      user: z.optional(z.string()),
      role: z.optional(z.string()),
      type: z.optional(z.string()),
      level: z.optional(z.string()),
    }),
  ),
  seccompProfile: profile(...PROFILES),
  appArmorProfile: profile(...PROFILES),
} as const;
const podSecurityContext = z.strictObject({
  ...anySecurityContext,
  fsGroup: id,
  fsGroupChangePolicy: z.optional(z.enum(['OnRootMismatch', 'Always'])),
  supplementalGroups: z.optional(z.array(z.int())),
  supplementalGroupsPolicy: z.optional(z.enum(['Merge', 'Strict'])),
  seLinuxChangePolicy: z.optional(z.enum(['MountOption', 'Recursive'])),
  sysctls: z.optional(z.array(z.strictObject({ name: z.string(), value: z.string() }))),
});
/** Kubernetes: without `CAP_`, which a runtime puts before it. Helm's expressions (RE2) have no lookahead. */
const CAPABILITY = /^([ABD-Z_][A-Z_]*|C([B-Z_][A-Z_]*)?|CA([A-OQ-Z_][A-Z_]*)?|CAP([A-Z][A-Z_]*)?)$/;
const capabilities = z.optional(z.array(z.string().check(z.regex(CAPABILITY))));
/** `privileged` of the agent is a value of its own, and the controller never is. */
const securityContext = z.strictObject({
  ...anySecurityContext,
  allowPrivilegeEscalation: z.optional(flag()),
  readOnlyRootFilesystem: z.optional(flag()),
  procMount: z.optional(z.enum(['Default', 'Unmasked'])),
  capabilities: z.optional(z.strictObject({ add: capabilities, drop: capabilities })),
});

/** What both programs can be given. */
const pod = {
  logLevel,
  podSecurityContext,
  securityContext,
  hostNetwork: flag(),
  port,
  priorityClassName: z.string(),
  resources: anyObject,
  nodeSelector: strings,
  tolerations: anyObjects,
  affinity: anyObject,
  podLabels: strings,
  podAnnotations: strings,
  serviceAccountAnnotations: strings,
  extraEnv: anyObjects,
} as const;

const monitor = z.strictObject({
  enabled: flag(),
  labels: strings,
  interval: z.string().check(z.regex(/^([0-9]+(ms|[smhd]))*$/)),
  relabelings: anyObjects,
  metricRelabelings: anyObjects,
});

export const ChartValues = z.strictObject({
  image: z.strictObject({
    repository: z.string().check(z.minLength(1)),
    tag: z.string(),
    digest: z.string().check(z.regex(/^(sha256:[0-9a-f]{64})?$/)),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: anyObjects,
  nameOverride: z.string(),
  fullnameOverride: z.string(),
  commonLabels: strings,
  policy: z.strictObject({ create: flag(), name: policyName, spec: PolicySpec }),
  policies: z.array(
    z.strictObject({
      name: policyName,
      selector: NodeSelector,
      priority: z.int().check(z.minimum(0), z.maximum(1000)),
      spec: z.omit(PolicySpec, { nodeSelector: true, priority: true }),
    }),
  ),
  apiServer: z.strictObject({
    host: z.string(),
    port: z.union([port, z.string().check(z.regex(/^[0-9]*$/))]),
  }),
  controller: z.strictObject({
    ...pod,
    replicas: z.int().check(z.minimum(0), z.maximum(10)),
    nodes: z.int().check(z.minimum(1), z.maximum(100_000)),
    nodeProxy: flag(),
    maxConcurrent: z.int().check(z.minimum(0), z.maximum(1000)),
    storage: z.strictObject({ evidenceMiB: mebibytes, incidentsMiB: mebibytes }),
    capturesPerMinute: z.int().check(z.minimum(5), z.maximum(6000)),
  }),
  agent: z.strictObject({
    ...pod,
    privileged: flag(),
    metricsHost: z.string().check(z.regex(/^[0-9a-fA-F.:]*$/)),
    stateDir: z.string().check(z.regex(/^\/[^,:]+$/)),
    spoolLimit: z.int().check(z.minimum(16 * 1024 * 1024)),
    logSource: z.string().check(z.regex(/^((journald|file):.+)?$/)),
    kubeletUnit: unit,
    runtimeUnit: unit,
    criEndpoint: z.string().check(z.regex(/^(unix:\/\/\/.+)?$/)),
    // The API server's own bounds: ten minutes, and 2^32 seconds.
    tokenExpirationSeconds: z.int().check(z.minimum(600), z.maximum(2 ** 32)),
    tokenBinding: z.enum(['Node', 'Pod']),
    tokenAudiences: z.array(z.string().check(z.regex(/^[^'"\\\s]{1,253}$/))).check(z.minLength(1)),
    updateStrategy: anyObject,
  }),
  admissionPolicy: z.strictObject({ enabled: flag() }),
  ownCauses: OwnCauseList,
  openshift: z.strictObject({ enabled: flag() }),
  drills: z.strictObject({ enabled: flag() }),
  aggregateRoles: flag(),
  cleanUp: z.strictObject({ enabled: flag() }),
  medik8sLeases: z.strictObject({ enabled: flag(), namespaceExists: flag() }),
  otherOperators: z.strictObject({
    nodeHealthCheck: z.strictObject({ enabled: flag() }),
    machineHealthCheck: z.strictObject({ enabled: flag(), replaceMachines: flag() }),
  }),
  notifications: z.strictObject({
    cluster: z.string().check(z.maxLength(63)),
    secretName: z.string().check(z.maxLength(253)),
    receivers: Receivers,
    egress: z.strictObject({ ports: z.array(port).check(z.minLength(1)), cidrs, dns: flag() }),
  }),
  evidence: z.strictObject({
    bucket: z.strictObject({
      // Empty: there is none.
      name: z.union([z.literal(''), BucketSettings.shape.name]),
      region: BucketSettings.shape.region,
      endpoint: z.union([z.literal(''), endpoint]),
      pathStyle: flag(),
      prefix,
      encryption: z.union([z.strictObject({}), BucketEncryption]),
      ca: z.string().check(z.maxLength(256 * 1024)),
      secretName: z.string().check(z.maxLength(253)),
      egress: z.strictObject({ ports: z.array(port).check(z.minLength(1)), cidrs, dns: flag() }),
    }),
  }),
  metrics: z.strictObject({
    service: z.strictObject({ enabled: flag(), annotations: strings }),
    serviceMonitor: monitor,
    podMonitor: monitor,
    rules: z.strictObject({
      enabled: flag(),
      labels: strings,
      runbookBase: z.string().check(z.regex(/^(https?:\/\/\S+[^/\s])?$/)),
      alertLabels: strings,
      disabled: z.array(z.string()),
    }),
    dashboard: z.strictObject({ enabled: flag(), labels: strings, annotations: strings }),
  }),
  networkPolicy: z.strictObject({
    enabled: flag(),
    metricsFrom: anyObjects,
    apiServer: z.strictObject({
      ports: z.array(port).check(z.minLength(1)),
      cidrs,
    }),
    extraEgress: anyObjects,
  }),
  // Helm hands these to a chart that is a part of another one.
  global: z.optional(anyObject),
});

/** JSON Schema (draft 7) for `values.schema.json`. */
export function chartValuesSchema(): unknown {
  return sealed(z.toJSONSchema(ChartValues, { target: 'draft-7', io: 'input' }));
}

/** Closes the objects of the API types too, and leaves out what only a CRD needs and what says nothing. */
function sealed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(sealed);
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !key.startsWith('x-kubernetes-') &&
      key !== 'propertyNames' &&
      Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER,
  );
  const open = 'properties' in schema && !('additionalProperties' in schema);
  return {
    ...Object.fromEntries(kept.map(([key, value]) => [key, sealed(value)])),
    ...(open ? { additionalProperties: false } : {}),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
