/** The dumps that the simulated kubelets answer with: those of real kubelets, where there are any. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Dumps } from '../support/host/kubelet-api.ts';

const CORPUS = new URL('../fixtures/corpus/', import.meta.url);

function unpacked(path: string): string {
  return gunzipSync(readFileSync(new URL(path, CORPUS))).toString('utf8');
}

function plain(path: string): string {
  return readFileSync(new URL(path, CORPUS), 'utf8');
}

/** A kubelet whose relist idles: what is asked of a healthy one is not shown in the demo. */
const IDLE = {
  debug1: 'goroutine profile: total 1\n',
  debug2: 'goroutine 1 [select]:\nmain.main()\n\t/kubelet.go:1 +0x1\n',
};

/** kubelet 1.36.3 with containerd stopped, as it was captured. */
export function runtimeHungDumps(): Dumps {
  const folder = 'kubelet-1.36.3-runtime-hung';
  const stuck = {
    debug1: unpacked(`${folder}/goroutine-debug1.txt.gz`),
    debug2: unpacked(`${folder}/goroutine-debug2.txt.gz`),
  };
  return { stuck, healthy: IDLE };
}

/**
 * kubelet 1.12.10 of the published account. Of it only a `debug=1` dump is known; the `debug=2` text is the same stack in
 * that form, with the state that such a stack has.
 */
export function eventChannelDumps(): Dumps {
  const debug1 = plain('kubelet-1.12.10-event-channel/goroutine-debug1.txt');
  const frames = [...debug1.matchAll(/^#\t0x[0-9a-f]+\t(\S+)\+0x[0-9a-f]+\t+(\S+)$/gm)];
  const calls = frames.map(([, func, file]) => `${func ?? ''}(0xc000a1e000)\n\t${file ?? ''} +0x74d`);
  const debug2 = `goroutine 386 [chan send, 3 minutes]:\n${calls.join('\n')}\ncreated by k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Start\n\t/go/src/k8s.io/kubernetes/pkg/kubelet/pleg/generic.go:130 +0x88\n`;
  return { stuck: { debug1, debug2 }, healthy: IDLE };
}
