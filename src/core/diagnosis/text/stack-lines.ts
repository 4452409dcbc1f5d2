/** Lines of a dump that a logger has put on one line. */

/** @param mark what stands for a line end. The line as it is, unless stacks follow such marks. */
export function stackLinesApart(line: string, mark: string): string {
  if (!line.includes(mark)) return line;
  const isDump = new RegExp(`${mark}(?:#011|\\t|goroutine \\d)`).test(line) && /goroutine \d+ |\.go:\d+/.test(line);
  return isDump ? line.replaceAll(mark, '\n') : line;
}
