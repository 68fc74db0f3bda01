import { expect, test } from 'bun:test';
import {
  earlyReturn,
  excessSwitching,
  HoldWatch,
  leftHold,
  OscillationWatch,
  SwitchWatch,
} from '../../../../session/invariants/boundedSwitching.ts';
import { event, move, restarted } from './events.ts';

test('the cap passes, one more in the same minute does not', () => {
  expect(excessSwitching([0, 10, 20], 3)).toBeNull();
  expect(excessSwitching([0, 10, 20, 59_999], 3)).toContain('I7');
  expect(excessSwitching([0, 10, 20, 60_000], 3)).toBeNull();
  expect(excessSwitching([0, 50_000, 70_000, 80_000, 90_000], 3)).toContain('I7');
});

test('switches are counted as they come, and a clock that goes back begins anew', () => {
  const watch = new SwitchWatch(2);
  expect(watch.switched(0)).toBeNull();
  expect(watch.switched(10)).toBeNull();
  expect(watch.switched(59_999)).toContain('3 switches in 60 s from 0, cap 2');
  expect(watch.switched(60_005)).toContain('from 10');
  expect(watch.switched(5)).toBeNull();
  expect(watch.switched(6)).toBeNull();
});

test('nobody goes back to a failed link by plan before its penalty ends', () => {
  const back = { purpose: 'planned', reasonCode: 'failback', nowMs: 10, penaltyUntilMs: 11 };
  expect(earlyReturn(back)).toContain('failback goes back to a link 1 ms before');
  expect(earlyReturn({ ...back, purpose: 'quality' })).toContain('I7');
  expect(earlyReturn({ ...back, penaltyUntilMs: 10 })).toBeNull();
  expect(earlyReturn({ ...back, purpose: 'recovery' })).toBeNull();
  expect(earlyReturn({ ...back, reasonCode: 'operator_rebind' })).toBeNull();
});

const failed = (atMs: number, reasonCode = 'carrier_lost') =>
  move('ATTACHED', 'RECOVERING', atMs, { reasonCode, detail: { transportId: 1 } });
const failback = (atMs: number, transportId = 1) =>
  event({
    ...{ event: 'claim', reasonCode: 'failback', atMs },
    detail: { transportId, purpose: 'planned' },
  });

test('the first failure costs five seconds, each further one doubles it up to the limit', () => {
  const watch = new OscillationWatch(15_000);
  watch.see(failed(0));
  expect(watch.see(failback(4_999))).toContain('I7');
  expect(watch.see(failback(4_999, 2))).toBeNull();
  expect(watch.see(failback(5_000))).toBeNull();
  watch.see(failed(10_000));
  expect(watch.see(failback(19_999))).toContain('I7');
  expect(watch.see(failback(20_000))).toBeNull();
  watch.see(failed(20_000));
  expect(watch.see(failback(34_999))).toContain('I7');
  expect(watch.see(failback(35_000))).toBeNull();
  expect(watch.judged).toBe(7);
});

test('flaps are forgiven after ten minutes, a restart forgets them, some losses are nobody’s fault', () => {
  const forgiven = new OscillationWatch(600_000);
  forgiven.see(failed(0));
  forgiven.see(failed(605_001));
  expect(forgiven.see(failback(610_001))).toBeNull();
  const remembered = new OscillationWatch(600_000);
  remembered.see(failed(0));
  remembered.see(failed(605_000));
  expect(remembered.see(failback(614_999))).toContain('I7');
  remembered.see(restarted(614_999));
  expect(remembered.see(failback(614_999))).toBeNull();
  remembered.see(failed(614_999, 'binding_lost'));
  expect(remembered.see(failback(615_000))).toBeNull();
});

test('failback does not leave what an operator holds; whatever else leaves it may', () => {
  expect(leftHold('failback', true)).toBe('I7: failback leaves a binding that an operator holds');
  for (const reasonCode of ['quality_loss', 'budget_spent', 'operator_rebind', 'switch_abandoned'])
    expect(leftHold(reasonCode, true)).toBeNull();
  expect(leftHold('failback', false)).toBeNull();
});

const granted = (reasonCode = 'operator_rebind') =>
  move('VOLATILE', 'ATTACHED', 0, {
    ...{ reasonCode, detail: { trigger: 'reattach_accepted', transportId: 2 } },
  });
const switched = (transportId: number) => event({ event: 'switch', detail: { transportId } });

// biome-ignore format: this is a table
const HELD = [
  ['nothing but the rebind',              [granted(), switched(2)],                                   true],
  ['it was asked for and not granted',    [event({ event: 'claim', reasonCode: 'operator_rebind' })], false],
  ['it was planned and not granted',      [move('ATTACHED', 'VOLATILE', 0, { reasonCode: 'operator_rebind', detail: { trigger: 'switch_planned', transportId: 2 } })], false],
  ['another reason led there',            [granted('quality_loss'), switched(2)],                     false],
  ['left for another link',               [granted(), switched(2), switched(3)],                      false],
  ['the binding died',                    [granted(), switched(2), failed(1)],                        false],
  ['the session ended',                   [granted(), switched(2), move('ATTACHED', 'TERMINATED', 1)], false],
  ['the process is another one',          [granted(), switched(2), restarted(1)],                     false],
] as const;

for (const [what, events, isHeld] of HELD) {
  test(`an operator ${isHeld ? 'holds the binding' : 'holds nothing'}: ${what}`, () => {
    const watch = new HoldWatch();
    for (const one of events) expect(watch.see(one)).toBeNull();
    expect(watch.see(failback(60_000)) === null).toBe(!isHeld);
  });
}
