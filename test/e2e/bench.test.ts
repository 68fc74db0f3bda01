/**
 * Goal: the bench measures what it says it measures, writes every figure, and leaves nothing behind.
 *
 * Method: one very short round of jvpn alone, with the binary of this tree. Figures are checked for being sane, not
 * for being good: other tests may share the machine.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { labNamespaces } from '../lab/namespace.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/bench/main.ts');
const folder = folderForTests('jvpn-bench-');
const work = join(folder, 'work');
const obstacle =
  isolationObstacle ?? (Bun.which('iperf3') === null ? 'iperf3 is not installed' : null);

let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (...argv: string[]) =>
  run([process.execPath, MAIN, ...argv], { mayFail: true, env: { TMPDIR: work } });

interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Measured, ordered, and within reason. */
function expectSane(name: string, spread: Spread, [low, high]: readonly [number, number]): void {
  const { median, min, max } = spread;
  const isSane = low < min && min <= median && median <= max && max < high;
  expect({ name, spread, isSane }).toEqual({ name, spread, isSane: true });
}

testUnless(
  obstacle,
  'one short round of jvpn: all figures, all sane, not publishable, nothing left',
  async () => {
    const [json, svg] = [join(folder, 'out.json'), join(folder, 'out.svg')];
    const before = labNamespaces();
    const { code, stdout, stderr } = await bench(
      ...['throughput', '--quick', '--seconds', '1', '--only', 'jvpn'],
      ...['--binary', binary, '--json', json, '--svg', svg],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const figures = JSON.parse(readFileSync(json, 'utf8'));

    expect(Object.keys(figures)).toEqual([
      ...['jvpn_mbps', 'jvpn_chacha_mbps', 'jvpn_nocipher_mbps', 'wireguard_go_mbps'],
      ...['openvpn_mbps', 'ratio_wireguard_go', 'ratio_openvpn', 'ratio_nocipher'],
      ...['ratio_chacha_nocipher', 'ping_loaded_ms_p99', 'rounds', 'seconds', 'publishable'],
      ...['publishable_obstacles', 'machine', 'absent', 'contenders'],
    ]);
    expect(figures).toMatchObject({
      ...{ rounds: 1, seconds: 1, publishable: false, absent: {} },
      ...{ wireguard_go_mbps: null, ratio_wireguard_go: null },
    });
    expect(figures.publishable_obstacles).toContain('a quick look');
    expect(figures.machine).toMatchObject({
      bun: Bun.version,
      cores: navigator.hardwareConcurrency,
    });
    expect(figures.machine.commit).toMatch(/^([0-9a-f]{12}(\+changes)?|unknown|uncommitted)$/);

    expect(Object.keys(figures.contenders)).toEqual(['jvpn']);
    const { jvpn } = figures.contenders;
    expect(jvpn.cipher).toBe('aes-256-gcm');
    expect(jvpn.mtu).toBeGreaterThanOrEqual(1280);
    expect(figures.jvpn_mbps).toBe(jvpn.tcp1_up.mbps.median);
    expect(figures.ping_loaded_ms_p99).toBe(jvpn.ping_loaded_ms.p99.median);
    for (const flow of ['tcp1_up', 'tcp1_down', 'tcp4_up', 'tcp4_down']) {
      expectSane(flow, jvpn[flow].mbps, [1, 100_000]);
      for (const end of ['device', 'hub']) {
        expectSane(`${flow} ${end}`, jvpn[flow].cpu_s_per_gb[end], [0, 1_000]);
      }
    }
    for (const size of ['udp64_pps', 'udp200_pps']) expectSane(size, jvpn[size], [100, 10_000_000]);
    expectSane('ping_idle_ms', jvpn.ping_idle_ms, [0, 1_000]);
    const { p50, p99, max } = jvpn.ping_loaded_ms;
    expectSane('ping p50', p50, [0, 5_000]);
    expectSane('ping p99', p99, [0, 5_000]);
    expect(p50.median <= p99.median && p99.median <= max).toBe(true);
    for (const end of ['device', 'hub']) {
      expectSane(`${end} anonymous`, jvpn.peak_anon_kib[end], [1_000, 1_000_000]);
      const anonKib: number = jvpn.peak_anon_kib[end].median;
      expectSane(`${end} resident`, jvpn.peak_rss_kib[end], [anonKib, 2_000_000]);
    }

    for (const text of ['round 1/1  jvpn', 'TCP 4 down', 'NOT PUBLISHABLE: a quick look']) {
      expect(stdout).toContain(text);
    }
    expect(readFileSync(svg, 'utf8')).toContain('>jvpn</text>');
    expect(labNamespaces().filter((name) => !before.includes(name))).toEqual([]);
    expect(readdirSync(work)).toEqual([]);
  },
  120_000,
);

test('wrong arguments: exit 2 and a sentence', async () => {
  for (const argv of [
    [],
    ['failover'],
    ['throughput'],
    ['throughput', '--binary', '/nowhere/jvpn'],
    ['throughput', '--binary', binary, '--only', 'ipsec'],
  ]) {
    const { code, stderr } = await bench(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(stderr).toContain('see scripts/bench --help');
  }
});

testUnless(
  obstacle,
  'a jvpn that does not start: exit 1, and who it was',
  async () => {
    const { code, stderr } = await bench(
      ...['throughput', '--quick', '--only', 'jvpn', '--binary', '/bin/false'],
    );
    expect(code).toBe(1);
    expect(stderr).toContain('bench: ');
    expect(readdirSync(work)).toEqual([]);
  },
  60_000,
);
