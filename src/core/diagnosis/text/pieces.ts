/** A long text is changed a piece at a time, so that there are no copies of all of it beside one another. */

/** In UTF-16 units. */
const PIECE = 524_288;

/**
 * @param change of whole lines; what it gives for one piece must not depend on others.
 * @param goesOn a piece does not end with such a line.
 */
export function inPieces(
  text: string,
  change: (piece: string) => string,
  goesOn: (line: string) => boolean = () => false,
): string {
  if (text.length <= PIECE) return change(text);
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = endOfPiece(text, at, goesOn);
    pieces.push(change(text.slice(at, end)));
    at = end;
  }
  return pieces.join('');
}

function endOfPiece(text: string, from: number, goesOn: (line: string) => boolean): number {
  let end = text.indexOf('\n', from + PIECE) + 1;
  for (let lines = 0; end > 0 && lines < 1_000; lines++) {
    const start = text.lastIndexOf('\n', end - 2) + 1;
    if (!goesOn(text.slice(start, Math.min(end, start + 256)))) break;
    end = text.indexOf('\n', end) + 1;
  }
  return end > 0 ? end : text.length;
}
