/** Stacks for tests that read none of them. */
import type { Dumps } from './kubelet-api.ts';

export const NO_DUMPS: Dumps = {
  stuck: { debug1: 'goroutine profile: total 1\n', debug2: 'goroutine 1 [select]:\n' },
  healthy: { debug1: 'goroutine profile: total 1\n', debug2: 'goroutine 1 [select]:\n' },
};
export const RUNTIME_DUMP = `goroutine 1 [select, 12 minutes]:
github.com/containerd/containerd/cmd/containerd/command.App.func1(...)
\t/src/github.com/containerd/containerd/cmd/containerd/command/main.go:269 +0xa52
`;
export const SHIM_DUMP = `goroutine 1 [select, 12 minutes]:
github.com/containerd/containerd/runtime/v2/shim.run(...)
\t/src/github.com/containerd/containerd/runtime/v2/shim/shim.go:299 +0x1
`;
