/**
 * A rollout with a canary: begun, or gone on with where its state file says that it is.
 *
 * Once begun, what is sent and what is sent back are those of the state file. What is sent back gets its times when that begins: the new policy may
 * have expired by then.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { parseShare } from '../../policies/rollout/canary.ts';
import { parseConditions } from '../../policies/rollout/condition.ts';
import { BEGINNING, type Plan, type Progress } from '../../policies/rollout/plan.ts';
import { Rollout } from '../../policies/rollout/rollout.ts';
import type { Policy } from '../../policies/schema.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import { isSameTarget } from '../../policies/signed/claims.ts';
import { durationMs } from './duration.ts';
import {
  bodyOfText,
  keptDocument,
  keptPolicy,
  policyFile,
  signPolicy,
  type Times,
  textOfBody,
  windowMsOf,
  withVersion,
} from './pushDocument.ts';
import { refuseForward, timesBack } from './pushExpiry.ts';
import { type PushFile, readPushFile, writePushFile } from './pushFile.ts';
import { type CanaryFlags, type PushFlags, PushUsage } from './pushFlags.ts';
import type { Prepared } from './pushParts.ts';

export interface Wanted {
  readonly flags: PushFlags;
  readonly canary: CanaryFlags;
  readonly body: CborMap;
  readonly policy: Policy;
  readonly times: Times;
  readonly privateKey: Uint8Array;
  readonly answerMs: number;
  /** Seconds since 1970. */
  readonly nowS: () => number;
}

/** Of a report's interval: one that is late is no silence. */
const LATE_MS = 30_000;

/**
 * @throws PushUsage where the state file is that of another rollout, or nothing is known to go back to.
 * @throws Unusable where what would be sent has expired.
 */
export function openRollout(wanted: Wanted, retained: Uint8Array | null): Prepared {
  const { flags, canary, privateKey, policy, answerMs, nowS } = wanted;
  const { stateFile } = canary;
  const found = readPushFile(stateFile);
  let file = chooseFile(wanted, found, retained);
  if (!canary.isAbort) refuseForward(file, file.progress.stage, nowS());
  if (file.progress.stage === 'reverting' && timesIn(file, 'revert').expiresS <= nowS()) {
    file = { ...file, revertTimes: timesBack(file, nowS()) };
    writePushFile(stateFile, file);
  }
  const parsed = parseConditions(file.abortIf);
  const { healthIntervalMs, meteredHealthIntervalMs } = policy.telemetry;
  const [forward, revert] = [bodyOfText(file.body), bodyOfText(file.revertBody)];
  const plan: Plan = {
    id: file.id,
    target: file.target,
    sought: { kind: 'policy', version: file.version },
    canary: {
      share: parseShare(file.canary) ?? canary.share,
      soakMs: durationMs(file.soak) ?? canary.soakMs,
      conditions: parsed.ok ? parsed.conditions : [],
      revertVersion: file.revertVersion,
      revertPatienceMs: flags.answerWithinMs ?? answerMs + windowMsOf(revert),
    },
    patienceMs: flags.answerWithinMs ?? answerMs,
    freshMs: 2 * Math.max(healthIntervalMs, meteredHealthIntervalMs) + LATE_MS,
  };
  const bodies = { forward, revert };
  return {
    rollout: new Rollout(plan, file.progress),
    steps: {
      documentFor: (document, to) => {
        const times = timesIn(file, document);
        const bytes = signPolicy(bodies[document], to, times, privateKey);
        return { bytes, expiresInS: times.expiresS - nowS() };
      },
      save: (progress) => {
        file = withProgress(file, progress, nowS());
        writePushFile(stateFile, file);
      },
      isAbort: canary.isAbort,
      isGenuine: (bytes) => keptDocument(bytes, privateKey) !== null,
    },
    goOn: `run the same command again to go on, or with --abort to take it back (${stateFile})`,
  };
}

