/**
 * `jvpn policy push`: sends a policy or an emergency to devices over MQTT and waits for what they say.
 *
 * What is decided on the way is `policies/rollout/`; what speaks to the broker is `fleet/push/`, loaded here by `import()`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { flagOfFile, readSecrets } from '../../hal/mqtt/secrets.ts';
import { oneLine } from '../../hal/oneLine.ts';
import { failuresText, NAMED_MAX } from '../../policies/rollout/failure.ts';
import type { Sought } from '../../policies/rollout/outcome.ts';
import { BEGINNING, type Plan } from '../../policies/rollout/plan.ts';
import { Rollout } from '../../policies/rollout/rollout.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import { isSameTarget, targetText } from '../../policies/signed/claims.ts';
import { reopenDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { EXIT, TERMINAL, type Terminal } from './arguments.ts';
import { emergencyOver } from './policyProblems.ts';
import { tableBody } from './policySign.ts';
import {
  claimedDocument,
  keptDocument,
  policyFile,
  signedFile,
  signPolicy,
  soughtOf,
  type Times,
  timesOf,
  trialMsOf,
} from './pushDocument.ts';
import { refuseExpired, refuseShort } from './pushExpiry.ts';
import { PUSH_HELP, type PushFlags, PushUsage, readPushFlags } from './pushFlags.ts';
import { refuseKept } from './pushKept.ts';
import { lockRollout } from './pushLock.ts';
import { leftText, overtakenAdvice } from './pushOvertaken.ts';
import type { Prepared, PushEnd, PushRun, PushSteps } from './pushParts.ts';
import { openRollout } from './pushRollout.ts';
import { leftOf, PushTell } from './pushTell.ts';
import { readSigningKey, signWith, Unusable } from './signing.ts';

/** Over a trial: to the report of it. Of an emergency, which has none: for the slowest of those that are there. */
const ANSWER_MS = 30_000;
const YEAR_S = 366 * 86_400;
const SIGN_AGAIN = 'Sign it again with a later --expires';
const wallS = () => Math.floor(Date.now() / 1_000);

