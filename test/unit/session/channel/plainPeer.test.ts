import { describe, expect, test } from 'bun:test';
import { newPlainPeer, PLAIN_CONFIG } from '../../../../session/channel/plainPeer.ts';
import { stepPlain } from '../../../../session/channel/plainStep.ts';
import { PlainWorld } from './plainWorld.ts';

const isSlice = process.env['SLICE'] === '1';
const INITIATION = 'device initiation';

/** Data every second from the device, until `untilMs`. */
function talk(world: PlainWorld, fromMs: number, untilMs: number, everyMs = 1000): void {
  for (let atMs = fromMs; atMs < untilMs; atMs += everyMs) {
    world.after(atMs - world.nowMs, () => world.device.send(`at ${atMs}`));
  }
}

test('the first packet makes a handshake and arrives right after it, one round trip later', () => {
  const world = new PlainWorld(1);
  world.device.send('hello');
  world.runUntil(100);
  expect(world.hub.received).toEqual(['hello']);
  expect(world.log.map(({ atMs, what }) => `${atMs} ${what}`)).toEqual([
    '0 device initiation',
    '10 hub response',
    '20 device transport',
  ]);
});

test('data flows both ways under one keypair, and idle ends stay silent but for one keepalive', () => {
  const world = new PlainWorld(2);
  world.device.send('ping');
  world.runUntil(100);
  world.hub.send('pong');
  world.runUntil(60_000);
  expect([world.hub.received, world.device.received]).toEqual([['ping'], ['pong']]);
  expect(world.count(INITIATION)).toBe(1);
  // Each end received data and had nothing to say for 10 s; the hub's pong was its own answer.
  expect(world.times('device transport')).toEqual([20, 10_110]);
  expect(world.count('hub transport')).toBe(1);
});

test('the responder may not send before the initiator confirmed the keypair', () => {
  const world = new PlainWorld(3);
  world.isLost = (what) => what === 'device transport';
  world.device.send('lost');
  world.runUntil(30);
  expect(world.hub.peer.next).not.toBeNull();
  expect(world.hub.peer.current).toBeNull();
});

describe('rekey', () => {
  test('a sending initiator renews at 120 s without losing a packet', () => {
    const world = new PlainWorld(4);
    talk(world, 0, 300_000);
    world.runUntil(301_000);
    expect(world.hub.received.length).toBe(300);
    const [first, second, third, ...more] = world.times(INITIATION);
    expect([first, more]).toEqual([0, []]);
    expect(second).toBeGreaterThanOrEqual(120_020);
    expect(second).toBeLessThanOrEqual(121_020);
    expect(third).toBeGreaterThanOrEqual(240_000);
    expect(world.count('hub initiation')).toBe(0);
  });

  test('an initiator that only receives asks at 165 s, a millisecond before not, and once', () => {
    const event = (kind: 'responseAccepted' | 'received', atMs: number) =>
      ({ kind, atMs, jitterMs: 0, localIndex: 1, packetBytes: 1, needsRekey: false }) as const;
    const accepted = stepPlain(newPlainPeer(0), event('responseAccepted', 0));
    const early = stepPlain(accepted.peer, event('received', 164_999));
    expect(early.effects).toEqual([]);
    const late = stepPlain(early.peer, event('received', 165_000));
    expect(late.effects).toEqual([{ kind: 'sendInitiation' }]);
    const again = stepPlain(late.peer, event('received', 171_000));
    expect(again.effects).toEqual([]);
  });

  test('a responder leaves it to the initiator, however old the keypair', () => {
    const base = { jitterMs: 0, localIndex: 1, packetBytes: 1, needsRekey: false };
    const responded = stepPlain(newPlainPeer(0), { ...base, kind: 'responded', atMs: 0 });
    const confirmed = stepPlain(responded.peer, { ...base, kind: 'received', atMs: 1 });
    expect(confirmed.effects).toEqual([{ kind: 'sendStaged' }]);
    const sent = stepPlain(confirmed.peer, { ...base, kind: 'sent', atMs: 179_000 });
    expect(sent.effects).toEqual([]);
    const usedUp = { ...base, kind: 'sent', atMs: 179_001, needsRekey: true } as const;
    expect(stepPlain(sent.peer, usedUp).effects).toEqual([{ kind: 'sendInitiation' }]);
  });

  test('old keypairs expire at 180 s and are destroyed; at most three live at once', () => {
    const world = new PlainWorld(6);
    talk(world, 0, 400_000);
    let most = 0;
    for (let atMs = 1000; atMs <= 400_000; atMs += 1000) {
      world.runUntil(atMs);
      most = Math.max(most, world.device.keypairs.size, world.hub.keypairs.size);
    }
    expect(most).toBeLessThanOrEqual(3);
    world.runUntil(700_000);
    expect([world.device.keypairs.size, world.hub.keypairs.size]).toEqual([0, 0]);
  });
});

