import { describe, expect, test } from 'bun:test';
import {
  isAddressToken,
  maySend,
  tokenFor,
  withReceived,
} from '../../../../session/hub/address.ts';
import { ADDRESSES_MAX, type Address } from '../../../../session/hub/state.ts';
import { attached, Process } from './process.ts';
import { Rig, type SendEffect } from './rig.ts';

const NEW = '192.0.2.1:9999';
const RACER = '203.0.113.66:1';

const targets = (effects: readonly SendEffect[]) => effects.map(({ target }) => target).sort();
const challengeTo = (rig: Rig, target: string) =>
  rig.sent('challenge').find((effect) => effect.target === target)!;

describe('a NAT rebind', () => {
  test('data from another address is heard, its address is not adopted on sight', () => {
    const { rig, device } = attached();
    rig.run(3_000);
    device.data(1, NEW);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
    expect(rig.seat.heardAtMs).toBe(rig.nowMs);
  });

  test('both addresses are challenged, twice where they are silent, on one round a second', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const asked = [...rig.sent('challenge')];
    device.data(1, NEW);
    asked.push(...rig.sent('challenge'));
    rig.run(900);
    asked.push(...rig.sent('challenge'));
    expect(targets(asked)).toEqual(['192.0.2.1:4001', '192.0.2.1:4001', NEW, NEW].sort());
    rig.run(100);
    device.data(1, NEW);
    expect(rig.sent('challenge').length).toBe(2);
  });

  test('the new one answers and the old one is silent: the route follows, without a transition', () => {
    const { rig, device } = attached();
    const { record } = rig;
    device.data(1, NEW);
    device.respond(challengeTo(rig, NEW), true);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
    rig.run(199);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
    rig.run(1);
    expect(rig.route?.target).toBe(NEW);
    expect(rig.reports()).toEqual(['notice nat_rebind']);
    expect(rig.record).toBe(record);
  });

  test('◆ until the old one has been silent for long enough, data goes to both of them', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    expect(rig.route?.candidate).toBeNull();
    device.respond(challengeTo(rig, NEW), true);
    expect(rig.route).toMatchObject({ target: '192.0.2.1:4001', candidate: NEW });
    rig.run(200);
    expect(rig.route).toMatchObject({ target: NEW, candidate: null });
  });

  test('an old one that answers after all gets the data alone again', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const [fresh, old] = [challengeTo(rig, NEW), challengeTo(rig, '192.0.2.1:4001')];
    device.respond(fresh, true);
    expect(rig.route?.candidate).toBe(NEW);
    device.respond(old, true);
    expect(rig.route).toMatchObject({ target: '192.0.2.1:4001', candidate: null });
  });

  test('◆ one lost challenge to the new address costs half a wait, not a round', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    rig.run(100);
    const again = challengeTo(rig, NEW);
    device.respond(again, true);
    rig.run(100);
    expect(rig.route?.target).toBe(NEW);
    // Which of the two was answered nobody knows: the longer is the safe guess.
    expect(rig.seat.rtt?.srttMs).toBe(100);
  });

  test('whoever has answered is not asked again', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    device.respond(challengeTo(rig, NEW), true);
    rig.run(1_000);
    expect(targets(rig.sent('challenge'))).toEqual(['192.0.2.1:4001']);
  });

  test('◆ a question about a claim delays none about the address', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    const [challenge] = rig.sent('challenge');
    device.respond(challenge!, false);
    device.data(1, NEW);
    expect(targets(rig.sent('challenge'))).toEqual(['192.0.2.1:4001', NEW].sort());
  });

  test('the new one answers late: adopted then', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const challenge = challengeTo(rig, NEW);
    rig.run(600);
    device.respond(challenge, true);
    expect(rig.route?.target).toBe(NEW);
  });

  test('the old one answers: nothing changes and it is said', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const [fresh, old] = [challengeTo(rig, NEW), challengeTo(rig, '192.0.2.1:4001')];
    device.respond(fresh, true);
    device.respond(old, true);
    expect(rig.reports()).toEqual(['notice redirect_refused']);
    rig.run(1_000);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
  });

  test('an answer counts only from the address its token went to', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const fresh = challengeTo(rig, NEW);
    device.respond(fresh, true, '192.0.2.1:8888');
    rig.run(1_000);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
  });

  test('an old packet from elsewhere is not asked about', () => {
    const { rig, device } = attached();
    device.data(1, NEW, false);
    expect(rig.effects).toEqual([]);
  });

  test('control frames from another address count like data', () => {
    const { rig, device } = attached();
    device.send({ type: 'probe', probeId: 1 }, 1, { source: NEW });
    expect(targets(rig.sent('challenge'))).toEqual(['192.0.2.1:4001', NEW].sort());
  });

  test('◆ a question on the binding from elsewhere is answered there, and where the binding is: a copy may have come first', () => {
    const { rig, device } = attached();
    const ask = (transportId: number, source: string) => {
      device.send({ type: 'probe', probeId: 1 }, transportId, { source });
      return targets(rig.sent('probeAck'));
    };
    expect(ask(1, RACER)).toEqual(['192.0.2.1:4001', RACER].sort());
    const [one, other] = rig.sent('probeAck').map(({ frame }) => frame);
    expect(one?.type === 'probeAck' && other?.type === 'probeAck').toBe(true);
    // Whoever got the one can not claim with it from where the other went.
    expect(one).not.toEqual(other!);
    expect(ask(1, '192.0.2.1:4001')).toEqual(['192.0.2.1:4001']);
    expect(ask(2, RACER)).toEqual([RACER]);
  });

  test('a measured round trip sets how long the old address may stay silent', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const fresh = challengeTo(rig, NEW);
    rig.run(40);
    device.respond(fresh, true);
    rig.run(1_000);
    expect(rig.route?.target).toBe(NEW);
    device.data(1, '192.0.2.1:7777');
    device.respond(challengeTo(rig, '192.0.2.1:7777'), true);
    // srtt 40 and variance 20, then a sample of 0: 2 × (35 + 4 × 25) = 270.
    const atMs = rig.nowMs;
    while (rig.route?.target === NEW) rig.run(10);
    expect(rig.nowMs - atMs).toBe(240);
    expect(rig.seat.rtt).not.toBeNull();
    device.move(2);
    expect(rig.seat.rtt).toBeNull();
  });

  test('candidates are bounded', () => {
    const { rig, device } = attached();
    for (let port = 1; port <= 20; port++) device.data(1, `192.0.2.1:${port}`);
    expect(rig.seat.trial?.candidates.length).toBe(4);
  });
});

