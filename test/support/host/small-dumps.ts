/** Stacks that are cheap to read: of a real dump the goroutine of relist alone, and one that waits for its next turn. */
import { runtimeHungDumps } from '../../demo/dumps.ts';
import type { Dumps } from './kubelet-api.ts';

const IDLE = `goroutine 368 [select]:
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).workerLoopIteration(0x1ca474108700)
\tk8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:205 +0x12a
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Start.func1()
\tk8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:175 +0x25
created by k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Start in goroutine 241
\tk8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:174 +0x145
`;

export function smallDumps(): Dumps {
  const { stuck } = runtimeHungDumps();
  const relist = stuck.debug2.split('\n\n').filter((goroutine) => goroutine.includes('pleg.(*GenericPLEG).Relist'));
  const debug2 = `${relist.join('\n\n')}\n`;
  return {
    stuck: { debug1: 'goroutine profile: total 1\n', debug2 },
    healthy: { debug1: 'goroutine profile: total 1\n', debug2: IDLE },
  };
}
