/**
 * What a user of a node may try against its agent: feign a kubelet, leave files for it to take, flood the kubelet's log, flood
 * its port. The node is well: nothing is restarted, nothing of his is taken or read, evidence is there in time.
 */
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { cordonWrites } from '../audit.ts';
import { artifact, completedIncident, incidentsOf } from '../incidents.ts';
import { askAgent, execOn, getJson, residentMiB, STATE, unitsOf } from '../lab.ts';
import type { Report } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { pause, run } from '../shell.ts';

const NAME = 'host-attacks';
/** journald would else take 10,000 lines in 30 s, and no more. */
const NODE = { name: 'node-12', env: { UNIT_EXTRA: 'LogRateLimitIntervalSec=0' } };
const PLUGIN = fileURLToPath(new URL('../../../src/bin/kubectl-medic.ts', import.meta.url));
const SECRET = 'only-root-may-read-this';
const PORT = 9818;
/** The agent looks at its host every 10 s. */
const LOOKED_MS = 25_000;

function onNode(script: string): Promise<string> {
  return execOn(NODE.name, 'sh', '-c', script);
}

interface Seen {
  readonly kubelet: { readonly unit?: string; readonly pid?: number };
  readonly agent: { readonly startedAt: string; readonly reportedAt: string };
}

async function seen(): Promise<Seen> {
  return ((await getJson('kubelethealth', NODE.name)) as { status: Seen }).status;
}

/** C1: programs named kubelet, older than the kubelet: in a service of a user, and in groups whose paths name services. */
const FEIGN = `
  cp /bin/sleep /tmp/kubelet
  systemd-run --quiet --unit=evil --uid=65534 /tmp/kubelet 86400
  groups=/sys/fs/cgroup/systemd; [ -d $groups ] || groups=/sys/fs/cgroup
  for group in system.slice/containerd.service/kubepods user.slice/user-1000.slice/user@1000.service/kubelet.service; do
    mkdir -p $groups/$group
    setsid /tmp/kubelet 86400 > /dev/null 2>&1 < /dev/null &
    echo $! > $groups/$group/cgroup.procs
    echo $! >> /run/feigned
  done
  systemctl restart kubelet`;

/** M4: files of names under which a runtime leaves its stacks, which lead to one that only root may read. */
const PLANT = `
  echo ${SECRET} > /root/secret; chmod 600 /root/secret
  for pid in $(systemctl show containerd kubelet -p MainPID --value); do
    ln -sf /root/secret /tmp/containerd.$pid.stacks.log; ln -sf /root/secret /tmp/goroutine-stacks-$pid.log
    chown -h 65534 /tmp/containerd.$pid.stacks.log /tmp/goroutine-stacks-$pid.log
  done`;

/** M2: as fast as journald takes it, in the kubelet's own log: from a process in its control group. */
const FLOOD = `
  cat > /run/flood.sh <<'END'
    for group in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
      procs=$group/system.slice/kubelet.service/cgroup.procs
      [ ! -f $procs ] || echo $$ > $procs
    done
    timeout --foreground 120 yes "I1128 10:00:00.000000 57 flood.go:1] $(head -c 300 /dev/zero | tr '\\0' x)" | systemd-cat
END
  setsid sh /run/flood.sh > /dev/null 2>&1 < /dev/null & echo $! > /run/flood`;

/** H5: 300 connections, each with 500 requests that wait for no answer. */
const KNOCK = `use IO::Socket::INET; my @all;
  for (1..300) { my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:${PORT}", Timeout => 5) or next; push @all, $s;
    local $SIG{PIPE} = "IGNORE"; $s->blocking(0); syswrite $s, "GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" x 500; }
  print scalar @all;`;

async function captureUnderFlood(report: Report): Promise<void> {
  await onNode(FLOOD);
  try {
    await pause(5_000);
    const began = Date.now();
    await run(process.execPath, [PLUGIN, 'capture', NODE.name, '--kubeconfig', `${STATE}/admin.kubeconfig`]);
    const { status } = await completedIncident(NODE.name, 120_000);
    const taken = (status.evidence ?? []).filter(({ state }) => state === 'Captured');
    const kinds = taken.map(({ kind }) => kind);
    report.check(
      NAME,
      'what `Required` asks for is saved while the kubelet log is flooded',
      status.outcome === 'CaptureOnly' && kinds.includes('KubeletLog') && kinds.includes('GoroutineDump'),
      `${String(status.outcome)}, ${String(taken.length)} artifacts in ${String(Math.round((Date.now() - began) / 1000))} s`,
    );
    const log = taken.find(({ kind }) => kind === 'KubeletLog');
    const text = log === undefined ? '' : await artifact(log);
    report.check(NAME, 'the log was flooded, and is cut', text.includes('flood.go:1]') && log?.truncated === true);
    const texts = await Promise.all(taken.map(artifact));
    report.check(NAME, 'a file that only root may read is in none of them', !texts.join().includes(SECRET));
  } finally {
    await onNode('/bin/kill -TERM -- -$(cat /run/flood)');
  }
}

function reaches(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: PORT, timeout: 5_000 });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

async function knock(report: Report): Promise<void> {
  const before = await seen();
  const address = (await onNode('ip -4 -o addr show host0')).match(/inet ([\d.]+)/)?.[1] ?? '';
  report.check(NAME, "the agent's metrics are on no address of the node", !(await reaches(address)), address);
  const opened = await onNode(`perl -e '${KNOCK}'`);
  report.check(NAME, 'its port on the node was flooded', Number(opened) > 100, `${opened} connections`);
  await pause(LOOKED_MS + 10_000);
  await askAgent(NODE.name);
  const after = await seen();
  report.check(
    NAME,
    'the same agent reports on',
    after.agent.startedAt === before.agent.startedAt && after.agent.reportedAt > before.agent.reportedAt,
  );
  const value = await residentMiB(NODE.name, 'agent');
  report.check(NAME, 'within its memory', value < 150, `${String(Math.round(value))} MiB`);
}

export const hostAttacks: Scenario = {
  name: NAME,
  nodes: [NODE],
  wave: 1,
  startAfterMs: 20_000,
  async run(report) {
    await onNode(FEIGN);
    await onNode(PLANT);
    await pause(LOOKED_MS);
    const was = await unitsOf(NODE.name);
    const { kubelet } = await seen();
    report.check(
      NAME,
      'the kubelet is the one of its unit, whoever has its name',
      kubelet.unit === 'kubelet.service' && kubelet.pid === was.kubelet.pid,
      `${String(kubelet.unit)}, process ${String(kubelet.pid)}`,
    );
    await captureUnderFlood(report);
    await knock(report);
    await onNode('systemctl stop evil; kill $(cat /run/feigned)');
    // The journal of the kubelet is flooded: the invocation tells of a restart too.
    const isSame = JSON.stringify(was) === JSON.stringify(await unitsOf(NODE.name));
    report.check(NAME, 'kubelet and containerd run on as they were', isSame);
    const isLeft = (await incidentsOf(NODE.name)).length === 1 && cordonWrites(NODE.name).length === 0;
    report.check(NAME, 'nothing else was opened, and the node was never cordoned', isLeft);
  },
};
