import * as fc from 'fast-check';
import { anyWorldKeepsThem } from './model/run.ts';
Error.stackTraceLimit = 0;
const s = process.cpuUsage().user;
const d = await fc.check(anyWorldKeepsThem(14), { numRuns: 20, seed: 100, endOnFailure: true });
console.log(d.failed, d.numRuns, (process.cpuUsage().user - s)/1000/d.numRuns, 'ms a run');
if (d.failed) console.log(d.errorInstance?.message?.slice(0,3000));
process.exit();
