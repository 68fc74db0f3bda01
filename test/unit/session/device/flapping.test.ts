/**
 * Goal: an hour of two links that flap, and an hour of two that are bad, stay within what policy allows: the switch cap in
 * any minute, cooldown, hold-down and penalty; the session survives; each denial is told; it ends on the better link.
 * Method: virtual time with the shipped policy, drawn from a seed. What is allowed is counted here from the audit events,
 * not asked of the governor.
 */
import { describe, expect, test } from 'bun:test';
import { Random } from '../../../sim/random.ts';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, HOUR_MS, LIMITS, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

const isSlice = process.env['SLICE'] === '1';
const FLAPPING_MS = isSlice ? 5 * MINUTE_MS : HOUR_MS;
/** For how long a link is there and away, about. */
const PERIODS_MS = { carrier: [1_000, 20_000], silence: [5_000, 60_000] } as const;
/** No end within the hours that are played. */
const LONG = { sessionTtlMs: 10 * HOUR_MS };
/** Links that never hold for ten seconds use up the transport TTL, which is another rule's (I3). */
const PATIENT = { ...LONG, transportTtlMs: 10 * HOUR_MS };
/** Packets each way. */
const TRAFFIC_MS = 500;
/** `die.ts`: the first failure costs so much, each further one twice as much. */
const PENALTY_MIN_MS = 5_000;
const FAILURES = ['carrier_lost', 'heartbeat_timeout', 'one_way_out', 'local_send_error'];

interface Switch {
  readonly atMs: number;
  readonly toId: number;
  readonly purpose: unknown;
}

function switchesOf(driver: Driver): readonly Switch[] {
  return driver.audit.flatMap(({ event, atMs, detail }) =>
    event === 'switch'
      ? [{ atMs, toId: Number(detail['transportId']), purpose: detail['purpose'] }]
      : [],
  );
}

/** The most switches in any 60 s, and in how many switches that were planned or for quality more than cap − 2 had been. */
function crowd(switches: readonly Switch[]): { most: number; greedy: number } {
  let most = 0;
  let greedy = 0;
  for (const [index, { atMs, purpose }] of switches.entries()) {
    const before = switches.slice(0, index).filter((other) => other.atMs > atMs - MINUTE_MS).length;
    most = Math.max(most, before + 1);
    if (purpose !== 'recovery' && before >= LIMITS.maxSwitchesPerMinute - 2) greedy += 1;
  }
  return { most, greedy };
}

/** Planned and quality claims that came too early: within the cooldown, the hold-down or a penalty. */
function haste(driver: Driver): readonly string[] {
  const found: string[] = [];
  const failures = new Map<number, { flaps: number; untilMs: number }>();
  let switchedAtMs = Number.NEGATIVE_INFINITY;
  const upAtMs = new Map<number, number>();
  for (const { event, atMs, to, reasonCode, detail } of driver.audit) {
    const id = Number(detail['transportId']);
    if (event === 'notice' && reasonCode === 'link_changed' && detail['usable'] === true)
      upAtMs.set(id, atMs);
    if (event === 'switch') switchedAtMs = atMs;
    if (event === 'transition' && to === 'RECOVERING' && FAILURES.includes(reasonCode)) {
      const was = failures.get(id) ?? { flaps: 0, untilMs: Number.NEGATIVE_INFINITY };
      const flaps = (atMs - was.untilMs > 600_000 ? 0 : was.flaps) + 1;
      const penaltyMs = Math.min(LIMITS.penaltyMaxMs, PENALTY_MIN_MS * 2 ** (flaps - 1));
      failures.set(id, { flaps, untilMs: atMs + penaltyMs });
    }
    const isOurs = detail['purpose'] === 'planned' || detail['purpose'] === 'quality';
    if (event !== 'claim' || !isOurs) continue;
    if (atMs - switchedAtMs < LIMITS.cooldownMs) found.push(`cooldown ${atMs}`);
    // An operator may go anywhere, at the pace that the governor allows.
    if (reasonCode === 'operator_rebind') continue;
    if (atMs < (failures.get(id)?.untilMs ?? 0)) found.push(`penalty ${atMs}`);
    const upMs = atMs - (upAtMs.get(id) ?? Number.NEGATIVE_INFINITY);
    if (detail['purpose'] === 'planned' && upMs < LIMITS.failbackStableMs)
      found.push(`hold-down ${atMs}`);
  }
  return found;
}

/** What the better of two links may be withheld for here. */
const WITHHELD_FOR: readonly unknown[] = [
  'hold_down_active',
  'penalty_active',
  'improvement_too_small',
];
/** Each once for a claim that may have been answered; and quality is the lesser matter. */
const TOLD_PER_CLAIM_MAX = 2;

