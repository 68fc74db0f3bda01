/**
 * Goal: `bench failover` measures what it says it measures beside its peers, writes every figure, goes on where a run
 * ended, and leaves nothing behind.
 *
 * Method: a silence of known length, made without a tunnel; and one class at one round trip, two rounds in two runs, with the binary of this tree. Figures are checked for being
 * sane, not for being good: other tests may share the machine.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import type { ClassRow } from '../lab/bench/failover/figures.ts';
import { LoadEnd, loadArgv } from '../lab/bench/failover/loadEnd.ts';
import { damageOf } from '../lab/bench/failover/stalls.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { orphans } from '../lab/namespace.ts';
import { HUB, LINK_PLANS } from '../lab/plan.ts';
import { run } from '../lab/process.ts';
import { canMakeNamespaces } from '../lab/rootless.ts';
import { topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/bench/main.ts');
const folder = folderForTests('jvpn-failover-');
const work = join(folder, 'work');

let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failover = (...argv: string[]) =>
  run([process.execPath, MAIN, 'failover', '--binary', binary, ...argv], {
    mayFail: true,
    env: { TMPDIR: work },
  });

/** Ordered, and within reason. */
function expectSane(what: string, row: ClassRow, field: 'gap_ms' | 'tcp_stall_ms', least: number) {
  const ends = ['min', 'p25', 'p50', 'p75', 'p95', 'p99', 'max'] as const;
  const values = ends.map((end) => row[`${field}_${end}`]!);
  expect([what, values]).toEqual([what, [...values].sort((a, b) => a - b)]);
  expect(values[0]).toBeGreaterThan(least);
  expect(values.at(-1)).toBeLessThan(20_000);
  expect(row[field]).toHaveLength(row.rounds);
}

testUnless(
  isolationObstacle,
  'two silent links in two runs: all figures, peers and controls, not publishable, nothing left',
  async () => {
    const [json, svg, rounds] = ['f.json', 'f.svg', 'rounds'].map((name) => join(folder, name));
    const argv = ['--json', json!, '--svg', svg!, '--resume', rounds!, '--lanes', '1'];
    const selected = [...argv, '--only', 'silent', '--rtt', '10'];
    const first = await failover(...selected, '--rounds', '1');
    expect([first.code, first.stderr]).toEqual([0, '']);
    const begun = JSON.parse(readFileSync(json!, 'utf8'));
    expect(begun.rtt_10.silent.rounds).toBe(1);

    const { code, stdout, stderr } = await failover(...selected, '--rounds', '2');
    expect([code, stderr]).toEqual([0, '']);
    // A peer that this machine cannot run has no rounds.
    expect(stdout).toMatch(/[345] of 10 rounds are there already/);
    const figures = JSON.parse(readFileSync(json!, 'utf8'));
    const { silent } = figures.rtt_10;
    expect(silent).toMatchObject({ rounds: 2, failed: 0 });
    // The round of the first run is in the figures of the second.
    expect(silent.gap_ms).toContain(begun.rtt_10.silent.gap_ms[0]);
    // A link that says nothing takes longer to be noticed than a datagram takes to follow another one.
    expectSane('silent', silent, 'gap_ms', 20);
    expectSane('silent', silent, 'tcp_stall_ms', 20);
    expect(silent.sent).toBeGreaterThan(2 * silent.gap_ms_max);
    expect(silent.lost).toBeLessThan(silent.sent);
    expect(Object.keys(silent.verdicts).length).toBeGreaterThan(0);
    expect(silent.switches_max).toBe(1);
    expect(silent.overhead_bytes_p50).toBeGreaterThan(0);

    for (const kind of ['jvpn', 'no_tunnel'] as const) {
      const control: ClassRow = figures.control[kind].rtt_10;
      expectSane(kind, control, 'gap_ms', 0.9);
      // Both directions of a second and more, every millisecond.
      expect(control.sent).toBeGreaterThan(2 * 2 * 1_000);
      expect([kind, control.lost, control.duplicated]).toEqual([kind, 0, 0]);
    }
    for (const [peer, field] of [
      ['mptcp', 'tcp_stall_ms'],
      ['wireguard_go', 'gap_ms'],
    ] as const) {
      const row: ClassRow | undefined = figures.peers[peer].rtt_10?.silent;
      if (row === undefined) expect(figures.absent[peer]).toBeString();
      else expectSane(peer, row, field, 10);
    }
    expect(figures.publishable).toBe(false);
    expect(figures.publishable_obstacles).toContain('not every class');
    expect(stdout).toContain('NOT PUBLISHABLE: fewer than 30 rounds a class');
    expect(readFileSync(svg!, 'utf8')).toContain('>silent</text>');
    expect(existsSync(rounds!)).toBe(true);
    expect(orphans()).toEqual([]);
    expect(readdirSync(work)).toEqual([]);
  },
  60_000,
);

