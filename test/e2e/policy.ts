/** Policies as the suite applies them. */
export function policy(name: string, spec: object): string {
  return JSON.stringify({
    apiVersion: 'kubelet-medic.io/v1alpha1',
    kind: 'KubeletRecoveryPolicy',
    metadata: { name },
    spec,
  });
}
