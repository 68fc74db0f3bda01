/**
 * Draws what happens to the store, to hubs' surroundings, and what operators do.
 *
 * @module
 */
import { POLICY_VARIANTS } from '../options.ts';
import { type Draw, device, hub, machine, times } from './draw.ts';

export function storeFaults(draw: Draw): void {
  const { random } = draw;
  const has = { delay: random.chance(50), lost: random.chance(50), late: random.chance(50) };
  times(draw, 3, () => {
    const atMs = draw.sometime();
    draw.at(atMs, {
      kind: 'store',
      change: {
        delayMs: has.delay ? random.between(20, 2_500) : 5,
        lostAnswerPercent: has.lost ? random.between(5, 50) : 0,
        latePercent: has.late ? random.between(5, 50) : 0,
        unavailable: random.chance(25),
      },
    });
    const healed = { delayMs: 5, lostAnswerPercent: 0, latePercent: 0, unavailable: false };
    draw.at(atMs + random.between(500, 20_000), { kind: 'store', change: healed });
  });
}

export function storePartitions(draw: Draw): void {
  times(draw, 3, () => {
    const atMs = draw.sometime();
    const of = { kind: 'storePartition', hub: hub(draw) } as const;
    draw.at(atMs, { ...of, isCut: true });
    draw.at(atMs + draw.random.between(300, 20_000), { ...of, isCut: false });
  });
}

export function hubUplinks(draw: Draw): void {
  times(draw, 2, () => {
    const atMs = draw.sometime();
    const of = { kind: 'hubUplink', hub: hub(draw) } as const;
    draw.at(atMs, { ...of, isCut: true });
    draw.at(atMs + draw.random.between(300, 30_000), { ...of, isCut: false });
  });
}

export function terminations(draw: Draw): void {
  times(draw, 2, () =>
    draw.at(draw.sometime(), { kind: 'operatorTerminate', device: device(draw) }),
  );
}

export function switchRequests(draw: Draw): void {
  times(draw, 6, () => {
    const at = device(draw);
    const link = draw.random.below(draw.options.devices[at]!.links.length);
    draw.at(draw.sometime(), { kind: 'switchRequest', device: at, link });
  });
}

export function revocations(draw: Draw): void {
  draw.at(draw.sometime(), { kind: 'revoke', device: device(draw) });
}

export function policies(draw: Draw): void {
  times(draw, 3, () =>
    draw.at(draw.sometime(), {
      kind: 'policy',
      machine: machine(draw),
      policy: draw.random.pick(POLICY_VARIANTS),
    }),
  );
}

export function policyReloads(draw: Draw): void {
  times(draw, 4, () => {
    const { random } = draw;
    const of = { kind: 'policyReload', machine: machine(draw) } as const;
    const policy = random.pick(POLICY_VARIANTS);
    draw.at(
      draw.sometime(),
      random.chance(30) ? { ...of, policy, isOlder: true } : { ...of, policy },
    );
  });
}

export function brokers(draw: Draw): void {
  times(draw, 2, () => {
    const atMs = draw.sometime();
    const of = { kind: 'broker', device: device(draw) } as const;
    draw.at(atMs, { ...of, isUp: false });
    draw.at(atMs + draw.random.between(500, 60_000), { ...of, isUp: true });
  });
}

export function intruders(draw: Draw): void {
  times(draw, 4, () => {
    const atMs = draw.sometime();
    const at = device(draw);
    const link = draw.random.below(draw.options.devices[at]!.links.length);
    const of = { kind: 'link', device: at, link } as const;
    const intruder = draw.random.pick(['copies', 'swallows'] as const);
    draw.at(atMs, { ...of, change: { intruder } });
    const lastsMs = draw.random.between(500, 8_000);
    draw.at(atMs + lastsMs, { ...of, change: { intruder: 'none' } });
  });
}
