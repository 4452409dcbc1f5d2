/** Reads the file that it is given as the agent reads a log, line by line, and prints how many breaches there are. */
import { createReadStream } from 'node:fs';
import { parsePlegLine } from '../../src/core/detection/pleg-line.ts';
import { createLineCutter } from '../../src/host/log/line-splitter.ts';

const MAX_LINE = 1_048_576;

let breaches = 0;
const cutter = createLineCutter(MAX_LINE);
for await (const chunk of createReadStream(process.argv[2] ?? '/dev/stdin', { highWaterMark: 65_536 })) {
  for (const { text } of cutter.push(chunk as Buffer)) {
    if (text !== undefined && parsePlegLine(text).kind === 'breach') breaches++;
  }
}
console.log(breaches);
