/**
 * Made-up rounds for tests of what is computed from them.
 *
 * @module
 */
import type { Run } from '../../../lab/bench/figures.ts';
import type { Round } from '../../../lab/bench/measure.ts';

/** All four TCP flows at `mbps` and multiples of it; `isTunnel` false: as the bare cable has it. */
export function roundAt(mbps: number, changes: Partial<Round> = {}, isTunnel = true): Round {
  const ends = (device: number, hub: number) => (isTunnel ? { device, hub } : {});
  const tcp = (factor: number) => ({ mbps: mbps * factor, cpuPerGb: ends(2, 3) });
  return {
    tcp: { tcp1_up: tcp(1), tcp1_down: tcp(2), tcp4_up: tcp(3), tcp4_down: tcp(4) },
    udp64Pps: 20_000,
    udp200Pps: 15_000,
    pingIdle: { p50: 0.3, p99: 0.9, max: 1.2, lost: 0 },
    pingLoaded: { p50: 4, p99: 15, max: 20, lost: 1 },
    peakKib: ends(92_160, 102_400),
    peakAnonKib: ends(40_960, 51_200),
    pauses: isTunnel ? { device: { count: 2, maxMs: 1.5 }, hub: { count: 3, maxMs: 2 } } : {},
    mtuBytes: 1380,
    cipher: 'aes-256-gcm',
    about: 'jvpn 0.1.0',
    ...changes,
  };
}

export const RUN: Run = {
  machine: { cpu: 'Test <CPU> & Co', cores: 2, commit: 'abcdef012345' },
  rounds: 3,
  seconds: 4,
  obstacles: [],
  measured: {
    none: [roundAt(10_000, {}, false)],
    jvpn: [roundAt(300), roundAt(200), roundAt(500, { udp64Pps: null, udp200Pps: null })],
    jvpn_nocipher: [],
    wireguard_go: [roundAt(100), roundAt(50), roundAt(250)],
    openvpn: [roundAt(600), roundAt(100), roundAt(250)],
  },
  absent: { jvpn_nocipher: 'no source names it' },
};