describe('duplicates', () => {
  test('their source counts for a second after a claim', () => {
    const { rig, device } = attached();
    device.duplicate(1, NEW);
    expect(rig.sent('challenge').length).toBe(2);
  });

  test('later they count only while an address is being asked about', () => {
    const { rig, device } = attached();
    rig.run(1_001);
    device.duplicate(1, NEW);
    expect(rig.effects).toEqual([]);
    device.data(1, NEW);
    device.duplicate(1, '192.0.2.1:8888');
    expect(targets(rig.sent('challenge'))).toEqual(['192.0.2.1:8888']);
  });

  test('they prove nothing about the binding', () => {
    const { rig, device } = attached();
    rig.run(5_000);
    device.duplicate(1, '192.0.2.1:4001');
    expect(rig.seat.state).toBe('RECOVERING');
  });

  test('◆ an answer that a copy has used up counts from the address of its token, and from nowhere else', () => {
    const { rig, device } = attached();
    device.data(1, RACER);
    const [fresh, old] = [challengeTo(rig, RACER), challengeTo(rig, '192.0.2.1:4001')];
    // Both answers of the device come from the racer first: of its own token, and of the one that is not.
    device.respond(fresh, true);
    device.respond(old, true, RACER);
    device.respondAgain(fresh, true, '192.0.2.1:4001');
    device.respondAgain(old, true, '192.0.2.1:8888');
    expect(rig.reports()).toEqual([]);
    device.respondAgain(old, true);
    expect(rig.reports()).toEqual(['notice redirect_refused']);
    // Said over and over it says nothing more.
    device.respondAgain(old, true);
    rig.run(1_000);
    expect([rig.reports(), rig.route?.target]).toEqual([[], '192.0.2.1:4001']);
  });

  test('◆ a NAT moves the device while a copy of its answer is faster: it is found where it is', () => {
    const { rig, device } = attached();
    device.data(1, NEW);
    const fresh = challengeTo(rig, NEW);
    device.respond(fresh, true, RACER);
    device.respondAgain(fresh, true);
    rig.run(1_000);
    expect(rig.route?.target).toBe(NEW);
  });

  test('◆ "not mine" that a copy has used up refuses the newcomer all the same', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    copy.send(copy.attachFrame(copy.claim(2)), 2);
    const [challenge] = rig.sent('challenge');
    device.respond(challenge!, false, RACER);
    device.respondAgain(challenge!, false);
    expect(rig.frame('reject')).toMatchObject({ reasonCode: 'identity_conflict' });
  });

  test('a claim raced by a redirected copy: the address that answers gets the data', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    const frame = device.reattachFrame(device.claim(2), { token });
    device.send(frame, 2, { source: '203.0.113.66:1' });
    expect(rig.route).toBeNull();
    device.duplicate(2, '198.51.100.2:4002');
    device.respond(challengeTo(rig, '198.51.100.2:4002'), true);
    expect(rig.route?.target).toBe('198.51.100.2:4002');
  });
});

