/**
 * Field numbers of the CRI messages that are used here, one table a message. runtime.v1 and runtime.v1alpha2 agree on
 * all of them. Source: k8s.io/cri-api pkg/apis/runtime/v1/api.proto.
 */
export const VERSION_REQUEST = { version: 1 } as const;
export const VERSION_RESPONSE = { runtimeName: 2, runtimeVersion: 3 } as const;
export const LIST_POD_SANDBOX_RESPONSE = { items: 1 } as const;
/** Of a PodSandbox and of a Container. */
export const LISTED = { id: 1 } as const;
/** PodSandboxStatusRequest and ContainerStatusRequest. */
export const OBJECT_STATUS_REQUEST = { id: 1 } as const;
export const LIST_CONTAINERS_REQUEST = { filter: 1 } as const;
export const LIST_CONTAINERS_RESPONSE = { containers: 1 } as const;
export const CONTAINER_FILTER = { state: 2 } as const;
export const CONTAINER_STATE_VALUE = { state: 1 } as const;
export const STATUS_RESPONSE = { status: 1 } as const;
export const RUNTIME_STATUS = { conditions: 1 } as const;
export const RUNTIME_CONDITION = { type: 1, status: 2, reason: 3, message: 4 } as const;

/** `ContainerState.CONTAINER_EXITED` */
export const CONTAINER_EXITED = 2;