/** Denials: how many for the rules of rivals, in how many claims; and those for no reason that there can be. */
function denials({ audit }: Driver): { told: number; claims: number; others: readonly unknown[] } {
  const all = audit
    .filter(({ event, reasonCode }) => event === 'notice' && reasonCode === 'switch_denied')
    .map(({ detail }) => detail['denied'])
    .filter((denied) => denied !== 'cooldown_active' && denied !== 'switch_rate_limited');
  const others = all.filter((denied) => !WITHHELD_FOR.includes(denied));
  const claims = audit.filter(({ event }) => event === 'claim').length;
  return { told: all.length - others.length, claims, others };
}

/**
 * Recoveries that began at the cap and did not say so. Where only the carrier is away, the way back over the link that was
 * lost needs no slot, so it says so only if that link stays away.
 */
function silentDenials(driver: Driver, kind: keyof typeof KINDS): readonly number[] {
  if (kind !== 'carrier') return [];
  const { audit } = driver;
  const found: number[] = [];
  for (const [index, { atMs, to }] of audit.entries()) {
    if (to !== 'RECOVERING') continue;
    const recent = audit
      .slice(0, index)
      .filter(({ event, atMs: at }) => event === 'switch' && at > atMs - MINUTE_MS);
    if (recent.length < LIMITS.maxSwitchesPerMinute) continue;
    const end = audit.findIndex(({ from }, at) => at > index && from === 'RECOVERING');
    const during = audit.slice(index, end < 0 ? undefined : end);
    const hasOther = isUp(audit.slice(0, index + 1), Number(audit[index]?.detail['transportId']));
    const isTold = during.some(
      ({ event, reasonCode }) => event === 'refusal' && reasonCode === 'switch_rate_limited',
    );
    if (hasOther && !isTold) found.push(atMs);
  }
  return found;
}

/** Whether the other link than `lostId` was usable by what had been told. */
function isUp(told: Driver['audit'], lostId: number): boolean {
  const otherId = lostId === ETH ? WLAN : ETH;
  const last = told.findLast(
    ({ reasonCode, detail }) => reasonCode === 'link_changed' && detail['transportId'] === otherId,
  );
  return last === undefined || last.detail['usable'] === true;
}

/** For how long each link is there and away, by turns, until `untilMs`. */
function flap(
  driver: Driver,
  untilMs: number,
  pausesMs: () => number,
  set: (id: number, isUp: boolean) => void,
): void {
  for (const id of [ETH, WLAN]) {
    let isUp = true;
    const turn = () => {
      isUp = driver.nowMs >= untilMs || !isUp;
      set(id, isUp);
      if (driver.nowMs < untilMs) driver.after(pausesMs(), turn);
    };
    driver.after(pausesMs(), turn);
  }
}

const KINDS = {
  carrier: (driver: Driver) => {
    const up = new Map([
      [ETH, true],
      [WLAN, true],
    ]);
    return (id: number, isUp: boolean) => {
      up.set(id, isUp);
      const faults = Object.fromEntries(
        [...up].flatMap(([other, is]) => (is ? [] : [[other, 'carrier' as const]])),
      );
      driver.links(links([ETH, WLAN], faults));
    };
  },
  silence: (driver: Driver) => (id: number, isUp: boolean) => {
    driver.peer.path(id).isInOpen = isUp;
    driver.peer.path(id).isOutOpen = isUp;
  },
} as const;

/** Lives through the flapping; the log is kept, without what takes room. */
function live(driver: Driver, forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += MINUTE_MS) {
    driver.run(Math.min(MINUTE_MS, forMs - passedMs));
    driver.log = driver.log.filter(({ kind }) => kind === 'report');
  }
}

