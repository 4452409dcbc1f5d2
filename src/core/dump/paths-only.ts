/**
 * Stacks of which only the places are left: `/go/src/.../pleg/generic.go:190 +0x1f`, `generic.go:190`. The function is a guess by
 * its file and by what it called, or none is named.
 */

const PLACE = /^(?:at +)?(\S{1,400}\.(?:go|s)):(\d{1,7})(?: \+0x[0-9a-f]{1,8})?$/;
const HEADER = /^goroutine \S{1,20} \[([a-zA-Z][^\],]{0,40})/;
/** A line that its place follows. */
const CALL = /^(?:created by \S|[\w./@%~*()\-·…[\]]{3,400}\()/;
/** The package is behind one of these. */
const SOURCES = /^.*?\/(?:vendor|_workspace\/src|usr\/local\/go\/src|go\/src|pkg\/mod|src)\/(?!.*\/vendor\/)/;

const CLIENT = 'k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient)';
const MANAGER = 'k8s.io/kubernetes/pkg/kubelet/kuberuntime.(*kubeGenericRuntimeManager)';
/** What relist asks for in these. */
const LISTS: readonly (readonly [file: RegExp, method: string, func: string])[] = [
  [/(?:^|\/)kuberuntime_sandbox\.go$/, 'ListPodSandbox', `${MANAGER}.getKubeletSandboxes`],
  [/(?:^|\/)kuberuntime_container\.go$/, 'ListContainers', `${MANAGER}.getKubeletContainers`],
];
const CRI_API = /(?:^|\/)api(?:_grpc)?\.pb\.go$/;
const WRAPPER = /(?:^|\/)(?:remote_runtime|instrumented_services)\.go$/;
const KUBERUNTIME = /(?:^|\/)(?:kuberuntime_manager|runtime_cache)\.go$/;
const PLEG = /(?:^|\/)(pleg\/)?generic\.go$/;
/** Files of which the function that waits is the only one that does. */
const FUNCTIONS: readonly (readonly [file: RegExp, func: string])[] = [
  [
    /(?:^|\/)grpc(?:@[^/]+)?\/internal\/transport\/(?:transport|client_stream)\.go$|(?:^|\/)client_stream\.go$/,
    'google.golang.org/grpc/internal/transport.(*Stream).waitOnHeader',
  ],
  [/(?:^|\/)grpc(?:@[^/]+)?\/call\.go$/, 'google.golang.org/grpc.invoke'],
  [/(?:^|\/)runtime\/sema\.go$/, 'sync.runtime_SemacquireMutex'],
  [/(?:^|\/)sync\/mutex\.go$/, 'sync.(*Mutex).Lock'],
  [/(?:^|\/)sync\/rwmutex\.go$/, 'sync.(*RWMutex).RLock'],
  [/(?:^|\/)sync\/waitgroup\.go$/, 'sync.(*WaitGroup).Wait'],
  [/(?:^|\/)godbus\/dbus(?:\/v\d)?(?:@[^/]+)?\/(?:object|call)\.go$/, 'github.com/godbus/dbus.(*Object).Call'],
  [
    /(?:^|\/)go-systemd(?:\/v\d+)?(?:@[^/]+)?\/dbus\/methods\.go$/,
    'github.com/coreos/go-systemd/dbus.(*Conn).startJob',
  ],
];

/** `unknown` where the path does not say. */
export function packageOf(file: string): string {
  const own = file
    .replace(SOURCES, '')
    .replace(/@v[^/]+/g, '')
    .replace(/^.*?(?=k8s\.io\/|github\.com\/)/, '');
  const folder = own.slice(0, Math.max(0, own.lastIndexOf('/')));
  return folder === '' || folder.startsWith('/') || folder.startsWith('.')
    ? 'unknown'
    : folder.replaceAll(/[^\w./-]/g, '_');
}

function nameless(file: string): string {
  const stem = file.slice(file.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
  return `${packageOf(file)}.${stem.replaceAll(/\W/g, '_')}`;
}

interface Stack {
  state: string;
  frames: number;
  /** A call of the CRI that is not named yet. */
  call: string | undefined;
  /** Some frame is of what asks the runtime for the kubelet. */
  asks: boolean;
}

function newStack(state = ''): Stack {
  return { state, frames: 0, call: undefined, asks: false };
}

function pair(func: string, place: string): readonly string[] {
  return [`${func}(...)`, `\t${place} +0x1`];
}

function functionOf(file: string, stack: Stack): string {
  const pleg = PLEG.exec(file);
  // Alone it may as well be the loop around it, which waits all day.
  const isSending = stack.frames === 0 && stack.state === 'chan send' && pleg?.[1] !== undefined;
  if (pleg !== null && (stack.asks || isSending)) return 'k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).relist';
  return FUNCTIONS.find(([pattern]) => pattern.test(file))?.[1] ?? nameless(file);
}

function framesAt(file: string, place: string, stack: Stack): readonly string[] {
  if (CRI_API.test(file)) {
    stack.call = place;
    return [];
  }
  const list = LISTS.find(([pattern]) => pattern.test(file));
  const isWrapper = WRAPPER.test(file);
  const asked =
    stack.call === undefined || isWrapper
      ? []
      : pair(list === undefined ? nameless('k8s.io/cri-api/api.go') : `${CLIENT}.${list[1]}`, stack.call);
  if (!isWrapper) stack.call = undefined;
  if (list !== undefined || KUBERUNTIME.test(file)) stack.asks = true;
  const own = pair(list?.[2] ?? functionOf(file, stack), place);
  stack.frames++;
  return [...asked, ...own];
}

/**
 * For the lines of a text, one after the other.
 * @returns undefined: the line stays as it is. @param changed what it is already written as; undefined: nothing.
 */
export function createPathReader(): (
  line: string,
  changed: readonly string[] | undefined,
) => readonly string[] | undefined {
  let stack = newStack();
  let isAfterCall = false;
  return (line, changed) => {
    const found = changed === undefined && !isAfterCall ? PLACE.exec(line) : null;
    if (found !== null) return framesAt(found[1] ?? '', `${found[1] ?? ''}:${found[2] ?? ''}`, stack);
    const last = changed?.at(-1) ?? line;
    const header = HEADER.exec(last);
    if (header !== null || last === '') stack = newStack(header?.[1]);
    isAfterCall = CALL.test(last);
    return undefined;
  };
}
