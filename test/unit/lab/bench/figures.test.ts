import { expect, test } from 'bun:test';
import { chartOf } from '../../../lab/bench/chart.ts';
import { figuresOf } from '../../../lab/bench/figures.ts';
import { RUN, roundAt } from './sample.ts';

const figures = figuresOf(RUN);

test('the top level: medians, and ratios of the same round', () => {
  expect(figures).toMatchObject({
    ...{ jvpn_mbps: 300, wireguard_go_mbps: 100, openvpn_mbps: 250 },
    // OpenVPN: of 0.5, 2 and 2. The ratio of the medians would be 300/250.
    ...{ ratio_wireguard_go: 3, ratio_openvpn: 2, ping_loaded_ms_p99: 15 },
    ...{ rounds: 3, seconds: 4, publishable: true, publishable_obstacles: [] },
  });
});

test('who was not measured is null at the top, absent below, and says why', () => {
  expect(figures).toMatchObject({
    ...{ jvpn_chacha_mbps: null, jvpn_nocipher_mbps: null },
    ...{ ratio_nocipher: null, ratio_chacha_nocipher: null },
    absent: { jvpn_nocipher: 'no source names it' },
  });
  expect(Object.keys(figures.contenders)).toEqual(['none', 'jvpn', 'wireguard_go', 'openvpn']);
});

test('the ratios to a build without a cipher', () => {
  const measured = {
    jvpn: [roundAt(300)],
    jvpn_chacha: [roundAt(250)],
    jvpn_nocipher: [roundAt(500)],
  };
  expect(figuresOf({ ...RUN, measured })).toMatchObject({
    ...{ ratio_nocipher: 0.6, ratio_chacha_nocipher: 0.5, ratio_openvpn: null },
  });
});

test('each contender: every flow, both processes, packets only of the rounds that measured them', () => {
  const { jvpn, none } = figures.contenders;
  expect(jvpn).toMatchObject({
    ...{ mtu: 1380, cipher: 'aes-256-gcm', rounds: 3 },
    tcp1_up: {
      mbps: { median: 300, min: 200, max: 500 },
      cpu_s_per_gb: { device: { median: 2 }, hub: { median: 3 } },
    },
    tcp1_down: { mbps: { median: 600 } },
    tcp4_up: { mbps: { median: 900 } },
    tcp4_down: { mbps: { median: 1200 } },
    udp64_pps: { median: 20_000, min: 20_000, max: 20_000 },
    udp200_pps: { median: 15_000 },
    ping_idle_ms: { median: 0.3 },
    ping_loaded_ms: { p50: { median: 4 }, p99: { median: 15 }, max: 20, lost: 3 },
    peak_rss_kib: { device: { median: 92_160 }, hub: { max: 102_400 } },
    peak_anon_kib: { device: { median: 40_960 }, hub: { min: 51_200 } },
  });
  expect(none).toMatchObject({ rounds: 1, peak_rss_kib: {}, tcp1_up: { cpu_s_per_gb: {} } });
});

test('an obstacle makes the figures not publishable', () => {
  const { publishable, publishable_obstacles } = figuresOf({ ...RUN, obstacles: ['busy'] });
  expect({ publishable, publishable_obstacles }).toEqual({
    ...{ publishable: false, publishable_obstacles: ['busy'] },
  });
});

test('the chart has a bar for each tunnel, as long as its median, and escapes what it is told', () => {
  const svg = chartOf(figures);
  const widths = [...svg.matchAll(/<rect x="130".*? width="([\d.]+)"/g)].map(([, w]) => Number(w));
  expect(widths).toHaveLength(3);
  expect(widths[0]! / widths[1]!).toBeCloseTo(3, 1);
  expect(svg).toContain('Test &lt;CPU&gt; &amp; Co');
  expect(svg).not.toContain('NaN');
});
