/**
 * Which proxy leads to an API server, by the rules of kubectl: `proxy-url` of the cluster, whatever NO_PROXY says, then
 * HTTPS_PROXY. Source: k8s.io/client-go/transport, golang.org/x/net/http/httpproxy.
 */
import { BlockList, isIP } from 'node:net';
import { MedicError } from '../../ports/errors.ts';

/** The environment, as far as it is about proxies. */
export interface ProxyEnvironment {
  /** `HTTPS_PROXY`, or `https_proxy`. */
  readonly https?: string | undefined;
  /** `NO_PROXY`, or `no_proxy`. */
  readonly no?: string | undefined;
}

/** Go asks for the upper case first. */
export function proxyEnvironment(env: Readonly<Record<string, string | undefined>>): ProxyEnvironment {
  const any = (name: string): string | undefined => env[name.toUpperCase()] ?? env[name];
  return { https: any('https_proxy'), no: any('no_proxy') };
}

interface Wanted {
  /** `https://HOST:PORT`. */
  readonly server: string;
  /** `proxy-url` of the cluster. */
  readonly proxyUrl: string | undefined;
  /** Where `proxyUrl` stands, for messages. */
  readonly where: string;
}

/** @returns a URL; undefined: none is needed. @throws `E_KUBE_CONFIG` for a proxy that cannot be used; its password is not told. */
export function proxyFor({ server, proxyUrl, where }: Wanted, env: ProxyEnvironment): string | undefined {
  if (proxyUrl !== undefined && proxyUrl !== '') return usable(proxyUrl, `${where}: proxy-url`);
  if (env.https === undefined || env.https === '') return undefined;
  return isDirect(new URL(server), env.no ?? '') ? undefined : usable(withScheme(env.https), 'HTTPS_PROXY');
}

/** Of a variable it may be missing, and of a kubeconfig not. */
function withScheme(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}

function usable(text: string, where: string): string {
  const refuse = (why: string): never => {
    throw new MedicError('E_KUBE_CONFIG', 'terminal', `${where} ${why}`);
  };
  if (!URL.canParse(text)) return refuse('is no URL');
  const { protocol } = new URL(text);
  if (protocol === 'http:' || protocol === 'https:') return text;
  return refuse(`is a ${protocol} proxy, and only http and https are supported`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function isDirect(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port === '' ? '443' : server.port;
  if (isLoopback(host)) return true;
  const rules = noProxy.split(',').map((rule) => rule.trim().toLowerCase());
  return rules.some((rule) => rule !== '' && matches(rule, host, port));
}

function matches(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  if (rule.includes('/')) return isWithin(rule, host);
  const [, bracketed, plain, ofPort] = /^(?:\[(.+)\]|([^:]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d+))?$/.exec(rule) ?? [];
  const name = bracketed ?? plain ?? rule;
  if (ofPort !== undefined && ofPort !== port) return false;
  if (isIP(name) !== 0) return name === host;
  const domain = name.replace(/^\*/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function isWithin(cidr: string, host: string): boolean {
  const [net = '', bits = ''] = cidr.split('/');
  const family = isIP(net);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false;
  }
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(net, Number(bits), kind);
  return list.check(host, kind);
}
