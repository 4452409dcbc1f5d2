/** The kinds that the server serves: built-in ones with as much schema as merging needs, ours with their whole CRD. */
import { DEFINITIONS, openApiSchema } from '../../../tools/generate/definitions.ts';
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { CONFIG_MAPS, EVENTS, LEASES, MACHINES, NAMESPACES, NODES, PODS } from '../../../src/api/resources.ts';
import { CRDS } from '../raw-resource.ts';
import { SECRETS } from '../secrets.ts';
import { API_VERSION } from '../../../src/api/v1alpha1/words/names.ts';
import { assertRulesAreKnown } from './rules.ts';

export interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** Defaults, prunes and validates by `schema`; a PUT needs a resourceVersion. Built-in kinds are taken as they are. */
  readonly custom: boolean;
  readonly schema: StructuralSchema;
  /** Besides metadata.name and metadata.namespace; `spec.nodeName`. */
  readonly selectableFields: readonly string[];
}

const MAP_BY = (key: string): StructuralSchema => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
});

/** Kubernetes: the list types of `metav1.ObjectMeta`. */
const METADATA: StructuralSchema = {
  type: 'object',
  properties: { ownerReferences: MAP_BY('uid'), finalizers: { type: 'array', 'x-kubernetes-list-type': 'set' } },
};

function builtIn(
  resource: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly plural: string;
    readonly namespaced: boolean;
  },
  more: { readonly hasStatus?: boolean; readonly selectableFields?: readonly string[] } = {},
): ServedKind {
  const { apiVersion, kind, plural, namespaced } = resource;
  const status: StructuralSchema = {
    type: 'object',
    properties: { conditions: MAP_BY('type'), addresses: MAP_BY('type') },
  };
  return {
    apiVersion,
    kind,
    plural,
    namespaced,
    hasStatus: more.hasStatus ?? false,
    custom: false,
    schema: { type: 'object', properties: { metadata: METADATA, status } },
    selectableFields: more.selectableFields ?? [],
  };
}

function customKinds(): readonly ServedKind[] {
  return DEFINITIONS.map((definition) => {
    const schema = openApiSchema(definition);
    assertRulesAreKnown(schema);
    return {
      apiVersion: API_VERSION,
      kind: definition.kind,
      plural: definition.plural,
      namespaced: definition.namespaced ?? false,
      hasStatus: definition.hasStatus,
      custom: true,
      schema: { ...schema, properties: { ...schema.properties, metadata: METADATA } },
      selectableFields: definition.selectableFields.map((path) => path.replace(/^\./, '')),
    };
  });
}

let made: readonly ServedKind[] | undefined;

/** Made once: the schemas of our kinds take a while. */
export function servedKinds(): readonly ServedKind[] {
  made ??= makeKinds();
  return made;
}

function makeKinds(): readonly ServedKind[] {
  return [
    builtIn(NODES, { hasStatus: true, selectableFields: ['spec.unschedulable'] }),
    builtIn(EVENTS, { selectableFields: ['involvedObject.name', 'involvedObject.kind', 'reason', 'type'] }),
    builtIn(PODS, { hasStatus: true, selectableFields: ['spec.nodeName'] }),
    builtIn(SECRETS, { selectableFields: ['type'] }),
    builtIn(CONFIG_MAPS),
    builtIn(LEASES),
    builtIn(NAMESPACES),
    builtIn(MACHINES, { hasStatus: true }),
    builtIn(CRDS, { hasStatus: true }),
    ...customKinds(),
  ];
}
