/** Goal: what a claim says of the device's own verdict is true of it, so that the hub's can wait for it. */
import { expect, test } from 'bun:test';
import type { LinkPolicy } from '../../../../session/device/limits.ts';
import { attachedDevice } from './driver.ts';
import { configOf, ETH, LIMITS, links, SECOND_MS, WLAN } from './setup.ts';

const CASES = [
  ['free', LIMITS.heartbeatIdleMs],
  ['metered', LIMITS.meteredStandbyProbeMs],
] as const;

for (const [cost, pauseMs] of CASES) {
  test(`◆ on a ${cost} link a claim says the pause between its questions and two seconds, and the verdict keeps it`, () => {
    const policies: Record<string, LinkPolicy> = {
      eth0: { preference: 10, cost: 'free' },
      wlan0: { preference: 30, cost },
    };
    const driver = attachedDevice([ETH, WLAN], { config: configOf({}, policies) });
    driver.links(links([WLAN]));
    driver.until('ATTACHED', 10 * SECOND_MS);
    const claim = driver.claims.find(({ type }) => type === 'reattach');
    expect(claim).toMatchObject({ noticeMs: pauseMs + 2 * SECOND_MS });
    // Idle through many questions, then silent at once behind an answer: as late as a verdict can be.
    driver.run(3 * pauseMs);
    const transport = () => driver.device.transports.find((one) => one.transportId === WLAN)!;
    driver.run(transport().probeAtMs! - driver.device.nowMs + SECOND_MS);
    const provenAtMs = transport().liveness.answeredAtMs!;
    const path = driver.peer.path(WLAN);
    path.isInOpen = false;
    path.isOutOpen = false;
    driver.until('RECOVERING', 2 * pauseMs);
    const knownAfterMs = driver.device.nowMs - provenAtMs;
    expect(knownAfterMs).toBeGreaterThan(pauseMs);
    expect(knownAfterMs).toBeLessThanOrEqual(pauseMs + 2 * SECOND_MS);
  });
}
