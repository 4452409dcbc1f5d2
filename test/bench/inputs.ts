/** What is measured on: made once, and kept in the cache under the hash of what it is made from. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = join(process.env['KUBELET_MEDIC_CACHE'] ?? join(homedir(), '.cache/kubelet-medic'), 'bench');
const PP = 'github.com/maruel/panicparse/v2/cmd/pp@v2.5.0';
const DLV = 'github.com/go-delve/delve/cmd/dlv@v1.27.2';
export const GOROUTINES = 100_000;
const LOG_BYTES = 200 * 1_048_576;
/** One line in so many is a breach. */
const BREACH_EVERY = 5_000;

function folder(): string {
  mkdirSync(CACHE, { recursive: true });
  return CACHE;
}

/** `make` writes to a path of its own, so that what is cut off is never taken for the whole. */
function cached(name: string, make: (path: string) => void): string {
  const path = join(folder(), name);
  if (existsSync(path)) return path;
  make(`${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}

/** A dump of 100,000 goroutines, about 75 MB, from a Go program that is blocked as a kubelet is. */
export function dumpFile(): string {
  const source = fileURLToPath(new URL('goroutines/', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.go$|^go\.mod$/.test(file),
  );
  const hash = createHash('sha256').update(String(GOROUTINES));
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(source, file)));
  return cached(`goroutines-${hash.digest('hex').slice(0, 16)}.txt`, (path) => {
    const program = join(folder(), 'goroutines');
    execFileSync('go', ['build', '-trimpath', '-o', program, '.'], {
      cwd: source,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const out = openSync(path, 'w');
    execFileSync(program, [String(GOROUTINES)], { stdio: ['ignore', out, 'inherit'] });
    closeSync(out);
  });
}

function installed(name: string, module: string): string {
  return cached(`${name}-${module.split('@')[1] ?? ''}`, (path) => {
    const env = { ...process.env, GOBIN: folder() };
    execFileSync('go', ['install', module], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(join(folder(), name), path);
  });
}

/** panicparse's program, built by the go that is there. */
export function panicparse(): string {
  return installed('pp', PP);
}

/** The debugger, likewise; undefined: this go does not build it. */
export function delve(): string | undefined {
  try {
    return installed('dlv', DLV);
  } catch {
    return undefined;
  }
}

const LINES: readonly ((n: number) => string)[] = [
  (n) =>
    `kubelet.go:2670] "SyncLoop (PLEG): event for pod" pod="shop/web-${n % 97}" event={"ID":"${id(n)}","Type":"ContainerStarted","Data":"${id(n * 7)}"}`,
  (n) =>
    `prober.go:120] "Probe failed" probeType="Readiness" pod="shop/web-${n % 97}" podUID="${id(n)}" containerName="web" probeResult="failure" output="HTTP probe failed with statuscode: 503"`,
  (n) =>
    `operation_generator.go:614] "MountVolume.SetUp succeeded for volume \\"config-${n % 31}\\" (UniqueName: \\"kubernetes.io/configmap/${id(n)}-config\\") pod \\"web-${n % 97}\\"" pod="shop/web-${n % 97}"`,
  (n) => `generic.go:358] "PLEG: Write status" pod="shop/web-${n % 97}"`,
  (n) =>
    `status_manager.go:919] "Patch status for pod" pod="shop/web-${n % 97}" podUID="${id(n)}" patch="{\\"metadata\\":{\\"uid\\":\\"${id(n)}\\"}}"`,
  (n) => `kubelet_getters.go:206] "Pod status updated" pod="kube-system/proxy-${n % 7}" status="Running"`,
  (n) =>
    `reconciler_common.go:251] "operationExecutor.VerifyControllerAttachedVolume started for volume \\"data\\" (UniqueName: \\"kubernetes.io/csi/disk-${id(n)}\\")" pod="shop/db-${n % 5}"`,
];

function id(n: number): string {
  return ((n * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0').repeat(4);
}

function logLine(n: number): string {
  const second = Math.floor(n / 40);
  const two = (value: number): string => String(value % 60).padStart(2, '0');
  const time = `${String(Math.floor(second / 3600) % 24).padStart(2, '0')}:${two(Math.floor(second / 60))}:${two(second)}`;
  const head = `1124 ${time}.${String((n * 7919) % 1_000_000).padStart(6, '0')}    1234 `;
  if (n % BREACH_EVERY === BREACH_EVERY - 1) {
    const elapsed = `${3 + (n % 50)}m${n % 60}.${String(n % 1_000_000_000).padStart(9, '0')}s`;
    return `E${head}kubelet.go:2475] "Skipping pod synchronization" err="PLEG is not healthy: pleg was last seen active ${elapsed} ago; threshold is 3m0s"\n`;
  }
  return `I${head}${LINES[n % LINES.length]?.(n) ?? ''}\n`;
}

/** A kubelet's log of 200 MiB in klog's text form. */
export function logFile(): string {
  const source = createHash('sha256')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest('hex');
  return cached(`kubelet-${source.slice(0, 16)}.log`, (path) => {
    const out = openSync(path, 'w');
    let written = 0;
    for (let n = 0; written < LOG_BYTES;) {
      let text = '';
      for (; text.length < 1_048_576; n++) text += logLine(n);
      written += writeSync(out, text);
    }
    closeSync(out);
  });
}
