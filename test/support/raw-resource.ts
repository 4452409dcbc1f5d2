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
const CRDS = rawResource('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', false);

const Document = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: z.looseObject({}) });
export type YamlObject = Manifest & { readonly apiVersion: string; readonly kind: string };

/** All objects of a YAML text. */
export function parseManifests(text: string): readonly YamlObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null)
    .map((value) => Document.parse(value));
}

const CRD_FILES = ['kubeletrecoverypolicies', 'kubeletincidents', 'kubelethealths', 'kubeletevidences'];

/** Installs our CRDs and waits until they are served. */
export async function installCrds(cluster: Cluster): Promise<void> {
  for (const name of CRD_FILES) {
    const text = readFileSync(new URL(`../../manifests/crds/${name}.yaml`, import.meta.url), 'utf8');
    for (const crd of parseManifests(text)) await cluster.apply(CRDS, crd, { manager: 'test', force: true });
  }
}
