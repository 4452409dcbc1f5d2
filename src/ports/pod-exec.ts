/** Commands in containers, for the plugin: what an agent keeps on its node is fetched so. */

export interface PodRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface PodExec {
  /**
   * Runs an argv in a container, without a shell, to its end.
   * @returns what it wrote to standard output.
   * @throws `E_EXEC_FAILED` with what it wrote to standard error if it ended with a status other than 0, or if it wrote
   * more than `maxBytes`; `E_KUBE_DEADLINE`; other `E_KUBE_...` if the API server does not let it begin.
   */
  run(
    target: PodRef,
    argv: readonly string[],
    limits: { readonly deadlineMs: number; readonly maxBytes: number },
  ): Promise<Buffer>;
}