describe('loss', () => {
  test('a lost response is healed by the next attempt, 5 s and a jitter later', () => {
    const world = new PlainWorld(7);
    world.isLost = (what, index) => what === 'hub response' && index === 0;
    world.device.send('hello');
    world.runUntil(6_000);
    const [, second] = world.times(INITIATION);
    expect(second).toBeGreaterThanOrEqual(5_000);
    expect(second).toBeLessThanOrEqual(5_333);
    expect(world.hub.received).toEqual(['hello']);
  });

  test('nobody answers: attempts stop after 90 s, staged packets are dropped, later ones try again', () => {
    const world = new PlainWorld(8);
    world.isLost = (what) => what === INITIATION;
    world.device.send('never');
    world.runUntil(300_000);
    const times = world.times(INITIATION);
    expect(times.length).toBeGreaterThanOrEqual(17);
    expect(times.length).toBeLessThanOrEqual(18);
    expect(times.at(-1)).toBeLessThan(90_000);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
    expect(gaps.every((gap) => gap >= 5_000 && gap <= 5_333)).toBe(true);
    expect(world.device.staged).toEqual([]);
    expect(world.device.effects.filter(({ kind }) => kind === 'giveUp').length).toBe(1);

    world.isLost = () => false;
    world.device.send('again');
    world.runUntil(300_100);
    expect(world.hub.received).toEqual(['again']);
  });

  test('data that stays unanswered for 15 s asks for a handshake', () => {
    const world = new PlainWorld(9);
    world.device.send('hello');
    world.runUntil(30_000);
    world.isLost = (what) => what === 'hub transport';
    world.device.send('anyone?');
    world.runUntil(50_000);
    const [, second] = world.times(INITIATION);
    expect(second).toBeGreaterThanOrEqual(45_000);
    expect(second).toBeLessThanOrEqual(45_333);
  });
});

describe('replayed initiations', () => {
  test('are refused by their timestamp and change nothing', () => {
    const world = new PlainWorld(10);
    world.device.send('hello');
    world.runUntil(1_000);
    const before = { ...world.hub.peer };
    const recorded = world.log[0]?.bytes ?? new Uint8Array(0);
    for (let i = 0; i < 5; i++) world.hub.receive(recorded);
    expect(world.hub.refused).toEqual(new Array(5).fill('notNewer'));
    expect(world.hub.peer).toEqual(before);
    expect(world.count('hub response')).toBe(1);
    world.device.send('still here');
    world.runUntil(1_100);
    expect(world.hub.received).toEqual(['hello', 'still here']);
  });

  test('a flood of newer ones is answered at most every 20 ms', () => {
    const world = new PlainWorld(11);
    world.device.send('hello');
    world.runUntil(10);
    const other = new PlainWorld(11);
    other.runUntil(17_000); // the same identities, a later wall clock
    other.device.send('hello');
    world.hub.receive(other.log[0]?.bytes ?? new Uint8Array(0));
    expect(world.hub.refused).toEqual(['tooSoon']);
  });
});

