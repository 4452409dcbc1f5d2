/** From dumps, logs and facts of the host to the cause, by the catalogue. */
import type { Confidence, Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import { type Facts, gatherFacts, saidIn, type Stack } from './analysis/facts.ts';
import { nameOf, othersOf, queuesOf } from './analysis/other-goroutines.ts';
import { isOpenCall } from './analysis/open-calls.ts';
import { relistMotion } from './analysis/motion.ts';
import { CATALOGUE } from './catalogue/catalogue.ts';
import type { Cause } from './catalogue/cause.ts';
import { describeStack, type Found } from './found.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Frame } from '../dump/goroutine.ts';
import type { DiagnosisInput } from './diagnosis-input.ts';
import { candidatesOf, HIGH, LOW, MEDIUM } from './levels.ts';
import type { Candidate } from './match-signs.ts';
import { beside } from './verdict/own-verdict.ts';
import { sourceLinkOf } from './source-link.ts';
import { clockTimeIn, type Past, unknownVerdict } from './verdict/unknown-verdict.ts';
import { cleanText } from '../redaction/redact.ts';

/** Another cause as likely as this makes the first one less sure. */
const CLOSE = 0.08;
const MAX_STACK = 4_096;
const MAX_EVIDENCE = 32;
const MAX_EVIDENCE_LINE = 512;

/** What less may be believed of does not explain what more may be. */
function withoutExplained(candidates: readonly Candidate[]): readonly Candidate[] {
  const explaining = candidates.filter(({ raw }) => raw >= MEDIUM);
  return candidates.filter(
    ({ cause: { id }, most }) =>
      !explaining.some((one) => one.most >= most && one.cause.explains?.includes(id) === true),
  );
}

/** A healthy verdict stands only where nothing else does. */
function ranked(facts: Facts, own: readonly Cause[] = []): readonly Candidate[] {
  const all = candidatesOf(CATALOGUE, own, facts);
  const likely = withoutExplained(all.filter(({ score }) => score >= LOW));
  const faults = likely.filter(({ cause }) => cause.class !== 'Healthy');
  // A kubelet whose relist idles may have some of them all the same: then nobody knows that it is well.
  const isIll = faults.some(({ score, cause }) => score >= MEDIUM || cause.relistMayIdle === true);
  const sound = isIll || facts.logs.pleg.goesOn || openCallOf(facts) !== undefined ? faults : likely;
  return [...sound].sort((a, b) => b.score - a.score || b.raw - a.raw);
}

/** The one that has waited longest. */
function openCallOf({ stacks }: Facts): Stack | undefined {
  return stacks
    .filter(({ process, group }) => process === 'kubelet' && isOpenCall(group))
    .sort((a, b) => b.group.minutes - a.group.minutes)[0];
}

const LESS: Readonly<Record<Confidence, Confidence>> = { High: 'Medium', Medium: 'Low', Low: 'Low' };

function confidenceOf(best: Candidate, second: Candidate | undefined, { input }: Facts): Confidence {
  const byScore: Confidence = best.score >= HIGH ? 'High' : best.score >= MEDIUM ? 'Medium' : 'Low';
  const { sureOnlyIfProbe } = best.cause;
  if (byScore === 'High' && sureOnlyIfProbe !== undefined && !sureOnlyIfProbe.includes(input.probe)) return 'Medium';
  const isClose = second !== undefined && best.score - second.score < CLOSE && second.cause.class !== best.cause.class;
  const isDamaged = byScore === 'High' && best.found.some(({ stack }) => stack?.isUnsure === true);
  return isClose || isDamaged ? LESS[byScore] : byScore;
}

/** Leaf first, `func  file:line`, one a line; whole lines, at most 4 KiB. */
function stackText(frames: readonly Frame[]): string {
  let text = '';
  for (const { func, file, line } of frames) {
    const next = `${text === '' ? '' : '\n'}${func}  ${file}:${line}`;
    if (Buffer.byteLength(text + next) > MAX_STACK) break;
    text += next;
  }
  return text;
}

function evidenceLines(lines: readonly string[]): string[] {
  const cut = lines.filter((line) => line !== '').map((line) => cleanText(line, MAX_EVIDENCE_LINE));
  return [...new Set(cut)].slice(0, MAX_EVIDENCE);
}

/** `kubelet.log.gz:260`: where a line stands. */
const CITATION = /^\S+:\d+(?= )/;

/** A line of a log that several signs cite is cited once. Of a stack each sign says another thing. */
function citedOnce(found: readonly Found[]): readonly string[] {
  const cited = new Set<string>();
  return found.flatMap(({ evidence, fromLog }) => {
    const place = fromLog ? CITATION.exec(evidence)?.[0] : undefined;
    if (place === undefined) return [evidence];
    if (cited.has(place)) return [];
    cited.add(place);
    return [evidence];
  });
}

/** Where relist is blocked, its own line is the one to read; of others the first one of Kubernetes. */
function linkAt(facts: Facts, stack: Stack): number {
  return stack.group === facts.relist?.group ? facts.relist.at : 0;
}

function stackFields(cause: string, stack: Stack | undefined, facts: Facts): Partial<Diagnosis> {
  if (stack === undefined) return { fingerprint: fingerprintOf(cause, undefined, 0) };
  const { frames } = stack.group;
  const at = linkAt(facts, stack);
  const link = sourceLinkOf(frames, at, facts.version);
  const text = stackText(frames);
  const name = nameOf(stack.group);
  return {
    ...(name === undefined ? {} : { blockedGoroutine: name.slice(0, MAX_EVIDENCE_LINE) }),
    ...(text === '' ? {} : { blockedStack: text }),
    ...(link === undefined ? {} : { sourceLink: link }),
    fingerprint: fingerprintOf(cause, stack, at > 0 ? at + 1 : frames.length),
  };
}

function summaryOf({ summary, id }: Cause, facts: Facts): string {
  const method = facts.relist?.criMethod ?? 'a call';
  const text = id === 'runtime-hung' && facts.relist === undefined ? 'The container runtime does not answer.' : summary;
  return text.replace('{method}', method).slice(0, MAX_EVIDENCE_LINE);
}

/** A stack that waits for the runtime may be of a dead connection, which a restart of the kubelet mends: nobody has asked. */
function isUnasked({ cause, found }: Candidate, { input }: Facts): boolean {
  if (cause.restartKubelet !== 'Harms' || cause.class !== 'RuntimeHung' || input.probe !== 'Unknown') return false;
  return found.every(({ fromLog }) => !fromLog);
}

function verdictOf(best: Candidate, second: Candidate | undefined, facts: Facts): Diagnosis {
  const { cause, found } = best;
  const blocked = blockedStackOf(best);
  const behind = behindOf(best, blocked, facts);
  const also = second === undefined ? [] : [`also possible: ${second.cause.id}`];
  const unread = facts.unreadLines > 0 ? [`${facts.unreadLines} lines of the dumps could not be read`] : [];
  return {
    cause: cause.id,
    class: cause.class,
    confidence: confidenceOf(best, second, facts),
    summary: summaryOf(cause, facts),
    restartKubelet: isUnasked(best, facts) ? 'Unknown' : cause.restartKubelet,
    restartRuntime: cause.restartRuntime,
    recommendation: [cause.recommendation, isUnasked(best, facts) ? cause.ifUnasked : undefined]
      .filter(Boolean)
      .join(' '),
    ...(cause.fixedIn === undefined ? {} : { fixedIn: cause.fixedIn }),
    references: [...cause.references],
    evidence: evidenceLines([...citedOnce(found), ...also, ...unread]),
    ...(behind === undefined ? {} : { behind }),
    ...stackFields(cause.id, blocked, facts),
    ...otherFields(facts),
  };
}

/** A lock that no entry of the catalogue knows is told by its queue. */
function isNamed({ signs }: Cause): boolean {
  return !signs.every(({ kind }) => kind === 'block');
}

/**
 * Why the runtime does not answer, by its own stacks: a cause of the catalogue, else where its goroutines queue. Logs are left
 * out, since they speak of the kubelet too.
 */
function behindOf(best: Candidate, blocked: Stack | undefined, facts: Facts): string | undefined {
  const isOfKubelet = blocked === undefined || blocked.process === 'kubelet';
  if (best.cause.class !== 'RuntimeHung' || !isOfKubelet) return undefined;
  const dumps = facts.others.filter(({ dump }) => dump.process !== 'other');
  const last = dumps.at(-1);
  if (last === undefined) return undefined;
  const own = gatherFacts({ ...facts.input, dumps, logs: [], host: undefined });
  const deeper = ranked(own).find(
    ({ cause, found }) =>
      cause.class !== 'Healthy' && cause.id !== best.cause.id && isNamed(cause) && found.some(({ stack }) => stack),
  );
  if (deeper === undefined) return queuesOf(last)[0]?.slice(0, MAX_EVIDENCE_LINE);
  const stack = blockedStackOf(deeper);
  const name = stack === undefined ? undefined : nameOf(stack.group);
  const where = name === undefined ? '' : ` (${name})`;
  return `${deeper.cause.id}: ${summaryOf(deeper.cause, own)}${where}`.slice(0, MAX_EVIDENCE_LINE);
}

function blockedStackOf({ found }: Candidate): Stack | undefined {
  return [...found].sort((a, b) => b.weight - a.weight).find(({ stack }) => stack !== undefined)?.stack;
}

function otherFields(facts: Facts): Partial<Diagnosis> {
  const others = evidenceLines(othersOf(facts));
  return {
    ...(facts.kubelet === undefined ? {} : { relist: relistMotion(facts) }),
    ...(others.length === 0 ? {} : { others }),
    ...(facts.version === undefined ? {} : { kubeletVersion: facts.version.slice(0, 64) }),
  };
}

/** What was at fault, and is over, as far as the logs show. */
function pastOf(facts: Facts): Past | undefined {
  if (facts.ended.size === 0) return undefined;
  const [best] = ranked({ ...facts, ended: new Set(), ...saidIn(facts.clues, facts.input, new Set()) });
  if (best === undefined || best.cause.class === 'Healthy') return undefined;
  const last = [...facts.ended].map(({ line }) => clockTimeIn(line)).at(0) ?? '';
  return { cause: best.cause.id, summary: summaryOf(best.cause, facts), until: last };
}

/** It never throws, whatever the texts are; where the evidence does not name a cause, the class is `Unknown`. */
export function diagnose(input: DiagnosisInput): Diagnosis {
  const facts = gatherFacts(input);
  const known = verdictOn(facts, []);
  return input.ownCauses === undefined || input.ownCauses.length === 0
    ? known
    : beside(known, verdictOn(facts, input.ownCauses));
}

function verdictOn(facts: Facts, own: readonly Cause[]): Diagnosis {
  const [best, second] = ranked(facts, own);
  if (best !== undefined) {
    const verdict = verdictOf(best, second, facts);
    return own.includes(best.cause) ? { ...verdict, own: true } : verdict;
  }
  const open = openCallOf(facts);
  const { summary, recommendation } = unknownVerdict(facts, { past: pastOf(facts), hasOpenCall: open !== undefined });
  const stack = facts.relist?.place === 'idle' ? open : facts.stacks.find(({ group }) => group === facts.relist?.group);
  return {
    cause: 'unknown',
    class: 'Unknown',
    confidence: 'Low',
    summary,
    restartKubelet: 'Unknown',
    restartRuntime: 'Unknown',
    recommendation,
    references: [],
    evidence: evidenceLines([
      ...(open === undefined ? [] : [describeStack(open, open.group.count, 0)]),
      ...(facts.logs.pleg.goesOn ? ['log: PLEG is not healthy at the end of the log'] : []),
      ...(facts.unreadLines > 0 ? [`${facts.unreadLines} lines of the dumps could not be read`] : []),
    ]),
    ...(stack === undefined ? {} : stackFields('unknown', stack, facts)),
    ...otherFields(facts),
  };
}
