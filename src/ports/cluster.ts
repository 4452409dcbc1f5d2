/** The Kubernetes API as kubelet-medic uses it. */
import type { ObjectMeta } from '../api/meta.ts';

/** Every object that we read has these; the rest is what its schema makes of it. */
export interface KubeObject {
  readonly metadata: ObjectMeta;
}

/** One kind of object: where it lives, and the parser that turns the wire's JSON into our own type. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1`, `coordination.k8s.io/v1`, `kubelet-medic.io/v1alpha1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Lists and watches ask for metadata alone (Kubernetes: PartialObjectMetadata); the parser takes whole objects too. */
  readonly metadataOnly?: true;
  /** @throws if the object is malformed; the message says which field. */
  readonly parse: (raw: unknown) => T;
}

/** Each call ends at its deadline (10 s where none is given) or with its signal, whichever comes first. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

export interface Ref {
  readonly name: string;
  readonly namespace?: string;
}

export interface ListQuery {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects of one answer; for kinds whose objects are large. Absent: as many as suits small ones. */
  readonly pageSize?: number;
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** They never fail the list. */
  readonly malformed: readonly Malformed[];
}

/** An object that is there and that the parser refuses. */
export interface Malformed {
  /** Empty: it has no name either. */
  readonly name: string;
  /** What the parser says, cut at 512 characters. */
  readonly message: string;
  /** As it came. */
  readonly raw: unknown;
}

/** An object as it is sent. */
export interface Manifest {
  readonly metadata: {
    readonly name?: string;
    readonly generateName?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
    /** A precondition: the write fails with `conflict` if the object has moved on. */
    readonly resourceVersion?: string;
    readonly uid?: string;
  };
  readonly [field: string]: unknown;
}

export interface WriteOptions extends Call {
  /** Field manager. */
  readonly manager: string;
  readonly subresource?: 'status';
}

export interface ApplyOptions extends WriteOptions {
  /** Take over fields that another manager owns. Without it that is a `conflict`. */
  readonly force?: boolean;
}

/** RFC 6902. A failed `test` is a `conflict`. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface ProxyRequest extends Call {
  readonly method?: 'GET' | 'PUT';
  readonly body?: string;
  /** The answer is cut there. */
  readonly maxBytes: number;
}

export interface ProxyResponse {
  readonly status: number;
  readonly body: Buffer;
  readonly truncated: boolean;
}

/** All methods throw `MedicError`; its class says what to do. */
export interface Cluster {
  /** undefined: there is no such object. */
  get<T extends KubeObject>(resource: Resource<T>, ref: Ref, call?: Call): Promise<T | undefined>;
  list<T extends KubeObject>(resource: Resource<T>, query?: ListQuery, call?: Call): Promise<Listed<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: Manifest, options: WriteOptions): Promise<T>;
  /** Replaces the object. For our own Leases only: a PUT of what a parser has narrowed would lose fields. */
  replace<T extends KubeObject>(resource: Resource<T>, object: Manifest, options: WriteOptions): Promise<T>;
  /** Server-side apply. */
  apply<T extends KubeObject>(resource: Resource<T>, object: Manifest, options: ApplyOptions): Promise<T>;
  jsonPatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: Ref,
    patch: readonly JsonPatchOperation[],
    options: WriteOptions,
  ): Promise<T>;
  /** false: it was not there. */
  delete(resource: Resource, ref: Ref & { readonly uid?: string }, call?: Call): Promise<boolean>;
  /** A request to a kubelet through the API server's node proxy. `path` starts with `/`. A kubelet's own 4xx and 5xx are answers. */
  proxyNode(node: string, path: string, request: ProxyRequest): Promise<ProxyResponse>;
  /** A live local copy of a list. It runs until the signal ends it. */
  mirror<T extends KubeObject>(resource: Resource<T>, query: ListQuery, signal: AbortSignal): Mirror<T>;
  /**
   * How far this machine's wall clock is ahead of the API server's, in milliseconds; negative: behind. It is right to
   * 1.5 s. A jump of our own clock shows at once, one of the server's with its next answer.
   * undefined: no answer yet that came quickly enough to tell.
   */
  clockAheadMs(): number | undefined;
}

/** A local copy that a list and a watch keep up to date. It never fails: it says how fresh it is. */
export interface Mirror<T extends KubeObject> {
  get(name: string, namespace?: string): T | undefined;
  list(): readonly T[];
  /**
   * The objects that are there and that the parser refuses as they are now. Of one that was good before, `get` and
   * `list` still have the last good copy. No handler is told that an object has become malformed.
   */
  malformed(): readonly Malformed[];
  /** Resolves when the first list is in; rejects only with the signal. */
  whenSynced(): Promise<void>;
  /** When the copy was last known to be right, on the monotonic clock in milliseconds; undefined before the first list. */
  freshAt(): number | undefined;
  /** Called with the object's new and old state (undefined: deleted, or new). Handlers only note keys; they must not throw. */
  onChange(handler: (current: T | undefined, previous: T | undefined) => void): void;
}
