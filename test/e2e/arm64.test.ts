/**
 * Goal: the arm64 binary is a whole agent: threads, poll, netlink, tun, flash, sockets, ciphers, control socket.
 *
 * Method: it runs as a Cortex-A53 under user-mode emulation in the lab's device namespace and attaches to a hub of this
 * machine's kind, both compiled, both started in an empty directory. The emulator refuses SO_MARK (ENOPROTOOPT).
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runnerOf, THIS_MACHINE } from '../../scripts/target.ts';
import { folderForTests } from '../folder.ts';
import type { LinkName } from '../lab/plan.ts';
import { run } from '../lab/process.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';
import { buildBinary } from './binary.ts';

const runner = runnerOf('linux-arm64', THIS_MACHINE);
const obstacle = runner.kind === 'obstacle' ? runner.why : null;
/** The emulator and its arguments; nothing on a machine that is arm64 itself. */
const prefix = runner.kind === 'command' ? runner.prefix : [];
const isEmulated = prefix.length > 0;

const folder = folderForTests('jvpn-arm64-');
const empty = join(folder, 'empty');
let native = '';
let arm64 = '';

beforeAll(async () => {
  mkdirSync(empty);
  native = await buildBinary(folder);
  arm64 = await buildBinary(folder, 'linux-arm64');
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const versionOf = async (...command: readonly string[]) =>
  (await run(['env', '-C', empty, ...command, '--version'])).stdout.trim();

test('the binary of this machine says its version, its commit and its platform', async () => {
  expect(await versionOf(native)).toMatch(
    new RegExp(`^jvpn \\d+\\.\\d+\\.\\d+ \\(\\S+, bun \\S+, linux-${process.arch}\\)$`),
  );
});

testUnless(
  obstacle,
  'the arm64 one says the same version and commit, and its own platform',
  async () => {
    const said = await versionOf(...prefix, arm64);
    expect(said).toBe((await versionOf(native)).replace(`linux-${process.arch}`, 'linux-arm64'));
  },
);

interface Status {
  readonly session_id: string;
  readonly binding: string;
  readonly link_notices: readonly { readonly link: string; readonly code: string }[];
  readonly packets: { readonly sent: number; readonly received: number };
}

const PINGS = 5;
const ping = async (net: Topology, address: string) =>
  (await net.exec('device', ['ping', '-c', `${PINGS}`, '-i', '0.2', '-W', '2', address])).stdout;

testUnless(
  obstacle,
  'arm64 attaches to a hub of this machine, carries IPv4 and IPv6, and lives with a refused mark and a pulled cable',
  async () => {
    await using net = await topology({ seed: 7 });
    await using site = new Site(net, {
      binary: native,
      deviceCommand: [...prefix, arm64],
      directory: empty,
    });
    await site.hub();
    await site.device('arm');
    const file = site.path('arm.toml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('[tunnel]', '[tunnel]\nmark = 51'));
    const agent = site.agent('arm');
    await untilAudit(agent, 'ATTACHED', isAttached, 30_000);
    expect(readlinkSync(`/proc/${agent.pid}/exe`)).toBe(realpathSync(prefix[0] ?? arm64));

    for (const address of ['10.79.0.2', 'fd79::2']) {
      expect(await ping(net, address)).toContain(`${PINGS} received`);
    }
    const before = await site.status<Status>('device', 'arm');
    expect(before.packets.sent).toBeGreaterThanOrEqual(2 * PINGS);
    expect(before.packets.received).toBeGreaterThanOrEqual(2 * PINGS);
    const refused = isEmulated ? ['eth0', 'wlan0', 'wwan0'] : [];
    expect(before.link_notices.map(({ link, code }) => `${link} ${code}`)).toEqual(
      refused.map((link) => `${link} markRefused`),
    );
    const { stdout } = await site.jvpn('device', ['status', '--socket', site.path('arm.sock')]);
    for (const link of refused) {
      expect(stdout).toContain(`${link}: SO_MARK was refused`);
      expect(stdout).toContain('(markRefused: SO_MARK: ENOPROTOOPT)');
    }

    // Not eth0 by name: an emulator on a busy machine may be late enough to have moved by itself.
    const pulled = before.binding.split('→')[0] as LinkName;
    const seen = auditOf(agent).length;
    await net.carrier(pulled, 'down');
    const isCarrierLost = (line: AuditLine) => line.reason_code === 'carrier_lost';
    await untilAudit(agent, 'carrier_lost', isCarrierLost, 15_000, seen);
    await untilAudit(agent, 'ATTACHED again', isAttached, 15_000, seen);
    // Throws unless a packet comes back.
    await ping(net, '10.79.0.2');
    const after = await site.status<Status>('device', 'arm');
    expect(after.session_id).toBe(before.session_id);
    expect(after.binding).not.toStartWith(pulled);

    expect(await agent.stop()).toBe(0);
    expect(agent.stderr).toEqual([]);
    expect(readdirSync(empty)).toEqual([]);
  },
  60_000,
);
