/** What a goroutine has been waiting in for long, whatever it does there: no entry of the catalogue is needed to see it. */
import type { StackGroup } from '../../dump/goroutine.ts';
import { fits, isLibrary } from './function-names.ts';
import { waitOf } from './waits.ts';

/**
 * - `lock`: a mutex. - `file-system`: a call of the kernel for a file, a folder or a mount. - `mount-child`: a `mount` or
 * `umount` that was started for it.
 *
 * What ends with a container, or never, is none: a child, a pipe, a call of an RPC.
 */
export type BlockPlace = 'lock' | 'file-system' | 'mount-child';

/** Kernel calls for files, by Go's names of them; a file may be a pipe, so neither reads nor opens of it count. */
const FILE_SYSTEM = [
  'stat',
  'lstat',
  'fstat',
  'fstatat',
  'newfstatat',
  'statfs',
  'fstatfs',
  'statx',
  'fsync',
  'fdatasync',
  'sync',
  'syncfs',
  'mount',
  'unmount',
  'umount',
  'rename',
  'renameat',
  'unlink',
  'unlinkat',
  'rmdir',
  'mkdir',
  'mkdirat',
  'readlink',
  'readlinkat',
  'getdents',
  'readdirent',
  'chmod',
  'chown',
  'lchown',
  'getxattr',
  'lgetxattr',
  'listxattr',
  'access',
  'faccessat',
];
const KERNEL_CALL = /^(?:syscall|golang\.org\/x\/sys\/unix)\.(\w+)$/;
/** Before the call itself: how it is entered. */
const ENTRY = /^(?:(?:raw)?(?:vfork)?(?:syscall|vsyscall)6?n?|runtime_\w+|ignoringeintr\w*)$/i;
const NO_LOCK = ['sync.(*cond).wait', 'sync.(*waitgroup).wait'];

/** @param names of its frames, leaf first, plain. undefined: at none of these. */
export function blockOf(group: StackGroup, names: readonly string[]): BlockPlace | undefined {
  const wait = waitOf(group);
  if (wait === 'lock')
    return names.slice(0, 6).some((name) => NO_LOCK.some((one) => fits(name, one))) ? undefined : 'lock';
  if (isInFileSystem(names)) return 'file-system';
  return isMountChild(names) ? 'mount-child' : undefined;
}

/** The first frames are all of the kernel's call, and one of them says which. */
function isInFileSystem(names: readonly string[]): boolean {
  for (const name of names) {
    const call = KERNEL_CALL.exec(name)?.[1];
    if (call === undefined) {
      if (name.startsWith('internal/runtime/') || name.startsWith('runtime/')) continue;
      return false;
    }
    if (FILE_SYSTEM.includes(call)) return true;
    if (!ENTRY.test(call)) return false;
  }
  return false;
}

const CHILD = /^os\/exec\.\(\*cmd\)\./;
const MOUNTER = /(?:\/mount(?:-utils)?|k8s\.io\/mount-utils|containerd\/mount|\/pkg\/mount)\./;

function isMountChild(names: readonly string[]): boolean {
  const child = names.findIndex((name) => CHILD.test(name));
  if (child < 0) return false;
  const caller = names.slice(child).find((name) => !isLibrary(name));
  return caller !== undefined && MOUNTER.test(caller);
}
