/** Goal: an exchange begins once for each commit and each new address, only towards a proven one; RECEIVED of no other counts. */
import { describe, expect, test } from 'bun:test';
import type { SeatEffect } from '../../../../session/hub/event.ts';
import type { Received } from '../../../../session/wire/frames.ts';
import { attached } from './process.ts';
import type { Rig, SendEffect } from './rig.ts';

const NEW = '192.0.2.1:9999';

const told = (stateVersion: number, round = 0): Received => ({
  type: 'received',
  keypairIndex: 7,
  counterMax: 3,
  bitmap: new Uint8Array(512),
  stateVersion,
  round,
  bytesPerSecond: 0,
});

const exchanges = (effects: readonly SeatEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'exchange' ? [effect.exchange] : []));
const heard = (effects: readonly SeatEffect[]) =>
  effects.filter(({ kind }) => kind === 'received').length;
const challengeTo = (rig: Rig, target: string): SendEffect =>
  rig.sent('challenge').find((effect) => effect.target === target)!;

describe('an exchange', () => {
  test('of a recovery begins with the commit, behind the answer and before the route', () => {
    const { rig, device } = attached();
    device.probe(2);
    device.move(2, { token: rig.frame('probeAck').token });
    const kinds = rig.effects.map((effect) =>
      effect.kind === 'send' ? effect.frame.type : effect.kind,
    );
    expect(kinds.filter((kind) => ['reattached', 'exchange', 'route'].includes(kind))).toEqual([
      'reattached',
      'exchange',
      'route',
    ]);
    const [exchange] = exchanges(rig.effects);
    expect(exchange).toMatchObject({
      stateVersion: rig.record?.claim.stateVersion,
      round: 0,
      isAsking: false,
      drainMs: null,
      transportId: 2,
      linkKind: 'wifi',
    });
  });

  test('of a planned switch leaves the way before to deliver', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    device.move(2, { token, purpose: 'planned' });
    expect(exchanges(rig.effects).map(({ drainMs }) => drainMs)).toEqual([0]);
  });

  test('waits until the address of the claim has proven to be the device’s', () => {
    const { rig, device } = attached();
    device.move(2);
    expect([rig.route, exchanges(rig.effects)]).toEqual([null, []]);
    device.respond(challengeTo(rig, '198.51.100.2:4002'), true);
    expect(rig.route?.target).toBe('198.51.100.2:4002');
    expect(exchanges(rig.effects).map(({ round }) => round)).toEqual([0]);
  });

  test('begins once for a claim, whatever is heard again', () => {
    const { rig, device } = attached();
    device.probe(2);
    device.move(2, { token: rig.frame('probeAck').token });
    device.data(2);
    rig.run(6_000);
    device.data(2);
    expect(rig.seat.state).toBe('ATTACHED');
    expect(exchanges(rig.effects)).toEqual([]);
  });

  test('begins anew, asked for by the hub, when the binding has another address', () => {
    const { rig, device } = attached();
    const { stateVersion } = rig.record!.claim;
    for (const [round, target] of [
      [1, NEW],
      [2, '192.0.2.1:8888'],
    ] as const) {
      rig.run(1_000);
      device.data(1, target);
      device.respond(challengeTo(rig, target), true);
      const effects = [...rig.effects, ...rig.run(1_000)];
      expect(rig.route?.target).toBe(target);
      expect(exchanges(effects)).toMatchObject([
        { stateVersion, round, isAsking: true, drainMs: null },
      ]);
    }
  });

  test('does not begin for who redirects, where the old address answers', () => {
    const { rig, device } = attached();
    rig.run(3_000);
    device.data(1, NEW);
    const asked = challengeTo(rig, '192.0.2.1:4001');
    const effects = [...rig.effects, ...device.respond(asked, true), ...rig.run(1_000)];
    expect(exchanges(effects)).toEqual([]);
  });
});

describe('what the device says counts', () => {
  test('for the committed claim, on its transport and in its channel', () => {
    const { rig, device } = attached();
    const { stateVersion } = rig.record!.claim;
    expect(heard(device.send(told(stateVersion), 1))).toBe(1);
    expect(heard(device.send(told(stateVersion - 1), 1))).toBe(0);
    expect(heard(device.send(told(stateVersion + 1), 1))).toBe(0);
    expect(heard(device.send(told(stateVersion), 2))).toBe(0);
    expect(rig.seat.counters['received_ignored']).toBe(3);
  });

  test('not in a channel that has proven nothing', () => {
    const { rig, device } = attached();
    const { stateVersion } = rig.record!.claim;
    device.shake(1);
    expect(heard(device.send(told(stateVersion), 1))).toBe(0);
  });

  test('for a claim that the store works on, in the channel of that claim', () => {
    const { rig, device } = attached();
    device.probe(2);
    const { token } = rig.frame('probeAck');
    rig.store = 'hold';
    device.move(2, { token });
    const { stateVersion } = rig.held[0]!.record.claim;
    expect(heard(device.send(told(stateVersion), 2))).toBe(1);
    expect(heard(device.send(told(stateVersion), 1))).toBe(0);
    const { channelId } = device;
    device.shake(2);
    expect(heard(device.send(told(stateVersion), 2))).toBe(0);
    device.channelId = channelId;
    rig.release();
    expect(heard(device.send(told(stateVersion), 2))).toBe(1);
  });

  test('not for a session that has ended', () => {
    const { rig, device } = attached();
    const { stateVersion } = rig.record!.claim;
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    expect(heard(device.send(told(stateVersion), 1))).toBe(0);
  });
});

describe('whose data is taken', () => {
  test('of the last three bindings before, each for resend.max_age_ms', () => {
    const { rig, device } = attached();
    const move = (transportId: number) => {
      device.probe(transportId);
      device.move(transportId, { token: rig.frame('probeAck').token });
    };
    move(2);
    move(3);
    expect(rig.seat.accept.map(({ transportId, untilMs }) => [transportId, untilMs])).toEqual([
      [3, null],
      [1, rig.nowMs + 2_000],
      [2, rig.nowMs + 2_000],
    ]);
    move(1);
    // What is the binding again is none of those before.
    expect(rig.seat.earlier.map(({ transportId }) => transportId)).toEqual([2, 3]);
    rig.run(2_000);
    device.data(1);
    expect(rig.seat.accept.map(({ transportId }) => transportId)).toEqual([1]);
  });
});