function timesIn(file: PushFile, document: 'forward' | 'revert'): Times {
  return document === 'forward' ? file : (file.revertTimes ?? file);
}

/** @throws Unusable where what follows from it has expired. */
function withProgress(file: PushFile, progress: Progress, nowS: number): PushFile {
  refuseForward(file, progress.stage, nowS);
  const beginsBack = progress.stage === 'reverting' && file.progress.stage !== 'reverting';
  return { ...file, progress, ...(beginsBack ? { revertTimes: timesBack(file, nowS) } : {}) };
}

function chooseFile(wanted: Wanted, found: PushFile | null, retained: Uint8Array | null): PushFile {
  const { flags, canary, policy } = wanted;
  const { stateFile } = canary;
  const isOver = found === null || ['done', 'aborted'].includes(found.progress.stage);
  if (canary.isAbort) {
    if (found !== null && !isOver) return found;
    throw new PushUsage(`--abort: ${stateFile} has no rollout that is under way`);
  }
  if (found === null || (isOver && found.version < policy.version)) {
    refuseSentBack(found, policy.version);
    return newFile(wanted, found, retained);
  }
  const differences = [
    found.fleet === flags.fleet ? [] : ['--fleet'],
    sameTarget(found, flags) ? [] : ['its target'],
    found.body === textOfBody(wanted.body) ? [] : ['its policy'],
    found.canary === canary.canary ? [] : ['--canary'],
    found.soak === canary.soak ? [] : ['--soak'],
    found.abortIf === canary.abortIf ? [] : ['--abort-if'],
  ].flat();
  if (differences.length === 0) return found;
  const { version, progress } = found;
  throw new PushUsage(
    `${stateFile} has a rollout of version ${version} (${progress.stage}) that differs in ${differences.join(', ')}: ` +
      'go on with that one, end it with --abort, raise the version once it is over, or name another --state-file',
  );
}

/** Whoever was sent back has that version already, of the policy before, and would be taken for one that follows this one. */
function refuseSentBack(before: PushFile | null, version: number): void {
  if (before?.progress.stage !== 'aborted' || before.revertVersion < version) return;
  const least = before.revertVersion + 1;
  throw new PushUsage(
    `version ${version} is the policy before, as devices were sent it back: raise the version to at least ${least}`,
  );
}

function newFile(wanted: Wanted, before: PushFile | null, retained: Uint8Array | null): PushFile {
  const { flags, canary, body, policy, times, privateKey } = wanted;
  const back = wantedBefore(wanted, before, keptPolicy(retained, privateKey, flags.target)?.body);
  const revertVersion = policy.version + 1;
  const revertBody = withVersion(back, revertVersion);
  const file: PushFile = {
    ...{ v: 1, id: randomBytes(8).toString('hex'), fleet: flags.fleet, target: flags.target },
    ...{ version: policy.version, revertVersion },
    ...{ body: textOfBody(body), revertBody: textOfBody(revertBody) },
    ...{ canary: canary.canary, soak: canary.soak, abortIf: canary.abortIf },
    ...times,
    progress: BEGINNING,
  };
  // What could not be taken back is not sent.
  signPolicy(revertBody, flags.target, times, privateKey);
  signPolicy(body, flags.target, times, privateKey);
  return file;
}

function wantedBefore(
  { flags, canary }: Wanted,
  before: PushFile | null,
  kept: CborMap | undefined,
): CborMap {
  if (canary.revertTo !== null) return policyFile(canary.revertTo).body;
  if (kept !== undefined) return kept;
  if (before !== null && before.fleet === flags.fleet && sameTarget(before, flags)) {
    return bodyOfText(before.progress.stage === 'done' ? before.body : before.revertBody);
  }
  throw new PushUsage(
    '--revert-to is missing: the broker keeps no policy for this target that this key signed, and a rollout needs one to go back to',
  );
}

const sameTarget = ({ target }: PushFile, flags: PushFlags) => isSameTarget(target, flags.target);
