/** Scans the file that it is given for what it says of PLEG, and prints how many breaches there are. */
import { createReadStream } from 'node:fs';
import { createPlegScanner } from '../../src/core/detection/scan.ts';

let breaches = 0;
const scanner = createPlegScanner(({ line }) => {
  if (line.kind === 'breach') breaches++;
});
const stream = createReadStream(process.argv[2] ?? '/dev/stdin', { highWaterMark: 1_048_576 });
for await (const chunk of stream) scanner.push(chunk as Buffer);
scanner.end();
console.log(breaches);
