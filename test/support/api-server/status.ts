/** Refusals, as the `metav1.Status` that a real API server answers with. */
import type { Json, JsonObject } from './json.ts';
import type { ServedKind } from './kinds.ts';

export interface Cause {
  readonly field: string;
  readonly message: string;
  readonly reason: string;
}

export class Refusal extends Error {
  readonly code: number;
  readonly body: JsonObject;

  constructor(code: number, reason: string, message: string, details: JsonObject = {}) {
    super(message);
    this.code = code;
    this.body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
  }
}

/** `kubeletincidents.kubelet-medic.io`. */
function qualifiedPlural(kind: ServedKind): string {
  return qualified(kind, kind.plural);
}

function qualified(kind: ServedKind, name: string): string {
  const group = kind.apiVersion.includes('/') ? kind.apiVersion.split('/')[0] : undefined;
  return group === undefined ? name : `${name}.${group}`;
}

export function notFound(kind: ServedKind, name: string): Refusal {
  return new Refusal(404, 'NotFound', `${qualifiedPlural(kind)} "${name}" not found`, { name, kind: kind.plural });
}

export function alreadyExists(kind: ServedKind, name: string): Refusal {
  return new Refusal(409, 'AlreadyExists', `${qualifiedPlural(kind)} "${name}" already exists`, {
    name,
    kind: kind.plural,
  });
}

export function conflict(kind: ServedKind, name: string, why: string, causes: readonly Cause[] = []): Refusal {
  const message = `Operation cannot be fulfilled on ${qualifiedPlural(kind)} "${name}": ${why}`;
  return new Refusal(409, 'Conflict', message, { name, kind: kind.plural, causes: causes.map(toJson) });
}

/** Server-side apply's own words. */
export function applyConflict(causes: readonly Cause[]): Refusal {
  const first = causes[0];
  const message =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${causes.map((cause) => `${cause.message}: ${cause.field}`).join(', ')}`;
  return new Refusal(409, 'Conflict', message, { causes: causes.map(toJson) });
}

export function invalid(kind: ServedKind, name: string, causes: readonly Cause[]): Refusal {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return new Refusal(422, 'Invalid', `${qualified(kind, kind.kind)} "${name}" is invalid: ${list}`, {
    name,
    kind: kind.kind,
    causes: causes.map(toJson),
  });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

function toJson(cause: Cause): Json {
  return { field: cause.field, message: cause.message, reason: cause.reason };
}
