/** Which cluster, and as whom: as kubectl takes it. */
import type { Command } from 'commander';

export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
}

export function withConnection(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig; default: KUBECONFIG, then ~/.kube/config, then that of the pod')
    .option('--context <name>', 'the context; default: the current one')
    .option('--as <user>', 'as whom to ask the API server')
    .option('--as-group <group>', 'a group of that user; may be given again', more)
    .option('--as-uid <uid>', 'the UID of that user');
}

function more(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