export async function runPolicyPush(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  try {
    const flags = readPushFlags(argv);
    if (flags === null) {
      terminal.out(PUSH_HELP);
      return EXIT.ok;
    }
    return await push(flags, terminal);
  } catch (error) {
    const isUsage =
      error instanceof PushUsage || (error instanceof Unusable && error.exitCode === EXIT.usage);
    if (isUsage) {
      terminal.err(`jvpn policy push: ${error.message}\n\n${PUSH_HELP}`);
      return EXIT.usage;
    }
    terminal.err(`jvpn policy push: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.failure;
  }
}

async function push(flags: PushFlags, terminal: Terminal): Promise<number> {
  const { target, fleet, broker, isEmergency, isJson } = flags;
  // Before the broker is asked: what is wrong with files and keys.
  const prepare = preparation(flags, (text) => terminal.err(`jvpn policy push: ${text}`));
  // The link reads them for each connection, and waits for them as for a broker that is away.
  const secrets = await readSecrets(broker, flagOfFile);
  if (typeof secrets === 'string') throw new Unusable(oneLine(secrets), 1);
  using _lock = flags.canary === null ? null : lockRollout(flags.canary.stateFile);
  const { PushRun } = await import('../../fleet/push/pushRun.ts');
  const nowMs = () => performance.now();
  const clientId = `jvpn-push-${randomBytes(4).toString('hex')}`;
  const stream = isEmergency ? 'emergency' : 'policy';
  const hasCanary = flags.canary !== null;
  const address = { ...broker, clientId };
  const run = new PushRun({ address, fleet, target, stream, hasCanary, nowMs });
  const interrupt = () => run.interrupt();
  try {
    const tell = new PushTell(terminal, isJson, nowMs);
    await run.ready((count, brokerError) => tell.waiting(count, brokerError));
    const { rollout, steps, goOn } = prepare(run);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
    const end = await run.run(rollout, {
      ...steps,
      tell: (now, brokerError, left) => tell.progress(now, brokerError, left),
    });
    if (end === null) {
      terminal.err(`jvpn policy push: interrupted in stage ${rollout.stage}; ${goOn}`);
      return EXIT.failure;
    }
    const isOurKey = isOfOurKey(rollout, end, steps.documentFor);
    const told = { ...end, why: whyOf(rollout, end, isOurKey) };
    tell.step(endOf(rollout, told), endLine(rollout, told, isOurKey));
    return end.isGood ? EXIT.ok : EXIT.failure;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupt);
    await run.stop();
  }
}

/** What a broker keeps and devices report, as far as it decides what is sent. */
type Known = Pick<PushRun, 'retained' | 'emergencyMax'>;

/**
 * @param warn of what is taken, and likely not meant.
 * @returns called when the broker was heard. Both @throws PushUsage, Unusable
 */
export function preparation(
  flags: PushFlags,
  warn: (text: string) => void = () => {},
): (known: Known) => Prepared {
  const { file, canary, isEmergency, isEnd } = flags;
  const document = file === null ? null : signedFile(file);
  if (document !== null) {
    if (canary !== null) {
      throw new PushUsage('FILE is signed for one target: --canary signs for each device');
    }
    if (!isSameTarget(document.target, flags.target)) {
      throw new PushUsage(`FILE is signed for ${targetText(document.target)}`);
    }
    if ((document.kind === 'emergency') !== isEmergency) {
      throw new PushUsage(
        `FILE is a signed ${document.kind}: ${isEmergency ? 'without' : 'with'} --emergency`,
      );
    }
    const { bytes, expiresS, version } = document;
    refuseExpired(version, expiresS, wallS(), SIGN_AGAIN);
    return (known) => {
      const answerMs = trialMsOf(document) + ANSWER_MS;
      const sent = { bytes, expiresS, isGenuine: () => true };
      const prepared = atOnce(flags, soughtOf(document), sent, answerMs);
      refuseKept(claimedDocument(known.retained, document), 'claimed', prepared);
      return prepared;
    };
  }
  if (flags.signingKeyFile === null) throw new PushUsage('--signing-key-file is missing');
  const privateKey = readSigningKey(flags.signingKeyFile);
  if (isEmergency) {
    const body: CborMap = file === null ? new Map() : tableBody(file, 'emergency');
    const times = timesOf('emergency', isEnd, flags.expiresMs, Date.now());
    // Whether devices would take it is known before the broker is asked.
    const { bytes } = signedEmergency(flags, body, times, privateKey, 1);
    const first = reopenDocument(bytes);
    if (!isEnd && !isRefused(first) && soughtOf(first).kind === 'emergencyEnd') {
      throw new PushUsage('FILE has no values: --end ends an emergency');
    }
    return (known) => emergency(flags, body, times, privateKey, known);
  }
  const { body, policy } = policyFile(file ?? '');
  const warning = emergencyOver(file ?? '', policy, Date.now());
  if (warning !== null) warn(warning);
  const times = timesOf('policy', false, flags.expiresMs, Date.now());
  const answerMs = policy.push.confirmWindowMs + ANSWER_MS;
  if (canary === null) {
    const bytes = signPolicy(body, flags.target, times, privateKey);
    const sought = { kind: 'policy', version: policy.version } as const;
    const isGenuine = (other: Uint8Array) => keptDocument(other, privateKey) !== null;
    return (known) => {
      const sent = { bytes, expiresS: times.expiresS, isGenuine };
      const prepared = atOnce(flags, sought, sent, answerMs);
      refuseKept(keptDocument(known.retained, privateKey), 'verified', prepared);
      return prepared;
    };
  }
  refuseShort(flags, canary, answerMs);
  return (known) => {
    const wanted = { flags, canary, body, policy, times, privateKey, answerMs, nowS: wallS };
    const prepared = openRollout(wanted, known.retained);
    refuseKept(keptDocument(known.retained, privateKey), 'verified', prepared);
    return prepared;
  };
}

interface Published extends Pick<PushSteps, 'isGenuine'> {
  readonly bytes: Uint8Array;
  readonly expiresS: number;
}

/** To all of the target, and nothing is watched. */
function atOnce(flags: PushFlags, sought: Sought, document: Published, answerMs: number): Prepared {
  const plan: Plan = {
    ...{ id: '', target: flags.target, sought, canary: null, freshMs: 0 },
    patienceMs: flags.answerWithinMs ?? answerMs,
  };
  const nowS = wallS();
  refuseExpired(sought.version, document.expiresS, nowS, SIGN_AGAIN);
  const expiresInS = document.expiresS - nowS;
  return {
    rollout: new Rollout(plan, BEGINNING),
    steps: {
      documentFor: () => ({ bytes: document.bytes, expiresInS }),
      save: () => {},
      isAbort: false,
      isGenuine: document.isGenuine,
    },
    goOn: 'what was published is retained; run the same command again to wait for the others',
  };
}

/** Versions of emergencies are the second in which they were signed, unless there was a higher one. */
function emergency(
  flags: PushFlags,
  body: CborMap,
  times: Times,
  privateKey: Uint8Array,
  known: Known,
): Prepared {
  const nowS = wallS();
  // Anybody may have written these: what no clock of ours could have made is none.
  const kept = keptDocument(known.retained, privateKey);
  const before = [kept?.version ?? 0, known.emergencyMax];
  const version = Math.max(
    nowS,
    ...before.filter((one) => one < nowS + YEAR_S).map((one) => one + 1),
  );
  const kind = flags.isEnd ? 'emergencyEnd' : 'emergency';
  const document = signedEmergency(flags, body, times, privateKey, version);
  return atOnce(flags, { kind, version }, document, ANSWER_MS);
}

function signedEmergency(
  { target }: PushFlags,
  body: CborMap,
  times: Times,
  privateKey: Uint8Array,
  version: number,
): Published {
  const bytes = signWith({ kind: 'emergency', target, version, ...times, body }, privateKey);
  const isGenuine = (other: Uint8Array) => keptDocument(other, privateKey) !== null;
  return { bytes, expiresS: times.expiresS, isGenuine };
}

/** Of what overtook it. */
function isOfOurKey(
  { plan }: Rollout,
  { overtakenBy }: PushEnd,
  documentFor: PushSteps['documentFor'],
): boolean {
  if (overtakenBy === null) return false;
  const own = reopenDocument(documentFor('forward', plan.target).bytes);
  return !isRefused(own) && own.signer === overtakenBy.signer;
}

function whyOf(rollout: Rollout, end: PushEnd, isOurKey: boolean): string {
  const { why: ended, overtakenBy, left } = end;
  const stays = leftText(left);
  const why = stays === null ? ended : `${ended}; ${stays}`;
  if (overtakenBy === null) return why;
  return `${why}. ${overtakenAdvice(rollout, overtakenBy, isOurKey)}`;
}

function endOf(rollout: Rollout, { isGood, why, lastedMs, left }: PushEnd) {
  const lasted_s = lastedMs === null ? null : Math.round(lastedMs / 100) / 10;
  const failures = rollout.failures.slice(0, NAMED_MAX);
  return {
    stage: rollout.stage,
    ok: isGood,
    why,
    version: rollout.sought.version,
    lasted_s,
    failures,
    left: left.map(leftOf),
  };
}

function endLine(rollout: Rollout, end: PushEnd, isOurKey: boolean): string {
  const { isGood, why, lastedMs, overtakenBy, left } = end;
  const { plan, stage, failures } = rollout;
  const failed = failures.length === 0 ? '' : `; ${failuresText(failures)}`;
  const lasted = lastedMs === null ? '' : `; the last one after ${(lastedMs / 1_000).toFixed(1)} s`;
  if (stage === 'aborted' && plan.canary !== null) {
    const { revertVersion } = plan.canary;
    const { canary, isWide } = rollout.progress;
    const isSent = isWide || left.length < canary.length;
    const newest = Math.max(revertVersion, isOurKey ? (overtakenBy?.version ?? 0) : 0);
    return `aborted: ${why}${failed}. The policy before was sent ${isSent ? '' : 'to nobody, '}as version ${revertVersion}: the next one needs ${newest + 1} or more`;
  }
  return `${isGood ? 'done' : 'not done'}: ${why}${failed}${lasted}`;
}
