/** Kinds that only tests write, and YAML files of them. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../src/api/meta.ts';
import type { Cluster, KubeObject, Manifest, Resource } from '../../src/ports/cluster.ts';

const Any = z.looseObject({ metadata: ObjectMeta });
export type AnyObject = KubeObject & Readonly<Record<string, unknown>>;

export function rawResource(
  apiVersion: string,
  kind: string,
  plural: string,
  namespaced: boolean,
): Resource<AnyObject> {
  return { apiVersion, kind, plural, namespaced, parse: (raw) => Any.parse(raw) };
}

export const PODS = rawResource('v1', 'Pod', 'pods', true);
export const CRDS = rawResource(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
);

const Document = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({}) });
export type YamlObject = Manifest & { readonly apiVersion: string; readonly kind: string };

/** All objects of a YAML text. */
export function parseManifests(text: string): readonly YamlObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null)
    .map((value) => Document.parse(value));
}

/** Plurals of our kinds. */
export const CRD_FILES = [
  'kubeletrecoverypolicies',
  'kubeletincidents',
  'kubelethealths',
  'kubeletevidences',
  'kubeletremediations',
  'kubeletremediationtemplates',
];

/** Installs our CRDs and waits until they are served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  for (const name of CRD_FILES) {
    await cluster.apply(CRDS, crdOf(name), { manager: 'test', force: true });
  }
}

/** @param plural the kind in lower case, as its file is named. */
export function crdOf(plural: string): YamlObject {
  const text = readFileSync(new URL(`../../manifests/crds/${plural}.yaml`, import.meta.url), 'utf8');
  const [crd] = parseManifests(text);
  if (crd === undefined) throw new Error(`manifests/crds/${plural}.yaml is empty`);
  return crd;
}

/** A CRD as it was before it had CEL rules. */
export function withoutRules(crd: YamlObject): YamlObject {
  return JSON.parse(
    JSON.stringify(crd, (key, value: unknown) => (key === 'x-kubernetes-validations' ? undefined : value)),
  ) as YamlObject;
}
