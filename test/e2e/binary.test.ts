/**
 * Goal: where the binary is started has no say in what it does: a directory that others can write to is not a way in.
 *
 * Method: a directory with what Bun otherwise reads (`.env`, `bunfig.toml`, `tsconfig.json`) and with files named like
 * our threads, leading to exit status 99. Bun itself falls for each of the three; the binary does not.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../scripts/compile.ts';
import type { Target } from '../../scripts/target.ts';
import { folderForTests } from '../folder.ts';
import { run } from '../lab/process.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { topology } from '../lab/topology.ts';
import { buildBinary } from './binary.ts';

const TRAP_STATUS = 99;
const TRAP = `process.exit(${TRAP_STATUS});\n`;
const HOSTILE: Readonly<Record<string, string>> = {
  'trap.ts': TRAP,
  'agent/tunnel.ts': TRAP,
  'agent/jvpn.ts': TRAP,
  'hub/tunnel.ts': TRAP,
  '.env': 'JVPN_TRAP=sprung\nNODE_TLS_REJECT_UNAUTHORIZED=0\nBUN_OPTIONS=--preload=./trap.ts\n',
  'bunfig.toml': 'preload = ["./trap.ts"]\n[run]\npreload = ["./trap.ts"]\n',
  'tsconfig.json': '{"compilerOptions":{"paths":{"*":["./trap.ts"]}}}',
};

const folder = folderForTests('jvpn-binary-');
const empty = join(folder, 'empty');
const hostile = join(folder, 'hostile');
let binary = '';

beforeAll(async () => {
  for (const path of [empty, join(hostile, 'agent'), join(hostile, 'hub')]) {
    mkdirSync(path, { recursive: true });
  }
  for (const [name, text] of Object.entries(HOSTILE)) writeFileSync(join(hostile, name), text);
  binary = await buildBinary(folder);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inside = (directory: string, argv: readonly string[]) =>
  run(['env', '-C', directory, ...argv], { mayFail: true });

/** Says what it finds in its environment. */
function writeProbe(): string {
  const probe = join(folder, 'probe.ts');
  writeFileSync(probe, `console.log(process.env['JVPN_TRAP'] ?? 'nothing');\n`);
  return probe;
}

test('the traps work: Bun itself falls for each of them', async () => {
  const probe = writeProbe();
  const outcomes = { '.env': 0, 'bunfig.toml': TRAP_STATUS, 'tsconfig.json': TRAP_STATUS } as const;
  for (const [name, code] of Object.entries(outcomes)) {
    const one = mkdtempSync(join(folder, 'trap-'));
    for (const file of [name, 'trap.ts']) writeFileSync(join(one, file), HOSTILE[file]!);
    const stdout = code === 0 ? 'sprung\n' : '';
    expect(await inside(one, [process.execPath, probe])).toMatchObject({ code, stdout });
  }
});

test('what we compile takes nothing into its environment', async () => {
  writeProbe();
  const target = `linux-${process.arch}` as Target;
  const program = await compile({
    ...{ root: folder, entries: ['probe.ts'], target, outDir: folder, name: 'probe' },
    define: {},
  });
  expect(await inside(hostile, [program])).toMatchObject({ code: 0, stdout: 'nothing\n' });
});

test('commands answer alike in an empty and in a hostile directory', async () => {
  writeFileSync(join(folder, 'policy.toml'), 'version = 1\n');
  const commands: readonly (readonly [number, ...string[]])[] = [
    [0, '--version'],
    [0, 'agent', '--help'],
    [0, 'policy', 'lint', join(folder, 'policy.toml')],
    [2, 'agent', '--config', '/nowhere/agent.toml'],
    [2, 'hub', '--config', '/nowhere/hub.toml'],
    [1, 'status', '--socket', '/nowhere/agent.sock'],
  ];
  for (const [code, ...argv] of commands) {
    const expected = await inside(empty, [binary, ...argv]);
    expect([argv, expected.code]).toEqual([argv, code]);
    expect(await inside(hostile, [binary, ...argv])).toEqual(expected);
  }
  expect(readdirSync(empty)).toEqual([]);
});

test('daemons and their threads run from a hostile directory', async () => {
  await using net = await topology({ seed: 8 });
  await using site = new Site(net, { binary, directory: hostile });
  const hub = await site.hub();
  await site.device('gw');
  const agent = site.agent('gw');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const { stdout } = await net.exec('device', ['ping', '-c', '2', '-i', '0.1', '10.79.0.2']);
  expect(stdout).toContain(' 0% packet loss');
  expect(await agent.stop()).toBe(0);
  expect(await hub.stop()).toBe(0);
}, 60_000);
