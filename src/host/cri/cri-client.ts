/**
 * CRI calls, each client on a connection of its own: a kubelet's connection can be dead while the runtime is well.
 * Messages: k8s.io/cri-api pkg/apis/runtime/v1/api.proto.
 */
import type { ErrorCode } from '../../api/v1alpha1/words/error-codes.ts';
import type { Clock } from '../../ports/clock.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { type Limit, withDeadline } from '../../runtime/deadline.ts';
import { hostPath } from '../disk/host-path.ts';
import type { HostNamespaces } from '../namespaces.ts';
import {
  CONTAINER_EXITED,
  CONTAINER_FILTER,
  CONTAINER_STATE_VALUE,
  LIST_CONTAINERS_REQUEST,
  LIST_CONTAINERS_RESPONSE,
  LISTED,
  OBJECT_STATUS_REQUEST,
  LIST_POD_SANDBOX_RESPONSE,
  RUNTIME_CONDITION,
  RUNTIME_STATUS,
  STATUS_RESPONSE,
  VERSION_REQUEST,
  VERSION_RESPONSE,
} from './cri-fields.ts';
import { createGrpcClient, GrpcError } from './grpc.ts';
import {
  decodeFields,
  encodeBytes,
  encodeNumber,
  type Field,
  messageFields,
  numberField,
  textField,
} from './protobuf.ts';
import { cleanText } from '../../core/redaction/redact.ts';

/** As the kubelet's own (k8s.io/cri-client/pkg: maxMsgSize). */
const MAX_MESSAGE = 16 * 1_048_576;
const MAX_TEXT = 1024;
const MAX_CONDITIONS = 32;
/** Runtimes up to containerd 1.5 know the older name only. The messages used here are the same. */
const SERVICES = ['runtime.v1.RuntimeService', 'runtime.v1alpha2.RuntimeService'] as const;

const EMPTY = Buffer.alloc(0);

export interface CriVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
}

interface CriCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface CriClient {
  version(): Promise<CriVersion>;
  /** How many sandboxes the runtime lists. */
  listPodSandbox(): Promise<number>;
  /** Asks what a relist asks; each call has an answer, or the error names the one that has none. */
  askAsRelist(): Promise<void>;
  /** How many exited containers it lists. */
  listExitedContainers(): Promise<number>;
  status(): Promise<readonly CriCondition[]>;
  close(): void;
}

/** @throws `E_CRI_ENDPOINT` for an endpoint that is neither a unix socket nor TCP. */
export async function criTarget(namespaces: HostNamespaces, endpoint: string, signal: AbortSignal): Promise<string> {
  const unix = /^unix:(?:\/\/)?(\/.+)$/.exec(endpoint);
  if (unix !== null) return `unix:${await hostPath(namespaces.hostRoot, unix[1] ?? '', signal)}`;
  const tcp = /^tcp:\/\/([^/]+)$/.exec(endpoint);
  if (tcp !== null) return `dns:${tcp[1] ?? ''}`;
  throw new MedicError('E_CRI_ENDPOINT', 'invalid', `not a unix:// or tcp:// endpoint: ${endpoint}`);
}

