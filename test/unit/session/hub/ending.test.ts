import { describe, expect, test } from 'bun:test';
import { nextDeadline } from '../../../../session/hub/seat.ts';
import { attached, Process } from './process.ts';
import { Rig } from './rig.ts';

/** Keep the binding heard for `ms`. */
function talk(rig: Rig, device: Process, ms: number, transportId = 1): void {
  for (let spent = 0; spent < ms; spent += 1_000) {
    rig.run(Math.min(1_000, ms - spent));
    device.data(transportId);
  }
}

describe('bounds', () => {
  test('the recovery window ends the session: version + 1, a reason, the device told', () => {
    const { rig, device } = attached();
    rig.run(5_000 + 29_999);
    expect(rig.record?.terminated).toBeNull();
    rig.run(1);
    expect(rig.record).toMatchObject({ terminated: 'recovery_window_exceeded', stateVersion: 2 });
    expect(rig.reports()).toEqual(['transition recovery_window_exceeded RECOVERING→TERMINATED']);
    expect(rig.frame('terminate')).toEqual({
      type: 'terminate',
      sessionId: device.sessionId,
      reasonCode: 'recovery_window_exceeded',
      stateVersion: 2,
    });
    expect(nextDeadline(rig.seat)).toBeNull();
  });

  test('the session TTL ends it in any state, up to a tenth early', () => {
    const ends = ['00000000', '80000000', 'ffffffff'].map((head) => {
      const rig = new Rig({ sessionTtlMs: 100_000, silenceMs: 1_000_000 });
      const device = new Process(rig, { sessionId: head + 'ab'.repeat(12) }).open(1);
      device.data(1);
      rig.run(200_000);
      expect(rig.reports('transition')).toEqual([
        'transition session_ttl_expired ATTACHED→TERMINATED',
      ]);
      return rig.events.at(-1)!.atMs - 1_000_000;
    });
    expect(ends).toEqual([100_000, 95_000, 90_001]);
  });

  test('◆ the transport TTL adds up over short recoveries', () => {
    const { rig, device } = attached({ recoveryWindowMs: 20_000, transportTtlMs: 20_000 });
    rig.run(5_000 + 12_000);
    device.data(1);
    talk(rig, device, 5_000);
    rig.run(5_000);
    expect(rig.seat.state).toBe('RECOVERING');
    rig.run(7_999);
    expect(rig.seat.state).toBe('RECOVERING');
    rig.run(1);
    expect(rig.record?.terminated).toBe('transport_ttl_expired');
  });

  test('◆ and is reset by ten seconds of carrying, not by less', () => {
    for (const [carriedMs, isReset] of [
      [9_000, false],
      [11_000, true],
    ] as const) {
      const { rig, device } = attached({ transportTtlMs: 60_000, silenceMs: 500 });
      rig.run(2_000);
      device.data(1);
      for (let spent = 0; spent < carriedMs; spent += 200) {
        rig.run(200);
        device.data(1);
      }
      expect(rig.record?.transportlessSinceMs === null).toBe(isReset);
    }
  });

  test('a claim that is committed while the window ends keeps the session', () => {
    const { rig, device } = attached();
    rig.run(5_000 + 29_990);
    rig.store = 'hold';
    device.move(2);
    rig.run(20);
    rig.release();
    expect(rig.record?.terminated).toBeNull();
    expect(rig.seat.state).toBe('ATTACHED');
    rig.run(1_000);
    expect(rig.held).toEqual([]);
  });

  test('an end whose outcome is unknown is repeated, and nothing is carried meanwhile', () => {
    const { rig, device } = attached();
    rig.store = 'hold';
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    expect(rig.route).toBeNull();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'shutdown' });
    rig.release('unknown');
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'shutdown' });
    device.move(2);
    expect(rig.refusal()).toBe('store_unavailable');
    rig.run(100);
    rig.release();
    expect(rig.reports('transition')).toEqual([
      'transition operator_terminated ATTACHED→TERMINATED',
    ]);
  });
});

