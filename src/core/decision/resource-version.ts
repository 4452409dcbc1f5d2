/** Resource versions grow within one resource; a longer number is a later one (KEP-5504 makes this official). */
export function isLaterVersion(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
