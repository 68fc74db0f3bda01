/**
 * Goal: the hub's verdict of silence never comes before the device can know of it; what it owes others meanwhile is as prompt
 * as ever.
 */
import { describe, expect, test } from 'bun:test';
import { attached, Process } from './process.ts';
import { Rig } from './rig.ts';

/** The rig's hub waits 5 s by itself and gives a recovery 30 s. */
const NOTICE_MS = 902_000;
const DAY_MS = 86_402_000;

/** Moved to transport 2 with a claim that says `noticeMs`. */
function told(noticeMs: number | null) {
  const { rig, device } = attached({ sessionTtlMs: 864_000_000 });
  device.noticeMs = noticeMs;
  device.move(2);
  return { rig, device };
}

/** How long after it was heard last the view is RECOVERING. */
function silentMs(rig: Rig): number {
  const sinceMs = rig.seat.nowMs;
  for (let turns = 0; turns < 100 && rig.seat.state === 'ATTACHED'; turns++) {
    rig.run((rig.seat.deadlineAtMs ?? rig.seat.nowMs) - rig.seat.nowMs);
  }
  expect(rig.seat.state).toBe('RECOVERING');
  return rig.seat.nowMs - sinceMs;
}

describe('the verdict of silence', () => {
  test('◆ waits as long as the claim says that the device may not know, and not longer', () => {
    expect(silentMs(told(NOTICE_MS).rig)).toBe(NOTICE_MS);
  });

  test('is the policy of the hub where the claim says nothing, or less than that', () => {
    expect(silentMs(told(null).rig)).toBe(5_000);
    expect(silentMs(told(0).rig)).toBe(5_000);
    expect(silentMs(told(4_999).rig)).toBe(5_000);
  });

  test('waits a day at most, whatever a claim says', () => {
    expect(silentMs(told(DAY_MS).rig)).toBe(DAY_MS);
    expect(silentMs(told(Number.MAX_SAFE_INTEGER).rig)).toBe(DAY_MS);
  });

  test('each claim says it anew: a move to a link that is asked often ends the patience', () => {
    const { rig, device } = told(NOTICE_MS);
    device.noticeMs = 7_000;
    device.move(1);
    expect(silentMs(rig)).toBe(7_000);
  });

  test('an ATTACH says it as well', () => {
    const rig = new Rig({ sessionTtlMs: 864_000_000 });
    const device = new Process(rig);
    device.noticeMs = NOTICE_MS;
    device.open(1);
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('a hub that was restarted learns it from the repeat of the claim', () => {
    const { rig, device } = attached({ sessionTtlMs: 864_000_000 });
    device.noticeMs = NOTICE_MS;
    const frame = device.reattachFrame(device.claim(2));
    device.send(frame, 2);
    rig.restart(500);
    device.shake(2);
    device.send(device.reattachFrame(frame.claim), 2);
    expect(rig.seat.state).toBe('ATTACHED');
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('MTU on the binding says it between claims, and its answer says it back', () => {
    const { rig, device } = told(7_000);
    device.send({ type: 'mtu', mtuBytes: 1_440, noticeMs: NOTICE_MS }, 2);
    expect(rig.frame('mtu')).toEqual({ type: 'mtu', mtuBytes: 1_440, noticeMs: NOTICE_MS });
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('MTU of a device that does not say it leaves what the claim said; an overtaken one what came since', () => {
    const { rig, device } = told(NOTICE_MS);
    device.send({ type: 'mtu', mtuBytes: 1_440, noticeMs: null }, 2);
    expect(rig.frame('mtu').noticeMs).toBe(NOTICE_MS);
    device.send({ type: 'mtu', mtuBytes: 1_440, noticeMs: 7_000 }, 2, { isNewest: false });
    expect(rig.frame('mtu').noticeMs).toBe(NOTICE_MS);
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('a hub that was restarted and is rejoined by ROTATE learns it by MTU', () => {
    const { rig, device } = told(NOTICE_MS);
    rig.restart(500);
    device.shake(2);
    device.rotate(2);
    expect([rig.seat.state, rig.seat.noticeMs]).toEqual(['ATTACHED', null]);
    const frame = { type: 'mtu', mtuBytes: 1_440, noticeMs: NOTICE_MS } as const;
    device.send(frame, 2, { isNewest: false });
    expect(rig.frame('mtu')).toEqual(frame);
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('a repeat of the claim does not bring back what MTU has replaced', () => {
    const { rig, device } = attached({ sessionTtlMs: 864_000_000 });
    device.noticeMs = 7_000;
    const frame = device.reattachFrame(device.claim(2));
    device.send(frame, 2);
    device.send({ type: 'mtu', mtuBytes: 1_440, noticeMs: NOTICE_MS }, 2);
    device.send(frame, 2);
    expect(silentMs(rig)).toBe(NOTICE_MS);
  });

  test('the recovery window is what it was: it begins with the verdict', () => {
    const { rig } = told(NOTICE_MS);
    rig.run(NOTICE_MS + 29_999);
    expect(rig.record?.terminated).toBeNull();
    rig.run(1);
    expect(rig.record?.terminated).toBe('recovery_window_exceeded');
  });
});

describe('before the verdict', () => {
  test('◆ who asks over another link is told that nothing comes over the binding', () => {
    const { rig, device } = told(NOTICE_MS);
    rig.run(4_999);
    device.probe(1);
    expect(rig.frame('probeAck')).toMatchObject({ view: 'carrying', transportId: 2 });
    rig.run(1);
    device.probe(1);
    expect(rig.frame('probeAck')).toMatchObject({ view: 'recovering', transportId: 2 });
    expect(rig.seat.state).toBe('ATTACHED');
    device.probe(2);
    expect(rig.frame('probeAck').view).toBe('carrying');
  });

  test('◆ a claim that shows the key but not the session is not made to wait for it', () => {
    const { rig, device } = told(NOTICE_MS);
    rig.run(60_000);
    const bare = new Process(rig, { sessionId: 'ee'.repeat(16), version: 100 }, '1');
    bare.shake(1);
    bare.send(bare.attachFrame(bare.claim(1), { isNew: true }), 1);
    const { reasonCode, retryAfterMs } = rig.frame('reject');
    expect([reasonCode, retryAfterMs]).toEqual(['session_live', 35_000]);
    rig.run(0);
    expect(rig.seat.state).toBe('RECOVERING');
    rig.run(30_000);
    expect(rig.record?.terminated).toBe('recovery_window_exceeded');
    expect(device.sessionId).not.toBe(bare.sessionId);
  });
});
