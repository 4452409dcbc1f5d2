/** The bucket that evidence is copied into, as `evidence.bucket` of the chart's values says it, and what is where in it. No secret is here. */
import * as z from 'zod/mini';

/** TLS to everybody but the pod itself. Go's expressions, with which helm checks values, know no look-ahead. */
export const BUCKET_ENDPOINT =
  /^(https:\/\/[a-z0-9.:[\]-]{1,253}|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)$/;

export const BUCKET_PREFIX = /^([A-Za-z0-9][A-Za-z0-9._-]{0,62}\/){0,8}$/;

export const BucketEncryption = z.strictObject({
  type: z.enum(['AES256', 'aws:kms']),
  /** aws:kms: the key's ARN, or its alias. Absent: the bucket's own. */
  keyId: z.optional(z.string().check(z.regex(/^[A-Za-z0-9:/_-]{1,512}$/))),
});

export const BucketSettings = z.strictObject({
  /** Amazon S3: "General purpose bucket naming rules". */
  name: z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)),
  region: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/)),
  /** An origin, without a path. Absent: that of Amazon S3 in the region. */
  endpoint: z.optional(z.string().check(z.regex(BUCKET_ENDPOINT))),
  /** The bucket in the path of URLs, and not in the name of the host. */
  pathStyle: z._default(z.boolean(), false),
  /** Before each key: folders, each with a slash at its end. */
  prefix: z._default(z.string().check(z.maxLength(256), z.regex(BUCKET_PREFIX)), ''),
  encryption: z.optional(BucketEncryption),
});
export type BucketSettings = z.infer<typeof BucketSettings>;

/** @returns what is wrong with them, where they are none. */
export function readBucketSettings(text: string): BucketSettings | string {
  try {
    const { data, error } = BucketSettings.safeParse(JSON.parse(text));
    if (data === undefined) return z.prettifyError(error);
    return URL.canParse(endpointOf(data)) ? data : 'the endpoint is no URL';
  } catch {
    return 'they are no JSON';
  }
}

/** Names of China's partition end in another domain (AWS: "Amazon S3 endpoints"). */
export function endpointOf({ endpoint, region }: Pick<BucketSettings, 'endpoint' | 'region'>): string {
  if (endpoint !== undefined) return endpoint;
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** A certificate for `*.host` is not one for a name with dots in it, and an address has no names below it. */
export function isPathStyle({ name, pathStyle, ...where }: BucketSettings): boolean {
  const { hostname } = new URL(endpointOf(where));
  return pathStyle || name.includes('.') || hostname.startsWith('[') || /^[0-9.]+$/.test(hostname);
}

/** The URL of an object, without its query. @param key of `keyOf`: nothing in it has to be escaped. */
export function objectUrl(settings: BucketSettings, key: string): URL {
  const url = new URL(endpointOf(settings));
  const isPath = isPathStyle(settings);
  if (!isPath) url.hostname = `${settings.name}.${url.hostname}`;
  url.pathname = isPath ? `/${settings.name}/${key}` : `/${key}`;
  return url;
}

/** A name of an object: RFC 1123 subdomain. No slash, and no part of a path that leads up. */
const OBJECT = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Where the evidence of an incident is, below the bucket; undefined: its names could lead elsewhere. */
export function folderOf(settings: BucketSettings, node: string, incident: string): string | undefined {
  const isGood = OBJECT.test(node) && OBJECT.test(incident);
  return isGood ? `${settings.prefix}${node}/${incident}` : undefined;
}

export function uriOf({ name }: BucketSettings, folder: string): string {
  return `s3://${name}/${folder}`;
}
