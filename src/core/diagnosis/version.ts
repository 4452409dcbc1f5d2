/** Releases as numbers. */

/** `v1.36.3-gke.100` -> [1, 36, 3]; undefined: not a version. */
function numbersOf(version: string): readonly [number, number, number] | undefined {
  const found = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version);
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
}

/** Negative: a is older. 0 also where one is no version. */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  if (left === undefined || right === undefined) return 0;
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** The tag in Kubernetes' repository: `v1.27.4+k3s1` -> `v1.27.4`; undefined: no release. */
export function tagOf(version: string | undefined): string | undefined {
  return version === undefined ? undefined : /^v\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?/.exec(version)?.[0];
}
