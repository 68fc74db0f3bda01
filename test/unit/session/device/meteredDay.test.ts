/**
 * Goal: what `jvpn policy budget` says of a day of LTE alone is what a device sends in one, frame by frame.
 * Method: the device's core of each profile through a day of virtual time, with a health report at the policy's interval and
 * a new channel two minutes after each, as the channel's age has it; each frame as encoded, each handshake as on the wire.
 */
import { expect, test } from 'bun:test';
import { tunnelRules } from '../../../../agent/rules.ts';
import { idleCost } from '../../../../policies/budget.ts';
import { loadPolicyText } from '../../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName } from '../../../../policies/profiles.ts';
import { SESSION_TIMES } from '../../../../session/channel/age.ts';
import { encodeFrame } from '../../../../session/wire/encode.ts';
import { PROBE_ACK_BYTES, PROBE_BYTES } from '../../../../session/wire/layout.ts';
import { INITIATION_BYTES, RESPONSE_BYTES } from '../../../../session/wire/messages.ts';
import { attachedDevice, type Driver, type Logged } from './driver.ts';
import { configOf, HOUR_MS, WWAN } from './setup.ts';

const DAY_MS = 24 * HOUR_MS;
/** IPv6 and UDP; header and tag. */
const OUTER_BYTES = 48;
const SEALED_BYTES = OUTER_BYTES + 32;
/** As the kernel counted a report with one link at the interface: PUBLISH in two segments, PUBACK, two acknowledgements. */
const REPORT_BYTES = 1_500 + 189 + 132 + 137 + 132;
const ROTATED_BYTES = 21;

function bytesOf(effect: Logged): number {
  if (effect.kind === 'keepalive') return SEALED_BYTES;
  if (effect.kind === 'handshake') return INITIATION_BYTES + RESPONSE_BYTES + 2 * OUTER_BYTES;
  if (effect.kind !== 'send') return 0;
  const { frame } = effect;
  const encoded = encodeFrame(frame).length;
  const answers: Record<string, number> = {
    probe: PROBE_ACK_BYTES,
    rotate: ROTATED_BYTES,
    mtu: encoded,
  };
  const answer = answers[frame.type];
  return SEALED_BYTES + encoded + (answer === undefined ? 0 : SEALED_BYTES + answer);
}

/** Packets of a report and its acknowledgement, over a round trip of 20 ms. */
function report(driver: Driver): void {
  driver.traffic(20, 20);
  driver.after(40, () => driver.traffic(10, 0, 'out'));
  driver.after(SESSION_TIMES.dataRekeyAfterMs, () => {
    const channelId = driver.device.channel?.channelId ?? 0;
    driver.feed({ kind: 'channelDue', atMs: driver.nowMs, channelId });
  });
}

function dayOf(name: ProfileName) {
  const loaded = loadPolicyText(PROFILES[name], Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`the profile ${name} does not load`);
  const { policy } = loaded;
  const { limits } = tunnelRules(policy, []);
  const config = configOf({ ...limits, sessionTtlMs: 2 * DAY_MS });
  const driver = attachedDevice([WWAN], { config });
  const { meteredHealthIntervalMs, meteredMqttKeepaliveMs } = policy.telemetry;
  // Else pings are a part of the day that is not played here.
  expect(meteredMqttKeepaliveMs).toBeGreaterThan(meteredHealthIntervalMs);
  const bytes = new Map<string, number>();
  for (let atMs = 0; atMs < DAY_MS; atMs += meteredHealthIntervalMs) {
    report(driver);
    driver.run(meteredHealthIntervalMs);
    for (const effect of driver.log) {
      const kind = effect.kind === 'send' ? effect.frame.type : effect.kind;
      const more = bytesOf(effect);
      if (more > 0) bytes.set(kind, (bytes.get(kind) ?? 0) + more);
    }
    bytes.set('report', (bytes.get('report') ?? 0) + REPORT_BYTES);
    driver.forget();
  }
  expect(driver.moves).toEqual([]);
  const probes = (bytes.get('probe') ?? 0) / (2 * SEALED_BYTES + PROBE_BYTES + PROBE_ACK_BYTES);
  const reports = DAY_MS / meteredHealthIntervalMs;
  const perReport = (probes - DAY_MS / policy.liveness.meteredStandbyProbeMs) / reports;
  return { bytes, perReport, computed: idleCost(policy, 6).activeLteBytesPerDay };
}

for (const name of PROFILE_NAMES) {
  test(`${name}: a day costs no more than computed, and not a fifth less`, () => {
    const { bytes, perReport, computed } = dayOf(name);
    const kinds = ['handshake', 'keepalive', 'mtu', 'probe', 'report', 'rotate'];
    expect([...bytes.keys()].sort()).toEqual(kinds);
    expect(perReport).toBeLessThanOrEqual(3);
    const day = [...bytes.values()].reduce((sum, more) => sum + more, 0);
    expect(day).toBeLessThanOrEqual(computed);
    expect(day).toBeGreaterThan(0.8 * computed);
  }, 60_000);
}