describe('the address of a claim', () => {
  test('a token of PROBE_ACK validates it: data at once', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    device.move(2, { token });
    expect(rig.route?.target).toBe('198.51.100.2:4002');
    expect(rig.sent('challenge')).toEqual([]);
  });

  test('without one it is committed and challenged, and data waits for the answer', () => {
    const { rig, device } = attached();
    device.move(2);
    expect(rig.record?.transportId).toBe(2);
    expect(rig.route).toBeNull();
    rig.frame('reattached');
    device.respond(challengeTo(rig, '198.51.100.2:4002'), true);
    expect(rig.route?.target).toBe('198.51.100.2:4002');
    expect(rig.reports()).toEqual([]);
  });

  test('a challenge that was lost is sent again when the device is heard', () => {
    const { rig, device } = attached();
    device.move(2);
    rig.run(999);
    device.data(2);
    expect(rig.sent('challenge')).toEqual([]);
    rig.run(1);
    device.data(2);
    device.respond(challengeTo(rig, '198.51.100.2:4002'), true);
    expect(rig.route?.target).toBe('198.51.100.2:4002');
  });

  test('a token of another address, transport, device or time does not', () => {
    const { config } = new Rig();
    const token = tokenFor([], config, 2, NEW, 60_000).bytes;
    const holds = (...[transportId, source, atMs]: [number, string, number]) =>
      isAddressToken(config, transportId, source, atMs, token);
    expect(holds(2, NEW, 60_000)).toBe(true);
    expect(holds(2, NEW, 179_999)).toBe(true);
    expect(holds(2, NEW, 180_000)).toBe(false);
    expect(holds(3, NEW, 60_000)).toBe(false);
    expect(holds(2, '192.0.2.1:9998', 60_000)).toBe(false);
    expect(isAddressToken({ ...config, device: 'x' }, 2, NEW, 60_000, token)).toBe(false);
    expect(isAddressToken(config, 2, NEW, 60_000, null)).toBe(false);
  });

  test('a remembered token is the one that would be made, for each address, transport and minute', () => {
    const { config } = new Rig();
    let book: readonly Address[] = [];
    let made = 0;
    for (let atMs = 0; atMs < 240_000; atMs += 10_000) {
      for (const source of [NEW, '192.0.2.1:9998']) {
        for (const transportId of atMs < 120_000 ? [1] : [1, 2]) {
          const { bytes, addresses } = tokenFor(book, config, transportId, source, atMs);
          if (addresses !== book) made += 1;
          book = addresses;
          expect(bytes).toEqual(tokenFor([], config, transportId, source, atMs).bytes);
        }
      }
    }
    // Two addresses, two minutes; then both transports take turns on each, twelve times.
    expect(made).toBe(2 * 2 + 2 * 2 * 12);
  });

  test('the handshake validates the address of an ATTACH; where it cannot, the challenge does', () => {
    const rig = new Rig();
    const device = new Process(rig);
    device.shake(1, false);
    device.send(device.attachFrame(device.claim(1), { isNew: true }), 1);
    rig.frame('attached');
    expect(rig.route).toBeNull();
    device.respond(challengeTo(rig, '192.0.2.1:4001'), true);
    expect(rig.route?.target).toBe('192.0.2.1:4001');
  });

  test('to an address that is not validated go at most three times the bytes that came from it', () => {
    const { rig, device } = attached();
    const [source, received] = ['203.0.113.50:5', 100];
    let addresses: readonly Address[] = withReceived([], source, received, 0);
    for (let sent = 0; sent + 60 <= 300; sent += 60) {
      const next = maySend(addresses, source, 60, 0);
      expect(next.isAllowed).toBe(true);
      addresses = next.addresses;
    }
    expect(maySend(addresses, source, 1, 0).isAllowed).toBe(false);
    const frame = device.reattachFrame(device.claim(2));
    const { channelId } = device;
    // Smaller than any real one: the answer fits into three times that, the challenge after it does not.
    rig.feed({
      kind: 'frame',
      channelId,
      transportId: 2,
      source,
      bytes: 45,
      isNewest: true,
      frame,
    });
    rig.frame('reattached');
    expect(rig.sent('challenge')).toEqual([]);
    expect(rig.seat.counters['amplification_held']).toBe(1);
  });

  test('the book of addresses is bounded', () => {
    const { rig, device } = attached();
    for (let port = 1; port <= 50; port++) {
      device.send({ type: 'probe', probeId: port }, 2, { source: `198.51.100.2:${port}` });
    }
    expect(rig.seat.addresses.length).toBe(ADDRESSES_MAX);
  });
});
