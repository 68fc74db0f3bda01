/**
 * Goal: what the demo promises is so: every step happens, nothing breaks, the figures are within their limits, and
 * nothing is left behind. And when something is wrong, it says so.
 *
 * Method: the demo as `scripts/demo` starts it, once with the binary of this tree, then with one whose agent does not start.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { folderForTests } from '../folder.ts';
import { isolationObstacle } from '../lab/isolated.ts';
import { labNamespaces } from '../lab/namespace.ts';
import { run } from '../lab/process.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const MAIN = resolve(import.meta.dir, '../lab/demo/main.ts');
const folder = folderForTests('jvpn-demo-');
const work = join(folder, 'work');

let binary = '';

beforeAll(async () => {
  mkdirSync(work);
  binary = await buildBinary(join(folder, 'built'));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const demo = (...argv: string[]) =>
  run([process.execPath, MAIN, ...argv], { mayFail: true, env: { TMPDIR: work } });

interface Cut {
  readonly name: string;
  readonly gap_ms: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reason_code: string;
  readonly from: string;
  readonly to: string;
}

testUnless(
  isolationObstacle,
  'the demo: every step, one session, intact flows, figures within their limits',
  async () => {
    const json = join(folder, 'out.json');
    const before = labNamespaces();
    const { code, stdout, stderr } = await demo('--binary', binary, '--json', json);
    expect({ code, stderr, stdout: code === 0 ? '' : stdout }).toEqual({
      ...{ code: 0, stderr: '', stdout: '' },
    });
    const figures = JSON.parse(readFileSync(json, 'utf8'));

    expect(Object.keys(figures)).toEqual(['cuts', 'tcp', 'udp', 'session', 'invariants', 'mqtt']);
    const cuts: readonly Cut[] = figures.cuts;
    expect(cuts.map((cut) => [cut.name, cut.reason_code, cut.from, cut.to])).toEqual([
      ['carrier_lost', 'carrier_lost', 'eth0', 'wlan0'],
      ['silence', 'heartbeat_timeout', 'wlan0', 'wwan0'],
      ['nat_rebind', 'nat_rebind', 'wwan0', 'wwan0'],
      ['one_way', 'one_way_out', 'wwan0', 'wlan0'],
      ['failback', 'failback', 'wlan0', 'eth0'],
      ['agent_killed', 'agent_restarted', 'eth0', 'eth0'],
    ]);
    const gapOf = (name: string) => cuts.find((cut) => cut.name === name)?.gap_ms ?? Number.NaN;
    expect(gapOf('carrier_lost')).toBeLessThanOrEqual(250);
    expect(gapOf('silence')).toBeLessThanOrEqual(1_500);
    // A gap is never below the 20 ms between two datagrams: 0 would mean that nothing was measured.
    for (const { name, gap_ms } of cuts) expect([name, gap_ms >= 15]).toEqual([name, true]);

    expect(figures.tcp).toMatchObject({ intact: true, connections: 1 });
    expect(figures.tcp.bytes).toBeGreaterThan(1_000_000);
    const sum = (count: (cut: Cut) => number) => cuts.reduce((total, cut) => total + count(cut), 0);
    expect(figures.udp.sent).toBeGreaterThan(600);
    expect(figures.udp.lost).toBeGreaterThanOrEqual(sum((cut) => cut.lost));
    expect(figures.udp.lost).toBeLessThan(figures.udp.sent / 4);

    expect(figures.session.ids).toHaveLength(1);
    expect(figures.invariants.violated).toBe(0);
    expect(figures.invariants.checked).toBeGreaterThan(150);
    expect(figures.mqtt.messages).toBeGreaterThanOrEqual(3);
    expect(figures.mqtt.last_health).toMatchObject({
      ...{ state: 'ATTACHED', session_id: figures.session.ids[0] },
      ...{ state_version: figures.session.state_version },
    });

    expect(stdout).not.toContain('\x1b');
    const printed = ['RECOVERING  carrier_lost', 'RECOVERING  agent_restarted', 'Summary'];
    for (const text of printed) expect(stdout).toContain(text);
    // Others may sweep what killed runs left behind; ours has to be gone.
    expect(labNamespaces().filter((name) => !before.includes(name))).toEqual([]);
    expect(readdirSync(work)).toEqual([]);
  },
  180_000,
);

testUnless(
  isolationObstacle,
  'an agent that does not start: exit 1 at once, what was waited for, and the logs are kept',
  async () => {
    const broken = join(folder, 'broken');
    const script = `#!/bin/sh
[ "$1" = agent ] && { echo 'no agent today' >&2; exit 1; }
exec ${binary} "$@"
`;
    writeFileSync(broken, script, { mode: 0o755 });
    const { code, stdout } = await demo('--binary', broken);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'waited for the session to be ATTACHED on eth0, but agent gateway has ended: no agent today',
    );
    const kept = /logs are kept in (\S+)/.exec(stdout)?.[1] ?? '';
    expect(readdirSync(kept)).toContain('hub.jsonl');
    expect(readdirSync(kept)).toContain('2-agent-gateway.log');
    rmSync(kept, { recursive: true, force: true });
  },
  60_000,
);

test('wrong arguments: exit 2 and a sentence', async () => {
  for (const argv of [[], ['--binary', '/nowhere/jvpn'], ['--colour', 'green']]) {
    const { code, stderr } = await demo(...argv);
    expect([argv, code]).toEqual([argv, 2]);
    expect(stderr).toContain('see scripts/demo --help');
  }
});
