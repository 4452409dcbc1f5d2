/** Leave for agents to upload: presigned requests, sealed for one agent, in the spec of its KubeletHealth (docs/adr/0018). */
import { HEALTHS } from '../../api/resources.ts';
import { MAX_SEALED } from '../../api/v1alpha1/parts/bucket.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import { API_VERSION, BUCKET_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { isSilent } from '../../core/decision/contact.ts';
import type { WantedObject } from '../../core/evidence/bucket-objects.ts';
import {
  type Grant,
  GRANT_OBJECTS,
  type GrantContext,
  type GrantedPut,
  sealGrant,
} from '../../core/evidence/sealed-grant.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { createTurns } from '../../runtime/turns.ts';
import type { AgentContacts } from '../agent-contacts.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';
import type { EvidenceBucket } from './evidence-bucket.ts';

/** Agents that upload at once. */
const MAX_FLIGHTS = 8;
/** An agent that is there gives up after ten minutes. */
const FLIGHT_MS = 11 * 60_000;

const CLEAR_AGAIN_MS = 60_000;

export const SILENT = 'its agent does not answer';

interface Flight {
  readonly id: string;
  /** UID of the incident. */
  readonly incident: string;
  /** Monotonic. */
  readonly endsAt: number;
}

interface Landed {
  /** UID of the incident. */
  readonly incident: string;
  /** What the agent could not upload, or that it is silent; undefined: it says that all is there. */
  readonly message: string | undefined;
}

export interface Grants {
  isFull(): boolean;
  isInFlight(node: string): boolean;
  /** What has been answered, or will not be. What is left of an earlier controller is cleared. */
  land(signal: AbortSignal): Promise<readonly Landed[]>;
  /** @returns the keys that were granted. @throws `MedicError`. */
  grant(
    health: KubeletHealth,
    what: { readonly incident: { readonly name: string; readonly uid: string }; readonly folder: string },
    objects: readonly WantedObject[],
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

/** A key comes from a node, which may say anything. @throws `E_AGENT_KEY`. */
function sealFor(reader: string, context: GrantContext, grant: Grant): string {
  try {
    return sealGrant(reader, context, grant);
  } catch (cause) {
    const message = 'the key for which its agent wants grants sealed is no X25519 key';
    throw new MedicError('E_AGENT_KEY', 'invalid', message, { cause });
  }
}

export interface ArchiveParts {
  readonly view: LocalView;
  readonly contacts: AgentContacts;
  readonly bucket: EvidenceBucket;
}

export function createGrants(world: World, { view, contacts, bucket: { client } }: ArchiveParts): Grants {
  const { clock, cluster, log, random } = world;
  const flights = new Map<string, Flight>();
  /** By node: of the grant that was cleared last. The copy may still have it. */
  const cleared = new Map<string, string>();
  /** By node, monotonic: after a failure. */
  const clearAgainAt = new Map<string, number>();

  async function write({ metadata: { name, uid } }: KubeletHealth, spec: object, signal: AbortSignal): Promise<void> {
    const manifest = { apiVersion: API_VERSION, kind: HEALTHS.kind, metadata: { name, uid }, spec };
    await cluster.apply(HEALTHS, manifest, { manager: BUCKET_MANAGER, force: true, signal });
  }

  /** One that may not be written keeps no other from it. */
  async function clear(health: KubeletHealth, id: string, signal: AbortSignal): Promise<void> {
    const { name: node } = health.metadata;
    if (clock.monotonic() < (clearAgainAt.get(node) ?? 0)) return;
    try {
      await write(health, {}, signal);
      cleared.set(node, id);
      clearAgainAt.delete(node);
    } catch (err) {
      if (signal.aborted || !isMedicError(err)) throw err;
      clearAgainAt.set(node, clock.monotonic() + CLEAR_AGAIN_MS);
      log.warn('A grant that is over cannot be removed; it is tried again', { node, err });
    }
  }

  function endOf(health: KubeletHealth | undefined, { id, endsAt }: Flight): { readonly message?: string } | undefined {
    if (health === undefined) return { message: 'the node is gone' };
    const report = health.status.bucket;
    if (report?.grant === id) return report.message === undefined ? {} : { message: report.message };
    if (isSilent(contacts.of(health))) return { message: SILENT };
    return clock.monotonic() >= endsAt ? { message: 'its agent has not answered' } : undefined;
  }

  async function puts(objects: readonly WantedObject[], folder: string, signal: AbortSignal): Promise<GrantedPut[]> {
    const made: GrantedPut[] = [];
    // A signature takes some milliseconds.
    const endTurn = createTurns(clock);
    for (const { file, key, bytes, sha256 } of objects) {
      const signed = await client.presignPut({ key: `${folder}/${key}`, bytes, sha256 }, signal);
      made.push({ file, bytes, sha256, ...signed });
      await endTurn();
    }
    return made;
  }

  return {
    isFull: () => flights.size >= MAX_FLIGHTS,
    isInFlight: (node) => flights.has(node),
    async land(signal): Promise<readonly Landed[]> {
      const landed: Landed[] = [];
      for (const [node, flight] of flights) {
        const end = endOf(view.healths.get(node), flight);
        if (end === undefined) continue;
        flights.delete(node);
        landed.push({ incident: flight.incident, message: end.message });
      }
      for (const health of view.healths.list()) {
        const { name } = health.metadata;
        const id = health.spec.bucket?.id;
        if (id !== undefined && !flights.has(name) && cleared.get(name) !== id) await clear(health, id, signal);
      }
      return landed;
    },
    async grant(health, { incident, folder }, objects, signal): Promise<readonly string[]> {
      const { name: node } = health.metadata;
      const made = await puts(objects.slice(0, GRANT_OBJECTS), folder, signal);
      const id = `${Math.floor(random.next() * Number.MAX_SAFE_INTEGER).toString(36)}-${String(Math.round(clock.monotonic()))}`;
      const reader = health.status.bucket?.key ?? '';
      const sealed = sealFor(reader, { node, id }, { incident: incident.name, puts: made });
      if (sealed.length > MAX_SEALED) {
        throw new MedicError('E_BUCKET_SETTINGS', 'terminal', 'its presigned requests are too long: its token is');
      }
      // One that is not there is known for it soon, and holds no turn of others.
      if (contacts.of(health).unansweredMs === undefined) await contacts.ask(health);
      await write(health, { bucket: { id, sealed } }, signal);
      flights.set(node, { id, incident: incident.uid, endsAt: clock.monotonic() + FLIGHT_MS });
      return made.map(
        ({ file, sha256 }) => objects.find((one) => one.file === file && one.sha256 === sha256)?.key ?? '',
      );
    },
  };
}
