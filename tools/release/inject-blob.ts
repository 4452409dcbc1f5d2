/** `inject-blob.ts FILE BLOB`: a process of its own, since it takes 850 MiB for a Node and gives none of it back. */
import { readFileSync } from 'node:fs';
import { inject } from 'postject';
import { FUSE } from './single-file.ts';

const [file = '', blob = ''] = process.argv.slice(2);
await inject(file, 'NODE_SEA_BLOB', readFileSync(blob), { sentinelFuse: FUSE });
