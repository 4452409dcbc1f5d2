/** docs/benchmarks.md: one part for each section, so that a run of one leaves the others as they were. */

/** @returns the page with this part in place of the one of that name, or after all others. */
export function withPart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const part = `${begin}\n\n${text.trim()}\n\n${end}`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to === -1) return `${page.trimEnd()}\n\n${part}\n`;
  return `${page.slice(0, from)}${part}${page.slice(to + end.length)}`;
}