/** Each call has the deadline for itself, and ends with the signal. Close the client. */
export function createCriClient(
  target: string,
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
  signal: AbortSignal,
): CriClient {
  const client = createGrpcClient(target, MAX_MESSAGE);
  let service: string = SERVICES[0];

  async function unary(method: string, request: Buffer): Promise<readonly Field[]> {
    const limit: Limit = { ms: deadlineMs, code: 'E_CRI_DEADLINE', what: method };
    const message = await withDeadline(clock, limit, signal, (inner) =>
      client.call({ path: `/${service}/${method}`, request }, inner),
    ).catch((error: unknown) => {
      if (signal.aborted) throw new MedicError('E_CRI_CANCELLED', 'transient', `${method}: cancelled`);
      throw error instanceof GrpcError ? toMedicError(method, error) : error;
    });
    const fields = decodeFields(message);
    if (fields === undefined) throw new MedicError('E_CRI_ERROR', 'terminal', `${method}: the answer cannot be read`);
    return fields;
  }

  async function call(method: string, request: Buffer): Promise<readonly Field[]> {
    const asked = service;
    try {
      return await unary(method, request);
    } catch (error) {
      const isOld = isMedicError(error) && error.code === 'E_CRI_UNIMPLEMENTED' && asked === SERVICES[0];
      if (!isOld) throw error;
      service = SERVICES[1];
      return await unary(method, request);
    }
  }

  /** Of one that is gone by now the runtime says so: that is an answer. */
  async function statusOfFirst(list: string, items: number, of: string): Promise<void> {
    const [first] = messageFields(await call(list, EMPTY), items);
    const id = first === undefined ? undefined : textField(decodeFields(first) ?? [], LISTED.id);
    if (id === undefined) return;
    try {
      await call(of, encodeBytes(OBJECT_STATUS_REQUEST.id, id));
    } catch (error) {
      if (!isMedicError(error, 'absent')) throw error;
    }
  }

  return {
    async version(): Promise<CriVersion> {
      const fields = await call('Version', encodeBytes(VERSION_REQUEST.version, 'v1'));
      return {
        runtimeName: textOf(fields, VERSION_RESPONSE.runtimeName),
        runtimeVersion: textOf(fields, VERSION_RESPONSE.runtimeVersion),
      };
    },
    async listPodSandbox(): Promise<number> {
      return messageFields(await call('ListPodSandbox', EMPTY), LIST_POD_SANDBOX_RESPONSE.items).length;
    },
    async askAsRelist(): Promise<void> {
      await Promise.all([
        statusOfFirst('ListPodSandbox', LIST_POD_SANDBOX_RESPONSE.items, 'PodSandboxStatus'),
        statusOfFirst('ListContainers', LIST_CONTAINERS_RESPONSE.containers, 'ContainerStatus'),
      ]);
    },
    async listExitedContainers(): Promise<number> {
      const state = encodeNumber(CONTAINER_STATE_VALUE.state, CONTAINER_EXITED);
      const request = encodeBytes(LIST_CONTAINERS_REQUEST.filter, encodeBytes(CONTAINER_FILTER.state, state));
      return messageFields(await call('ListContainers', request), LIST_CONTAINERS_RESPONSE.containers).length;
    },
    async status(): Promise<readonly CriCondition[]> {
      const [runtimeStatus = EMPTY] = messageFields(await call('Status', EMPTY), STATUS_RESPONSE.status);
      const conditions = messageFields(decodeFields(runtimeStatus) ?? [], RUNTIME_STATUS.conditions);
      return conditions.slice(0, MAX_CONDITIONS).map(toCondition);
    },
    close: () => {
      client.close();
    },
  };
}

function textOf(fields: readonly Field[], number: number): string {
  return (textField(fields, number) ?? '').slice(0, MAX_TEXT);
}

function toCondition(message: Buffer): CriCondition {
  const fields = decodeFields(message) ?? [];
  return {
    type: textOf(fields, RUNTIME_CONDITION.type),
    status: numberField(fields, RUNTIME_CONDITION.status) === 1,
    reason: textOf(fields, RUNTIME_CONDITION.reason),
    message: textOf(fields, RUNTIME_CONDITION.message),
  };
}

/** gRPC's codes, as far as they differ for us (grpc.io: status codes). */
function toMedicError(method: string, error: GrpcError): MedicError {
  const message = cleanText(`${method}: ${error.message}`, 1024);
  const kind = error.status === 'NOT_FOUND' ? 'absent' : 'transient';
  return new MedicError(errorCode(error), kind, message, { cause: error });
}

function errorCode({ status, details }: GrpcError): ErrorCode {
  if (status === 'DEADLINE_EXCEEDED') return 'E_CRI_DEADLINE';
  if (status === 'UNIMPLEMENTED') return 'E_CRI_UNIMPLEMENTED';
  if (status !== 'UNAVAILABLE') return 'E_CRI_ERROR';
  // A full backlog of connections that nobody accepts: the runtime is there and hangs (unix(7), EAGAIN).
  return details.includes('EAGAIN') ? 'E_CRI_DEADLINE' : 'E_CRI_UNAVAILABLE';
}
