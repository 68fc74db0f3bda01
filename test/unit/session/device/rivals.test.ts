/** Goal: a preferred link that nobody can go to costs no more than any other that is not used. */
import { expect, test } from 'bun:test';
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, HOUR_MS, LINK_POLICIES, links, MINUTE_MS, WWAN } from './setup.ts';

/** Steps and questions of an hour behind a minute in which everything settles. */
function hourOf(driver: Driver): { readonly steps: number; readonly asked: number } {
  driver.links(links([ETH, WWAN]));
  driver.run(MINUTE_MS);
  const before = driver.steps;
  driver.forget();
  driver.run(HOUR_MS);
  expect([driver.device.activeId, driver.moves]).toEqual([WWAN, []]);
  const asked = driver.frames.filter(
    ({ type, transportId }) => type === 'probe' && transportId === ETH,
  );
  return { steps: driver.steps - before, asked: asked.length };
}

/** An unmetered standby is asked every 10 s: the question, and its answer or its miss; and the binding beside it. */
const STANDBY = { asked: 362, steps: 900 };

function expectStandby(found: ReturnType<typeof hourOf>): void {
  expect(found.asked).toBeLessThanOrEqual(STANDBY.asked);
  expect(found.steps).toBeLessThanOrEqual(STANDBY.steps);
}

test('◆ it leads nowhere', () => {
  const driver = attachedDevice([WWAN]);
  driver.peer.path(ETH).isOutOpen = false;
  expectStandby(hourOf(driver));
});

test('◆ it may never be used', () => {
  const config = configOf({}, { ...LINK_POLICIES, eth0: { preference: 10, cost: 'never' } });
  const { asked, steps } = hourOf(attachedDevice([WWAN], { config }));
  expect([asked, steps < 200]).toEqual([0, true]);
});

test('◆ only a failure would lead there, and that was said', () => {
  const config = configOf({ failback: 'on_failure' });
  const driver = attachedDevice([WWAN], { config });
  driver.links(links([ETH, WWAN]));
  driver.run(MINUTE_MS);
  const said = driver.audit.filter(({ detail }) => detail['denied'] === 'failback_on_failure');
  expect(said).toHaveLength(1);
  expectStandby(hourOf(driver));
});

test('one that was silent for an hour is gone back to as soon as it has proven itself', () => {
  const driver = attachedDevice([WWAN]);
  driver.peer.path(ETH).isOutOpen = false;
  hourOf(driver);
  driver.peer.path(ETH).isOutOpen = true;
  const fromMs = driver.nowMs;
  driver.run(HOUR_MS, () => driver.device.activeId === ETH);
  const { failbackStableMs, standbyProbeMs } = driver.config.limits;
  expect(driver.nowMs - fromMs).toBeLessThanOrEqual(standbyProbeMs + failbackStableMs + 1_500);
});
