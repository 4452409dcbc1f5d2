/** Calls of the kubelet that should have come back: whoever waits in one for long is not well, whatever the call is for. */
import type { StackGroup } from '../../dump/goroutine.ts';
import { fits, plainNames } from './function-names.ts';
import { criMethodOf } from './relist.ts';

/** A GC stamps the waits, so that they are longer than that. Requests to the API server and heartbeats have 10 s to a minute. */
const MINUTES = 4;
/** These take as long as an image, a container that is asked to end, or a command of the user. */
const MAY_LAST = ['PullImage', 'StopContainer', 'ExecSync'];
/** A request for which an answer is waited for; a watch has its headers at once, and its body is read elsewhere. */
const REQUEST = [
  'net/http.(*client).do',
  'net/http.(*transport).roundtrip',
  'net/http.(*persistconn).roundtrip',
  'net/http.(*http2clientconn).roundtrip',
  'http2.(*transport).roundtrip*',
  'http2.(*clientconn).roundtrip',
  'google.golang.org/grpc.(*clientconn).invoke',
  'google.golang.org/grpc.invoke',
];
/** It is begun anew every few seconds. */
const EVERY_FEW_SECONDS = [
  'kubelet.(*kubelet).updatenodestatus',
  'kubelet.(*kubelet).tryupdatenodestatus',
  'kubelet.(*kubelet).updateruntimeup',
  'lease.(*controller).sync',
  'lease.(*controller).ensurelease',
  'lease.(*controller).backoffensurelease',
  'lease.(*controller).retryupdatelease',
];

function isIn(names: readonly string[], calls: readonly string[]): boolean {
  return names.some((name) => calls.some((call) => fits(name, call)));
}

/** @param group of a kubelet. */
export function isOpenCall(group: StackGroup): boolean {
  if (group.minutes < MINUTES) return false;
  const names = plainNames(group.frames);
  if (isIn(names, EVERY_FEW_SECONDS)) return true;
  return isIn(names, REQUEST) && !MAY_LAST.includes(criMethodOf(group.frames) ?? '');
}