describe('keepalives', () => {
  test('persistent ones begin the channel by themselves and never stop', () => {
    const world = new PlainWorld(12, { ...PLAIN_CONFIG, persistentKeepaliveMs: 25_000 });
    world.runUntil(1_000);
    expect(world.count('hub response')).toBe(1);
    world.runUntil(1_000_000);
    const times = world.log.filter(({ what }) => what.startsWith('device')).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(25_020);
    expect(world.hub.received).toEqual([]);
  });

  test('a silent receiver answers data with one keepalive in 10 s, not one a packet', () => {
    const world = new PlainWorld(13);
    talk(world, 0, 60_000, 100);
    world.runUntil(60_000);
    expect(world.hub.received.length).toBe(600);
    const times = world.times('hub transport');
    expect(times.length).toBe(5);
    expect(times[0]).toBe(10_030);
  });
});

describe('the rate of initiations', () => {
  test('many packets waiting make one initiation in 5 s', () => {
    const world = new PlainWorld(15);
    world.isLost = (what) => what === INITIATION;
    talk(world, 0, 20_000, 100);
    world.runUntil(4_999);
    expect(world.times(INITIATION)).toEqual([0]);
    world.runUntil(20_000);
    expect(world.count(INITIATION)).toBe(4);
  });

  test('who has just answered waits 5 s before asking, and does not forget', () => {
    const world = new PlainWorld(16);
    world.isLost = (what) => what === 'hub response' || what === 'device initiation';
    world.device.send('hello');
    world.hub.receive(world.log[0]?.bytes ?? new Uint8Array(0));
    world.hub.send('hello');
    world.runUntil(4_999);
    expect(world.count('hub initiation')).toBe(0);
    world.runUntil(5_000);
    expect(world.times('hub initiation')).toEqual([5_000]);
  });
});

test('both ends may initiate at once, and one channel comes out of it', () => {
  const world = new PlainWorld(14);
  world.device.send('from device');
  world.hub.send('from hub');
  world.runUntil(12_000);
  world.device.send('after');
  world.hub.send('after');
  world.runUntil(12_100);
  expect(world.hub.received).toContain('after');
  expect(world.device.received).toContain('after');
});

/** Goal: whatever is lost, healing the network brings data through. Method: 30 seeds, 40 % loss. */
describe('after chaos', () => {
  for (let seed = 100; seed < (isSlice ? 106 : 130); seed++) {
    test(`seed ${seed}`, () => {
      const world = new PlainWorld(seed);
      world.isLost = () => world.random.below(100) < 40;
      talk(world, 0, 250_000, 700);
      world.runUntil(250_000);
      world.isLost = () => false;
      talk(world, 250_100, 275_000, 500);
      world.runUntil(275_000);
      const heard = world.hub.received.length;
      world.device.send('through');
      world.hub.send('through');
      world.runUntil(275_100);
      expect(world.hub.received.slice(heard)).toContain('through');
      expect(world.device.received).toContain('through');
      expect(leastGapMs(world, 'device')).toBeGreaterThanOrEqual(5_000);
      expect(leastGapMs(world, 'hub')).toBeGreaterThanOrEqual(5_000);
    });
  }
});

/** Shortest time between a handshake message of one end and the initiation that followed it. */
function leastGapMs(world: PlainWorld, name: string): number {
  const sent = world.log.filter(
    ({ what }) => what.startsWith(`${name} `) && !/transport/.test(what),
  );
  let least = Number.POSITIVE_INFINITY;
  for (const [i, { atMs, what }] of sent.entries()) {
    const before = sent[i - 1];
    if (before !== undefined && what.endsWith('initiation'))
      least = Math.min(least, atMs - before.atMs);
  }
  return least;
}