describe('flapping links', () => {
  for (const kind of ['carrier', 'silence'] as const) {
    for (const periodMs of PERIODS_MS[kind].slice(0, isSlice ? 1 : 2)) {
      test(`◆ an hour of ${kind} coming and going every ${periodMs / 1_000} s or so: within cap, cooldown, hold-down and penalty`, () => {
        const config = configOf(periodMs < 10_000 ? PATIENT : LONG);
        const driver = attachedDevice([ETH, WLAN], { config, seed: periodMs });
        const random = new Random(periodMs + kind.length);
        const { sessionId } = driver.device;
        driver.traffic(TRAFFIC_MS, 2 * HOUR_MS);
        // Never away for longer than the recovery window.
        const pausesMs = () => Math.min(20_000, random.between(periodMs / 4, (periodMs * 3) / 4));
        flap(driver, driver.nowMs + FLAPPING_MS, pausesMs, KINDS[kind](driver));
        live(driver, FLAPPING_MS);
        const switches = switchesOf(driver);
        const { most, greedy } = crowd(switches);
        expect(switches.length).toBeGreaterThan(3);
        const found = {
          isUnderCap: most <= LIMITS.maxSwitchesPerMinute,
          greedy,
          haste: haste(driver),
        };
        expect(found).toEqual({ isUnderCap: true, greedy: 0, haste: [] });
        expect(silentDenials(driver, kind)).toEqual([]);
        const { told, claims, others } = denials(driver);
        expect({ others, isBounded: told <= (claims + 1) * TOLD_PER_CLAIM_MAX }).toEqual({
          others: [],
          isBounded: true,
        });
        expect(told).toBeGreaterThan(0);
        const ends = driver.moves.filter((move) => move.endsWith('TERMINATED'));
        expect({ ends, sessionId: driver.device.sessionId }).toEqual({ ends: [], sessionId });
        // The penalty is at most ten minutes, the hold-down half of one.
        live(driver, LIMITS.penaltyMaxMs + LIMITS.failbackStableMs + MINUTE_MS);
        const { state, activeId } = driver.device;
        expect({ state, activeId }).toEqual({ state: 'ATTACHED', activeId: ETH });
        expect(haste(driver)).toEqual([]);
        process.stdout.write(
          `${kind} ${periodMs} ms: ${switches.length} switches, at most ${most} a minute; a better link withheld ${told} times\n`,
        );
      }, 60_000);
    }
  }
});

test('◆ an operator who asks for the other link every 700 ms while both flap: the pace is the policy’s', () => {
  const driver = attachedDevice([ETH, WLAN], { config: configOf(PATIENT), seed: 3 });
  const random = new Random(3);
  const untilMs = driver.nowMs + 10 * MINUTE_MS;
  driver.traffic(TRAFFIC_MS, 10 * MINUTE_MS);
  flap(driver, untilMs, () => random.between(10_000, 30_000), KINDS.carrier(driver));
  const ask = () => {
    const linkName = driver.device.activeId === ETH ? 'wlan0' : 'eth0';
    driver.feed({ kind: 'rebind', atMs: driver.nowMs, linkName });
    if (driver.nowMs < untilMs) driver.after(700, ask);
  };
  driver.after(0, ask);
  live(driver, 10 * MINUTE_MS);
  const switches = switchesOf(driver);
  const { most, greedy } = crowd(switches);
  expect(most).toBe(LIMITS.maxSwitchesPerMinute);
  expect({ greedy, haste: haste(driver) }).toEqual({ greedy: 0, haste: [] });
  const denied = driver.audit.flatMap(({ reasonCode, detail: { wanted, denied: rule } }) =>
    reasonCode === 'switch_denied' && wanted === 'operator_rebind' && rule !== undefined
      ? [rule]
      : [],
  );
  expect(new Set(denied)).toEqual(new Set(['cooldown_active', 'switch_rate_limited']));
});

describe('an hour of 5 % loss and 50 ms jitter, with two links', () => {
  for (const [name, bad] of [
    ['the preferred one', [ETH]],
    ['both', [ETH, WLAN]],
  ] as const) {
    test(`◆ ${name} bad: no dead verdict, and no more switches than policy allows`, () => {
      const driver = attachedDevice([ETH, WLAN], { config: configOf(LONG), seed: 11, delayMs: 20 });
      driver.traffic(200, FLAPPING_MS);
      for (const id of bad) driver.peer.path(id).jitterMs = 50;
      driver.run(5 * SECOND_MS);
      for (const id of bad) driver.peer.path(id).lossPercent = 3;
      live(driver, FLAPPING_MS - 5 * SECOND_MS);
      const deaths = driver.moves.filter((move) => move.endsWith('RECOVERING'));
      const switches = switchesOf(driver);
      const { most, greedy } = crowd(switches);
      process.stdout.write(`${name} bad: ${switches.length} switches, at most ${most} a minute\n`);
      expect({ deaths, greedy, haste: haste(driver) }).toEqual({
        deaths: [],
        greedy: 0,
        haste: [],
      });
      // Nobody died, so all of them are planned or for quality: two slots are left to recovery.
      expect(most).toBeLessThanOrEqual(LIMITS.maxSwitchesPerMinute - 2);
      // 5 % is within the policy's 20: there is nothing to leave for.
      expect(switches).toEqual([]);
    }, 60_000);
  }
});
