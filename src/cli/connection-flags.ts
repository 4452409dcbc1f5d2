/** Which cluster: as kubectl takes it. */
import type { Command } from 'commander';

export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function withConnection(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig; default: KUBECONFIG, then ~/.kube/config')
    .option('--context <name>', 'the context; default: the current one');
}