testUnless(
  (await canMakeNamespaces()) ? null : 'namespaces of its own need root or test/lab/rootless.ts',
  'the instrument: a link that is silent for 300 ms shows just that, and before it nothing',
  async () => {
    const silentMs = 300;
    await using net = await topology({ impair: { eth0: { delayMs: 25 } } });
    const end = (role: 'device' | 'hub') =>
      new LoadEnd(net.spawn(role, loadArgv()), join(folder, `${role}.record`));
    const [device, hub] = [end('device'), end('hub')];
    const open = { op: 'open', round: 1, udp: true, protocol: 'tcp' } as const;
    await hub.order({ ...open, peer: LINK_PLANS[0]!.v4.deviceAddress, tcp: 'listen' });
    await device.order({ ...open, peer: HUB.v4, tcp: 'dial' });
    const settled = async () => {
      const { nowMs, streamBytes } = await device.order({ op: 'look' });
      const order = { op: 'settle', afterMs: nowMs, datagrams: 200, bytes: streamBytes } as const;
      const answers = await Promise.all([device, hub].map((load) => load.order(order)));
      return Math.max(...answers.map((answer) => answer.nowMs));
    };
    const quietFromMs = await settled();
    const quietToMs = await settled();
    const fromAtMs = await net.silence('eth0', true);
    await Bun.sleep(silentMs);
    const overAtMs = await net.silence('eth0', false);
    const toAtMs = await settled();
    const [up, down] = [await device.order({ op: 'stop' }), await hub.order({ op: 'stop' })];
    await hub.order({ op: 'drain', seq: up.sent - 1 });
    await device.order({ op: 'drain', seq: down.sent - 1 });
    const records = [await device.report(), await hub.report()] as const;

    const quiet = damageOf(...records, { fromAtMs: quietFromMs, toAtMs: quietToMs }, true);
    expect([quiet.lost, quiet.duplicated]).toEqual([0, 0]);
    // Two a millisecond; a machine that pauses brings the rest later.
    expect(quiet.sent).toBeGreaterThan(1.5 * (quietToMs - quietFromMs));
    const { gapUpMs, gapDownMs, lost, pauseMs, tcpStallMs } = damageOf(
      ...records,
      { fromAtMs, toAtMs },
      true,
    );
    const cutMs = overAtMs - fromAtMs;
    expect(cutMs).toBeGreaterThanOrEqual(silentMs - 1);
    // A datagram more at either end, and whatever else this machine does.
    const lateMs = Math.max(20, quiet.gapMs!) + pauseMs;
    for (const gapMs of [gapUpMs!, gapDownMs!]) {
      expect(gapMs).toBeGreaterThan(cutMs - 2);
      expect(gapMs).toBeLessThan(cutMs + lateMs);
    }
    expect(Math.abs(lost - 2 * cutMs)).toBeLessThan(2 * lateMs);
    // TCP finds out by its timer that it may go on.
    expect(tcpStallMs).toBeGreaterThan(cutMs - 2);
  },
  30_000,
);

test('wrong arguments: exit 2 and a sentence', async () => {
  for (const argv of [
    ['--only', 'earthquake'],
    ['--rtt', '20'],
    ['--rounds', '0'],
    ['--lanes', '9'],
    ['--what'],
  ]) {
    const { code, stderr } = await failover(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(stderr).toContain('see scripts/bench --help');
  }
});

testUnless(
  isolationObstacle,
  'a jvpn that does not start: exit 1, and no figures',
  async () => {
    const json = join(folder, 'none.json');
    const broken = await run(
      [process.execPath, MAIN, 'failover', '--quick', '--binary', '/bin/false', '--json', json],
      { mayFail: true, env: { TMPDIR: work } },
    );
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain('bench: ');
    expect(existsSync(json)).toBe(false);
    expect(readdirSync(work)).toEqual([]);
  },
  60_000,
);
