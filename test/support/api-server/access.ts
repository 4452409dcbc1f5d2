/** Who asks, what is denied, and which faults are due. */
import type { IncomingMessage } from 'node:http';
import { Refusal } from './status.ts';

export interface Asked {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`. */
  readonly verb: string;
  /** Plural; empty for paths that are no resource. */
  readonly resource: string;
  /** Empty: none. `proxy` for the node proxy. */
  readonly subresource: string;
  readonly name: string;
  /** How long the server may take, as the client says; empty: it does not. */
  readonly timeout: string;
}

export type DenyRule = (asked: Asked, user: string) => boolean;

export interface Fault {
  /** HTTP status to answer with; `reset`: the connection is cut without an answer. */
  readonly with: number | 'reset';
  /** Requests to fail; then the fault is over. */
  readonly times: number;
  /** For the Retry-After header. */
  readonly retryAfterSeconds?: number;
  readonly only?: (asked: Asked) => boolean;
}

export interface Access {
  /** @throws a Refusal with code 401. */
  readonly authenticate: (request: IncomingMessage) => string;
  /** @throws a Refusal with code 403. */
  authorize(asked: Asked, user: string): void;
  /** The fault that this request has to suffer. */
  faultFor(asked: Asked): Fault | undefined;
  readonly deny: (rule: DenyRule) => () => void;
  readonly fail: (fault: Fault) => void;
  /** The bearer token of a user. */
  tokenOf(user: string): string;
  /** From now on tokens that were given before are refused with 401, as expired ones are. */
  readonly expireTokens: () => void;
}

export function createAccess(): Access {
  const rules = new Set<DenyRule>();
  const faults: { fault: Fault; left: number }[] = [];
  let epoch = 0;
  const prefix = (): string => `test-token-${epoch}-`;
  return {
    authenticate(request): string {
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!bearer.startsWith(prefix())) throw new Refusal(401, 'Unauthorized', 'Unauthorized');
      return bearer.slice(prefix().length);
    },
    authorize(asked, user): void {
      if (![...rules].some((rule) => rule(asked, user))) return;
      const { verb, resource, subresource, name } = asked;
      const what = subresource === '' ? resource : `${resource}/${subresource}`;
      const message = `${resource} "${name}" is forbidden: User "${user}" cannot ${verb} resource "${what}"`;
      throw new Refusal(403, 'Forbidden', message, { name, kind: resource });
    },
    faultFor(asked) {
      const due = faults.find(({ fault, left }) => left > 0 && (fault.only?.(asked) ?? true));
      if (due === undefined) return undefined;
      due.left -= 1;
      return due.fault;
    },
    deny(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    fail(fault): void {
      faults.push({ fault, left: fault.times });
    },
    tokenOf: (user) => `${prefix()}${user}`,
    expireTokens(): void {
      epoch += 1;
    },
  };
}