describe('the end', () => {
  test('an operator ends it with a reason of his own', () => {
    const { rig } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'shutdown' });
    expect(rig.record?.terminated).toBe('shutdown');
    expect(rig.frame('terminate').reasonCode).toBe('shutdown');
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    expect(rig.effects).toEqual([]);
  });

  test('the device is told on a binding that has carried nothing but data for long', () => {
    const { rig, device } = attached();
    for (let port = 1; port <= 20; port++) {
      device.send({ type: 'probe', probeId: port }, 2, { source: `198.51.100.2:${port}` });
    }
    talk(rig, device, 600_000);
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    rig.frame('terminate');
  });

  test('a device ends its own, and a repeat is answered', () => {
    const { rig, device } = attached();
    const { sessionId } = device;
    const frame = {
      type: 'terminate',
      sessionId,
      reasonCode: 'shutdown',
      stateVersion: 7,
    } as const;
    device.send(frame, 1);
    expect(rig.record).toMatchObject({ terminated: 'shutdown', stateVersion: 7 });
    expect(rig.frame('terminate').stateVersion).toBe(7);
    device.send(frame, 1);
    expect(rig.frame('terminate').stateVersion).toBe(7);
  });

  test('a TERMINATE on a channel that proved nothing ends nothing', () => {
    const { rig, device } = attached();
    const copy = device.copy('1');
    copy.shake(2);
    const { sessionId } = device;
    copy.send({ type: 'terminate', sessionId, reasonCode: 'shutdown', stateVersion: 7 }, 2);
    expect([rig.effects, rig.record?.terminated]).toEqual([[], null]);
  });

  test('its channels are kept to say so', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    device.probe(1);
    expect(rig.frame('probeAck')).toMatchObject({
      view: 'terminated',
      stateVersion: 2,
      transportId: 0,
    });
    device.move(1);
    expect(rig.refusal()).toBe('invalid_state');
  });
});

test('a store that answered after the transport TTL: the next silence ends the session, with its reason', () => {
  const { rig, device } = attached();
  rig.store = 'hold';
  device.move(1);
  rig.run(120_000);
  rig.store = 'answer';
  rig.release();
  expect(rig.seat.state).toBe('ATTACHED');
  rig.run(rig.config.limits.silenceMs);
  expect(rig.reports('transition')).toEqual([
    'transition hub_silence ATTACHED→RECOVERING',
    'transition transport_ttl_expired RECOVERING→TERMINATED',
  ]);
});

describe('an ended session', () => {
  test('◆ whoever still speaks in it is told so, once a second at most', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    const toldAfter = (ms: number) => {
      rig.run(ms);
      return device.data(1).some(({ kind }) => kind === 'send');
    };
    expect([toldAfter(1_000), toldAfter(0), toldAfter(999), toldAfter(1)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(rig.frame('terminate')).toMatchObject({
      sessionId: device.sessionId,
      reasonCode: 'operator_terminated',
    });
    expect(rig.record?.terminated).toBe('operator_terminated');
  });

  test('what it is told says nothing of when the binding was heard', () => {
    const { rig, device } = attached();
    const { heardAtMs } = rig.seat;
    rig.run(1_000);
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    expect(rig.seat.endToldAtMs).toBe(heardAtMs + 1_000);
    rig.run(1_000);
    device.data(1);
    expect([rig.seat.endToldAtMs, rig.seat.heardAtMs]).toEqual([heardAtMs + 2_000, heardAtMs]);
  });

  test('a channel that proved nothing is told nothing', () => {
    const { rig, device } = attached();
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
    rig.run(10_000);
    const stranger = device.copy('1');
    stranger.shake(1);
    expect(stranger.data(1).filter(({ kind }) => kind === 'send')).toEqual([]);
  });
});
