/**
 * Draws faults that meet: what goes wrong while something else is under way, which chance alone rarely draws.
 *
 * @module
 */
import { policyOf } from '../policy.ts';
import { CHAOS_BEGINS_MS, type Draw, device, hub, times } from './draw.ts';

/** A switch is asked for, and directly behind it another link dies or the store answers no more. */
export function races(draw: Draw): void {
  const { random, options } = draw;
  times(draw, 6, () => {
    const at = device(draw);
    const { length } = options.devices[at]!.links;
    const link = random.below(length);
    const atMs = draw.sometime();
    draw.at(atMs, { kind: 'switchRequest', device: at, link });
    if (random.chance(40)) worseStore(draw, atMs);
    if (length === 1) return;
    const other = (link + random.between(1, length - 1)) % length;
    const dies = random.pick([
      [{ carrier: false }, { carrier: true }],
      [{ carrier: false }, { carrier: true }],
      [{ silent: true }, { silent: false }],
      [{ inCut: true }, { inCut: false }],
    ] as const);
    const of = { kind: 'link', device: at, link: random.chance(70) ? other : link } as const;
    const diesAtMs = atMs + random.below(random.chance(50) ? 30 : 200);
    draw.at(diesAtMs, { ...of, change: dies[0] });
    draw.at(diesAtMs + random.between(50, 4_000), { ...of, change: dies[1] });
  });
}

/** The session ends while nothing that the hub says arrives, for too short a time to count as lost. */
export function unheardEnds(draw: Draw): void {
  const { random, options } = draw;
  times(draw, 3, () => {
    const at = device(draw);
    const atMs = draw.sometime();
    const lastsMs = random.pick([25, 60, 120, 250]);
    for (const link of options.devices[at]!.links.keys()) {
      const of = { kind: 'link', device: at, link } as const;
      draw.at(atMs, { ...of, change: { inCut: true } });
      draw.at(atMs + lastsMs, { ...of, change: { inCut: false } });
    }
    draw.at(atMs + random.below(10), {
      kind: 'operatorTerminate',
      device: at,
    });
  });
}

/** A hub dies, and again as soon as it is back; or it comes back to a store whose answers are lost. */
export function hubRelapses(draw: Draw): void {
  const { random } = draw;
  times(draw, 2, () => {
    const crash = { kind: 'hubCrash', hub: hub(draw), afterCalls: 0 } as const;
    const atMs = draw.sometime();
    const downMs = random.between(100, 2_000);
    draw.at(atMs, { ...crash, downMs });
    const backAtMs = atMs + downMs;
    if (random.chance(60)) {
      const againAtMs = backAtMs + random.between(20, 900);
      draw.at(againAtMs, { ...crash, downMs: random.between(100, 1_500) });
      return;
    }
    draw.at(atMs, { kind: 'store', change: { lostAnswerPercent: 100 } });
    const healsAtMs = backAtMs + random.between(300, 3_000);
    draw.at(healsAtMs, { kind: 'store', change: { lostAnswerPercent: 0 } });
  });
}

/** A session ends, and the next one begins, while flash takes nothing. */
export function deafFlashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 2, () => {
    const at = device(draw);
    const atMs = draw.sometime();
    const writes = random.pick(['failUnwritten', 'failWritten', 'full'] as const);
    draw.at(atMs, { kind: 'flash', device: at, change: { writes } });
    draw.at(atMs + random.below(500), { kind: 'operatorTerminate', device: at });
    const works = { kind: 'flash', device: at, change: { writes: 'work' } } as const;
    draw.at(atMs + random.between(2_000, 10_000), works);
  });
}

/** A copy appears, loses or wins, and is started again while the outcome still counts. */
export function copyCrashes(draw: Draw): void {
  const { random, options } = draw;
  const atMs = random.between(CHAOS_BEGINS_MS, Math.max(CHAOS_BEGINS_MS, options.chaosMs - 20_000));
  draw.at(atMs, { kind: 'clone', device: device(draw), downMs: random.below(2_000) });
  times(draw, 3, () =>
    draw.at(atMs + random.between(1_000, 25_000), {
      kind: 'deviceCrash',
      // Copies come behind all others.
      device: options.devices.length,
      flash: 'keep',
      downMs: random.below(2_000),
      afterCalls: random.chance(50) ? 0 : random.below(40),
    }),
  );
}

/** All links go and come, so that recoveries add up to more than the transport TTL. */
export function flaps(draw: Draw): void {
  const { random, options } = draw;
  const { recoveryWindowMs, transportTtlMs } = policyOf(options.policy).session;
  const at = device(draw);
  const downMs = Math.round(recoveryWindowMs * 0.85);
  let atMs = CHAOS_BEGINS_MS + random.below(1_000);
  for (let spentMs = 0; spentMs <= transportTtlMs; spentMs += downMs) {
    const upAtMs = atMs + downMs;
    for (const link of options.devices[at]!.links.keys()) {
      const of = { kind: 'link', device: at, link } as const;
      draw.at(atMs, { ...of, change: { carrier: false } });
      if (upAtMs <= options.chaosMs) draw.at(upAtMs, { ...of, change: { carrier: true } });
    }
    atMs = upAtMs + random.between(1_500, 3_500);
  }
}

/** A device that is held to more than its hubs, and asked for one switch behind the other. */
export function hastySwitches(draw: Draw): void {
  const { random, options } = draw;
  const at = device(draw);
  const { length } = options.devices[at]!.links;
  if (random.chance(80)) {
    draw.at(CHAOS_BEGINS_MS, {
      kind: 'policy',
      machine: { role: 'device', index: at },
      policy: 'strict',
    });
  }
  let atMs = random.between(6_000, Math.max(6_000, options.chaosMs - 20_000));
  for (let link = random.below(length), left = random.between(8, 16); left > 0; left--) {
    draw.at(atMs, { kind: 'switchRequest', device: at, link });
    link = (link + 1) % length;
    atMs += random.between(random.chance(30) ? 200 : 900, 2_000);
  }
}

function worseStore(draw: Draw, atMs: number): void {
  const { random } = draw;
  const change = {
    delayMs: random.pick([50, 300, 1_500]),
    lostAnswerPercent: random.pick([0, 60, 100]),
    latePercent: random.pick([0, 50]),
  };
  draw.at(Math.max(0, atMs - 20), { kind: 'store', change });
  const healed = { delayMs: 5, lostAnswerPercent: 0, latePercent: 0 };
  draw.at(atMs + random.between(500, 6_000), { kind: 'store', change: healed });
}

/** A device that has just started again dies again. */
export function doubleCrashes(draw: Draw): void {
  const { random } = draw;
  times(draw, 3, () => {
    const at = device(draw);
    const downMs = random.below(1_000);
    const atMs = draw.sometime();
    const crash = { kind: 'deviceCrash', device: at } as const;
    const flash = random.pick(['keep', 'torn', 'rotOne', 'rotOne'] as const);
    const before = random.pick(['keep', 'keep', 'wiped', 'rotBoth'] as const);
    draw.at(atMs, { ...crash, flash: before, downMs, afterCalls: 0 });
    const againAtMs = atMs + downMs + random.below(random.chance(50) ? 20 : 400);
    draw.at(againAtMs, {
      ...crash,
      flash,
      downMs: random.below(1_000),
      afterCalls: random.chance(30) ? 0 : random.below(40),
    });
  });
}
