/**
 * How long it takes from the cut of a link to the verdict and to the new binding, in virtual time.
 *
 * The cut comes at every phase of the cadence: `ROUNDS` rounds, each a little later than the one before. Round trips are exact here; what a kernel and a busy processor add is what `scripts/bench` is for.
 *
 * @module
 */
import { attachedDevice, type Driver } from './driver.ts';
import { configOf, ETH, LINK_POLICIES, SECOND_MS, WLAN } from './setup.ts';

/** Phases of a cadence of 15 to 25 ms. */
const ROUNDS = 12;
const STEP_MS = 2.1;
const METERED = configOf({}, { ...LINK_POLICIES, eth0: { preference: 10, cost: 'metered' } });

export interface Times {
  /** Cut to RECOVERING and the claim, milliseconds. */
  readonly verdictMs: readonly number[];
  /** Cut to ATTACHED on the other link. */
  readonly attachedMs: readonly number[];
  /** Bytes of probes and their answers a second before the cut, as IPv4 datagrams. */
  readonly probeBytesPerS: number;
}

export interface Scene {
  readonly rttMs: number;
  readonly everyMs: number;
  readonly cut: 'both' | 'out' | 'in';
  /** Data of the device, data of the hub, or both. */
  readonly data: 'both' | 'out' | 'in';
  /** Whether the link that is cut is metered. */
  readonly isMetered?: boolean;
}

/** A PROBE of small number: 28 of IP and UDP, header and tag 32, frame 6; its answer has 19 more (frames.json). */
export const PROBE_BYTES = 28 + 32 + 6;
export const ACK_BYTES = 28 + 32 + 25;

export function measure(scene: Scene): Times {
  const verdictMs: number[] = [];
  const attachedMs: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const config = scene.isMetered === true ? METERED : configOf();
    const driver = attachedDevice([ETH, WLAN], { config, delayMs: scene.rttMs / 2 });
    driver.traffic(scene.everyMs, 60 * SECOND_MS, scene.data);
    driver.run(2 * SECOND_MS + round * STEP_MS);
    driver.forget();
    driver.run(SECOND_MS);
    bytes += bytesOf(driver);
    const path = driver.peer.path(ETH);
    if (scene.cut !== 'in') path.isOutOpen = false;
    if (scene.cut !== 'out') path.isInOpen = false;
    const cutAtMs = driver.nowMs;
    driver.until('RECOVERING', 10 * SECOND_MS);
    verdictMs.push(driver.nowMs - cutAtMs);
    driver.until('ATTACHED', 10 * SECOND_MS);
    attachedMs.push(driver.nowMs - cutAtMs);
  }
  return { verdictMs, attachedMs, probeBytesPerS: bytes / ROUNDS };
}

function bytesOf(driver: Driver): number {
  const asked = driver.frames.filter(
    (frame) => frame.type === 'probe' && frame.transportId === ETH,
  );
  return asked.length * (PROBE_BYTES + ACK_BYTES);
}

/** The value that `percent` of `values` do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
