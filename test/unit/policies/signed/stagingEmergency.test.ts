/**
 * Goal: an emergency on its way through a device: what is asked of the shell, and what a failing step leaves.
 *
 * Method: as in staging.test.ts.
 */
import { describe, expect, test } from 'bun:test';
import { bodyOfTable } from '../../../../policies/signed/body.ts';
import type { Claims } from '../../../../policies/signed/claims.ts';
import { NOTHING_PUSHED } from '../../../../policies/signed/record.ts';
import { nextPushDeadline, policyInForce } from '../../../../policies/signed/staging.ts';
import { NOW, NOW_S, UNKNOWN, unproven } from './documents.ts';
import { CALM, Device, emergency, pushed, WINDOW_MS } from './stagedDevice.ts';

describe('an emergency', () => {
  const switches = (device: Device) => policyInForce(device.state).switching.maxSwitchesPerMinute;

  test('tightens until it ends by itself', () => {
    const device = new Device();
    device.take(emergency(1, CALM));
    const begun = ['write emergency', 'emergency_began 1', 'apply configured 1'];
    expect([device.asked, switches(device)]).toEqual([begun, 4]);
    expect(nextPushDeadline(device.state)).toBe(3_600_000);
    device.after(3_599_999);
    expect([device.asked, switches(device)]).toEqual([[], 4]);
    device.after(1);
    const ended = ['emergency_ended 1', 'apply configured 1', 'write nothing'];
    expect([device.asked, switches(device)]).toEqual([ended, 8]);
  });

  test('never loosens: of each field the tighter value holds', () => {
    const device = new Device();
    device.take(emergency(1, { switching: { max_switches_per_minute: 60, cooldown_ms: 5_000 } }));
    const { maxSwitchesPerMinute, cooldownMs } = policyInForce(device.state).switching;
    expect([maxSwitchesPerMinute, cooldownMs]).toEqual([8, 5_000]);
  });

  test('holds over a restart until its end', () => {
    const held = { ...NOTHING_PUSHED, emergency: emergency(1, CALM).bytes };
    expect(switches(new Device({ record: held }))).toBe(4);
    const later = { wallMs: NOW.wallMs + 3_600_000, isKnown: true };
    const device = new Device({ record: held, clock: later });
    const over = ['emergency_ended 1', 'write emergency that is over'];
    expect([device.asked, switches(device)]).toEqual([over, 8]);
    // A clock that is ahead before it is put right would say the same.
    device.after(3_599_999);
    expect(device.asked).toEqual([]);
    device.after(1);
    expect(device.asked).toEqual(['write nothing']);
  });

  const ahead = { wallMs: NOW.wallMs + 2 * 366 * 86_400_000, isKnown: true };

  test('is ended for good neither by a start nor by a moment with a clock that is ahead', () => {
    const held = { ...NOTHING_PUSHED, emergency: emergency(1, CALM).bytes };
    const device = new Device({ record: held, clock: ahead });
    const over = ['emergency_ended 1', 'write emergency that is over'];
    expect([device.asked, switches(device)]).toEqual([over, 8]);
    for (const jump of [NOW, ahead, NOW]) {
      device.clock = jump;
      device.after(10_000);
      const isOver = jump === ahead;
      const said = `emergency_${isOver ? 'ended' : 'began'} 1`;
      expect([device.asked, switches(device)]).toEqual([
        [said, 'apply configured 1', `write emergency${isOver ? ' that is over' : ''}`],
        isOver ? 8 : 4,
      ]);
    }
    device.after(3_590_000);
    const ended = ['emergency_ended 1', 'apply configured 1', 'write emergency that is over'];
    expect([device.asked, switches(device)]).toEqual([ended, 8]);
  });

  /** A vehicle without a battery for its clock, on trips of twenty minutes. */
  test('◆ that a clock has ended is not begun again by starts without one, however many; by a clock it is', () => {
    const before = new Device();
    before.take(emergency(1, CALM));
    const late = { wallMs: NOW.wallMs + 3_590_000, isKnown: true };
    const device = new Device({ record: before.state.record, clock: late });
    expect(switches(device)).toBe(4);
    device.after(10_000);
    expect(switches(device)).toBe(8);
    let { record } = device.state;
    for (let trip = 0; trip < 3; trip++) {
      const started = new Device({ record, clock: UNKNOWN });
      expect([started.asked, switches(started)]).toEqual([[], 8]);
      started.after(600_000);
      started.clock = { wallMs: NOW.wallMs + 86_400_000, isKnown: true };
      started.after(600_000);
      expect([started.asked, switches(started)]).toEqual([[], 8]);
      ({ record } = started.state);
    }
    expect(record.emergency).not.toBeNull();
    // It had been ahead.
    const back = new Device({ record, clock: UNKNOWN });
    back.clock = NOW;
    back.after(0);
    expect(back.asked).toEqual(['emergency_began 1', 'apply configured 1', expect.any(String)]);
    expect(switches(back)).toBe(4);
    // At a start as well.
    const again = new Device({ record });
    expect([again.asked[0], switches(again)]).toEqual(['emergency_began 1', 4]);
    // And that is what a start without one begins with from then on.
    expect(switches(new Device({ record: back.state.record, clock: UNKNOWN }))).toBe(4);
    // Another one is another one.
    device.clock = NOW;
    device.take(emergency(2, CALM));
    expect(switches(new Device({ record: device.state.record, clock: UNKNOWN }))).toBe(4);
  });

  test('that is over by a clock that is ahead is forgotten when it could not hold any more', () => {
    const device = new Device();
    device.take(emergency(1, CALM));
    device.after(1_800_000);
    device.forget();
    device.clock = ahead;
    device.after(0);
    const ended = ['emergency_ended 1', 'apply configured 1', 'write emergency that is over'];
    expect(device.asked).toEqual(ended);
    expect(nextPushDeadline(device.state)).toBe(3_900_000);
    device.after(2_099_999);
    expect(device.asked).toEqual([]);
    device.after(1);
    expect(device.asked).toEqual(['write nothing']);
    // Another one takes the place of one that is only over.
    device.clock = NOW;
    device.take(emergency(2, CALM));
    device.clock = ahead;
    device.after(0);
    device.clock = NOW;
    device.take(emergency(3, { switching: { max_switches_per_minute: 6 } }));
    device.after(0);
    expect(switches(device)).toBe(6);
    // One that is withdrawn while it is only over does not begin again.
    device.clock = ahead;
    device.after(0);
    device.take(
      unproven({
        kind: 'emergency',
        version: 4,
        expiresS: ahead.wallMs / 1_000 + 600,
        notBeforeS: ahead.wallMs / 1_000 - 600,
        body: new Map(),
      }),
    );
    device.clock = NOW;
    device.after(0);
    expect(switches(device)).toBe(8);
  });

  test('without a clock lasts as long as it may, and less once the clock is known', () => {
    const device = new Device({ clock: UNKNOWN });
    device.take(emergency(1, CALM));
    expect(nextPushDeadline(device.state)).toBe(3_900_000); // from not before to expires
    device.clock = { wallMs: (NOW_S + 3_590) * 1_000, isKnown: true };
    device.after(0);
    expect(nextPushDeadline(device.state)).toBe(10_000);
    device.clock = NOW; // set back
    device.after(10_000);
    expect([switches(device), nextPushDeadline(device.state)]).toEqual([4, 3_600_000]);
    device.clock = { wallMs: NOW.wallMs - 36_000_000, isKnown: true };
    device.after(3_889_999);
    expect(switches(device)).toBe(4);
    device.after(1);
    expect(switches(device)).toBe(8);
  });

  test('is not ended sooner by a clock that is behind what documents prove', () => {
    const device = new Device({ clock: UNKNOWN });
    device.take(emergency(1, CALM));
    const table = { version: 2, name: 'later' };
    device.take(unproven({ version: 2, notBeforeS: NOW_S + 10_000, body: bodyOfTable(table)! }));
    device.tell({ kind: 'proven' });
    device.clock = { wallMs: (NOW_S + 3_590) * 1_000, isKnown: true };
    device.after(0);
    expect(nextPushDeadline(device.state)).toBe(3_900_000);
  });

  test('lasts no longer than it was signed for, however far the clock was set back', () => {
    const held = { ...NOTHING_PUSHED, emergency: emergency(1, CALM).bytes };
    const back = { wallMs: NOW.wallMs - 36_000_000, isKnown: true };
    const device = new Device({ record: held, clock: back });
    expect([switches(device), nextPushDeadline(device.state)]).toEqual([4, 3_900_000]);
    device.after(3_900_000);
    expect(switches(device)).toBe(8);
  });

  test('holds over a policy on trial and over the one that is gone back to', () => {
    const device = new Device();
    device.take(pushed(2, { switching: { max_switches_per_minute: 12 } }));
    device.take(emergency(1, CALM));
    expect([device.followed, switches(device)]).toEqual(['pushed 2', 4]);
    device.after(WINDOW_MS);
    expect([device.followed, switches(device)]).toEqual(['configured 1', 4]);
  });

  test('another one takes its place, one without values ends it', () => {
    const device = new Device();
    device.take(emergency(1, CALM));
    device.take(emergency(2, { switching: { max_switches_per_minute: 6 } }));
    expect(switches(device)).toBe(6);
    device.forget();
    device.take(emergency(3, {}));
    expect([device.asked[1], switches(device)]).toEqual(['emergency_ended 3', 8]);
    device.take(emergency(2, CALM));
    expect(device.asked).toEqual(['document_replayed 2']);
  });

  test('is not ended by a withdrawal for another target that was held back', () => {
    const device = new Device();
    const at = (target: Claims['target'], version: number, notBeforeS: number, tables: object) =>
      unproven({
        ...{ kind: 'emergency', target, version, notBeforeS, expiresS: NOW_S + 3_600 },
        body: bodyOfTable(tables as Readonly<Record<string, unknown>>)!,
      });
    device.take(at({ level: 'group', fleet: 'acme', name: 'south' }, 8, NOW_S - 60, CALM));
    device.forget();
    const fleet = { level: 'fleet', name: 'acme' } as const;
    device.take(at(fleet, 2, NOW_S - 86_400, {}));
    expect([device.asked, switches(device)]).toEqual([['document_older 2'], 4]);
    // Nor does an older one begin once it is withdrawn.
    device.take(at(fleet, 3, NOW_S - 59, {}));
    device.forget();
    device.take(at({ level: 'device', fleet: 'acme', name: 'kiosk-7' }, 1, NOW_S - 3_600, CALM));
    expect([device.asked, switches(device)]).toEqual([['document_older 1'], 8]);
  });

  test('that would break a rule, or names what no emergency may touch, is refused', () => {
    const device = new Device();
    device.take(emergency(1, { session: { transport_ttl_ms: 10_000 } })); // below recovery_window_ms
    device.take(emergency(1, { liveness: { dead_after_missed: 20 } }));
    device.take(emergency(1, { session: { ttl_ms: 1 } }));
    expect(device.asked).toEqual(Array(3).fill('document_invalid 1'));
  });

  test('rolls a policy on trial back that would break a rule together with it, and holds over the one before', () => {
    const device = new Device();
    device.take(pushed(2, { session: { transport_ttl_ms: 600_000, recovery_window_ms: 300_000 } }));
    device.forget();
    device.take(emergency(1, { session: { ttl_ms: 300_000 } }));
    expect(device.asked).toEqual([
      ...['write pending emergency', 'emergency_began 1', 'apply configured 1'],
      ...['policy_rolled_back 2 emergency', 'write emergency'],
    ]);
    expect(policyInForce(device.state).session.ttlMs).toBe(300_000);
  });

  test('keeps out a policy that would break a rule together with it', () => {
    const device = new Device();
    device.take(emergency(1, { session: { recovery_window_ms: 5_000, transport_ttl_ms: 5_000 } }));
    device.forget();
    device.take(pushed(2, { session: { recovery_window_ms: 4_000, transport_ttl_ms: 4_500 } }));
    expect(device.asked[0]).toBe('write pending emergency'); // tighter by itself
    device.tell({ kind: 'proven' });
    device.forget();
    device.take(emergency(2, { admission: { reattach_per_session_per_minute: 8 } }));
    device.take(pushed(3, { switching: { max_switches_per_minute: 12 } }));
    expect(device.asked.at(-1)).toBe('document_invalid 3');
  });
});
