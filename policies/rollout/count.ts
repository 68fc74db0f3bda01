/**
 * Devices by what became of a document and by how they are: what progress shows and what conditions ask.
 *
 * @module
 */
import { type Target, targetText } from '../signed/claims.ts';
import type { Tally } from './condition.ts';
import { isSettled } from './outcome.ts';
import { type DeviceView, isAway } from './view.ts';

export interface Counted extends Tally {
  readonly confirmed: number;
  readonly on_trial: number;
  readonly waiting: number;
  readonly settled: number;
  /** There, or gone since it was sent, and not settled. */
  readonly missing: number;
  /** Of those that are missing: on trial, and so they have said something. */
  readonly trying: number;
  /** Of those that are missing: not there any more. The policy may have cut them off. */
  readonly gone: number;
  /** Not there before it was sent, and not settled: what is retained waits for them. */
  readonly away: number;
  /** By code. */
  readonly refusals: Readonly<Record<string, number>>;
}

const STATES = {
  DEGRADED: 'degraded',
  VOLATILE: 'volatile',
  RECOVERING: 'recovering',
  TERMINATED: 'terminated',
} as const;

/**
 * @param version states count where the newest report was made under this one.
 * @param isLate who has said nothing should have.
 * @param heardMs for how long the broker was heard: who has just gone may be back in a moment.
 * @param reachable who was there when the document was sent.
 */
export function countDevices(
  devices: readonly (readonly [string, DeviceView])[],
  version: number,
  isLate: boolean,
  heardMs: number,
  reachable: ReadonlySet<string>,
): Counted {
  const counted = {
    ...{ degraded: 0, volatile: 0, recovering: 0, terminated: 0, offline: 0, silent: 0 },
    ...{ confirmed: 0, on_trial: 0, waiting: 0, rolled_back: 0, refused: 0, settled: 0 },
    ...{ missing: 0, trying: 0, gone: 0, away: 0 },
  };
  const refusals: Record<string, number> = {};
  let [switches, following] = [0, 0];
  for (const [name, device] of devices) {
    const { online, outcome, health } = device;
    const isHere = online !== null && !isAway(device, heardMs);
    const isDone = isSettled(outcome);
    const isMissing = !isDone && (isHere || outcome.kind === 'onTrial' || reachable.has(name));
    counted[NAMES[outcome.kind]] += 1;
    if (outcome.kind === 'refused') refusals[outcome.code] = (refusals[outcome.code] ?? 0) + 1;
    if (isDone) counted.settled += 1;
    else if (isMissing) counted.missing += 1;
    else counted.away += 1;
    if (isMissing && !isHere) counted.gone += 1;
    if (outcome.kind === 'onTrial') counted.trying += 1;
    if (outcome.kind === 'waiting' && isLate) counted.silent += 1;
    if (online === false && !isHere) counted.offline += 1;
    if (online === false || health === null || health.policyVersion !== version) continue;
    following += 1;
    switches += health.switchesLastMinute;
    if (Object.hasOwn(STATES, health.state)) {
      counted[STATES[health.state as keyof typeof STATES]] += 1;
    }
  }
  const mean = following === 0 ? 0 : switches / following;
  return { ...counted, devices: devices.length, switches_per_minute: mean, refusals };
}

const NAMES = {
  waiting: 'waiting',
  onTrial: 'on_trial',
  confirmed: 'confirmed',
  rolledBack: 'rolled_back',
  refused: 'refused',
} as const;

/** What became of a document for `target`, as the end of a sentence. */
export function summaryOf(counted: Counted, target: Target): string {
  const { devices, confirmed, rolled_back, refused, missing, trying, gone, away } = counted;
  if (devices === 0) return `nobody of ${targetText(target)} reports here; it waits at the broker`;
  return [
    `${confirmed} confirmed`,
    ...(rolled_back > 0 ? [`${rolled_back} rolled back`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(trying > 0 ? [`${trying} still on trial`] : []),
    ...(missing > trying ? [`${missing - trying} said nothing`] : []),
    ...(gone > 0 ? [`${gone} of these gone`] : []),
    ...(away > 0 ? [`${away} away, for whom it waits at the broker`] : []),
  ].join(', ');
}
