/** Goal: a verdict is right only if the session said what was done to it, and did no more than that. */
import { expect, test } from 'bun:test';
import { REASONS } from '../../../../../session/reasons.ts';
import { CLASSES, type ClassName, EXPECTATIONS } from '../../../../lab/bench/failover/classes.ts';
import { type AuditFact, verdictOf } from '../../../../lab/bench/failover/verdict.ts';

const ETH = 'eth0→203.0.113.1:51820';
const WLAN = 'wlan0→203.0.113.1:51820';
const before = { session_id: 'a', transport: ETH };

const transition = (
  from: string,
  to: string,
  reason_code: string,
  more: Partial<AuditFact> = {},
): AuditFact => ({
  event: 'transition',
  from,
  to,
  reason_code,
  session_id: 'a',
  transport: ETH,
  ...more,
});
const attached = (transport: string, from = 'RECOVERING') =>
  transition(from, 'ATTACHED', 'reattach_accepted', { transport });
const of = (name: ClassName, ...rows: AuditFact[]) => verdictOf(rows, before, EXPECTATIONS[name]);

test('the reason that was the case, and one switch', () => {
  expect(
    of('silent', transition('ATTACHED', 'RECOVERING', 'heartbeat_timeout'), attached(WLAN)),
  ).toEqual({ reason: 'heartbeat_timeout', fault: null, switches: 1 });
});

test('another reason is wrong, even if it saved the session', () => {
  const { fault } = of(
    'silent',
    transition('ATTACHED', 'RECOVERING', 'one_way_in'),
    attached(WLAN),
  );
  expect(fault).toBe('one_way_in instead of heartbeat_timeout');
});

test('which way was dead is the word of the hub, and has to be there, and right', () => {
  const dead = transition('ATTACHED', 'RECOVERING', 'heartbeat_timeout');
  const said = { ...transition('', '', 'one_way_in'), event: 'notice' };
  expect(of('one-way-in', dead, said, attached(WLAN))).toEqual({
    reason: 'one_way_in',
    fault: null,
    switches: 1,
  });
  expect(of('one-way-in', dead, attached(WLAN)).fault).toBe(
    'the hub did not say which way was dead',
  );
  expect(of('silent', dead, said, attached(WLAN)).fault).toBe(
    'the hub said that only the way in was dead',
  );
  const other = transition('ATTACHED', 'RECOVERING', 'one_way_out');
  expect(of('one-way-in', other, said, attached(WLAN)).fault).toBe(
    'one_way_out instead of heartbeat_timeout',
  );
});

test('a claim and a notice are no verdict', () => {
  const claim = { ...transition('', '', 'one_way_out'), event: 'claim' };
  expect(of('silent', claim)).toEqual({
    reason: 'none',
    fault: 'nothing was said of it',
    switches: 0,
  });
  expect(of('nat-rebind', claim).fault).toBeNull();
});

test('a link that is only bad may be left for that, and must not be given up for dead', () => {
  const volatile = transition('ATTACHED', 'VOLATILE', 'quality_loss');
  expect(of('loss30', volatile, attached(WLAN, 'VOLATILE')).fault).toBeNull();
  expect(of('loss30').fault).toBeNull();
  expect(of('loss30', transition('ATTACHED', 'RECOVERING', 'heartbeat_timeout')).fault).toBe(
    'heartbeat_timeout instead of quality_loss',
  );
  const dead = transition('VOLATILE', 'RECOVERING', 'one_way_out');
  expect(of('loss30', volatile, dead).fault).toBe('given up for dead: one_way_out');
});

test('an ended session and another session are wrong whatever the reason was', () => {
  const cut = transition('ATTACHED', 'RECOVERING', 'carrier_lost');
  const end = transition('RECOVERING', 'TERMINATED', 'recovery_window_exceeded');
  expect(of('carrier', cut, end).fault).toBe('the session ended: recovery_window_exceeded');
  const other = { ...attached(WLAN), session_id: 'b' };
  expect(of('carrier', cut, other).fault).toBe('another session');
});

test('switches are changes of transport, not attachments', () => {
  const rows = [attached(ETH), attached(WLAN), attached(WLAN), attached(ETH)];
  expect(of('hub-restart', ...rows).switches).toBe(2);
});

test('every class expects reasons that exist, and something at all', () => {
  for (const name of CLASSES) {
    const { causes, mayStay } = EXPECTATIONS[name];
    expect([name, causes.filter((cause) => !(cause in REASONS))]).toEqual([name, []]);
    expect([name, causes.length > 0 || mayStay]).toEqual([name, true]);
  }
});
