/**
 * Goal: the agent's two threads say how soon to compile at the moments that docs/decisions/0022-compiled-when-it-rushes.md names.
 * Method: each thread's own code, from source, in a process of its own, with the runtime's switch replaced by a list of what
 * it was told; of the tunnel thread also what belongs to the system: descriptors, links, a clock that the wait moves.
 */
import { expect, test } from 'bun:test';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../../..');

/** What the program said, line by line. */
function said(program: string): readonly string[] {
  const { stdout, stderr } = Bun.spawnSync([process.execPath, '-e', program], { timeout: 20_000 });
  expect(stderr.toString()).toBe('');
  return stdout.toString().trim().split('\n');
}

const LISTEN = `
  Bun.unsafe.setJITPolicy = (scale) => console.log('thresholds times ' + scale);
`;

test('the main thread is reluctant for its life, before it reads its configuration', () => {
  expect(
    said(`
      ${LISTEN}
      const { runAgent } = await import(${JSON.stringify(join(ROOT, 'agent/main.ts'))});
      console.error = () => console.log('no configuration');
      await runAgent(['--config', '/nowhere/agent.toml']);
      await runAgent(['--help']);
    `).slice(0, 2),
  ).toEqual(['thresholds times 1000', 'no configuration']);
});

/** By the end of a module's path, what stands in for it. */
const STAND_INS: Readonly<Record<string, string>> = {
  'hal/worker.ts': `export const setupOf = async () => ({
    mode: 'session', privateKey: new Uint8Array(32), port: { postMessage: tell },
  });
  const tell = ({ kind, message }) => {
    console.log(kind === 'failed' ? message : kind);
    if (kind === 'failed') process.exit(0);
  };`,
  'hal/linux/clock.ts': `export const newClock = () => ({ monotonicMs: () => globalThis.nowMs });`,
  'hal/linux/ownCiphers.ts': `export const chooseOwnCiphers = async () => {
    console.log('ciphers are compared');
    await Bun.sleep(1);
    console.log('ciphers were compared');
    return {};
  };`,
  'hal/linux/means.ts': `export const openMeans = async () => ({ newMemory: () => null });`,
  'hal/linux/links.ts': `export const openLinkMonitor = () => ({
    ok: true, value: { fd: 5, snapshot: () => [], drain: () => false, isBehind: false },
  });`,
  'hal/linux/tun.ts': `export const openTun = () => ({ ok: true, value: { fd: 3, name: 'tun' } });`,
  'hal/linux/wake.ts': `export const attachWake = () => ({ fd: 4, drain: () => false });`,
  'hal/linux/poller.ts': `export class LinuxPoller {
    watch() {}
    unwatch() {}
    isReady() { return false; }
    wait() {
      const next = globalThis.moves.shift();
      if (next === undefined) throw new Error('stopped');
      [globalThis.nowMs, globalThis.movedBytes] = next;
      console.log('turn at ' + next[0]);
    }
  }`,
  'agent/plainShell.ts': `export class PlainShell {}`,
  'agent/sessionShell.ts': `export class SessionShell {
    expire() {}
    onTime() {}
    onLinks() {}
    nextDeadlineMs() { return null; }
  }`,
  'agent/uplinks.ts': `export class Uplinks { all = []; socketsRevision = 0; }`,
  'agent/turn.ts': `export class Turn { take() { return globalThis.movedBytes; } }`,
  'hal/dropCode.ts': `export const dropCode = () => console.log('code is dropped');`,
};

test('the tunnel thread: reluctant once ciphers were compared, eager from the turn that rushes, reluctant again', () => {
  const moves = [
    [100, 200],
    [200, 65_536],
    [1_100, 0],
    [10_199, 0],
    [10_200, 0],
    [10_300, 65_536],
  ];
  const lines = said(`
    ${LISTEN}
    globalThis.nowMs = 0;
    globalThis.moves = ${JSON.stringify(moves)};
    const standIns = ${JSON.stringify(STAND_INS)};
    Bun.plugin({
      name: 'stand-ins',
      setup(build) {
        for (const [path, contents] of Object.entries(standIns))
          build.module(${JSON.stringify(ROOT)} + '/' + path, () => ({ contents, loader: 'js' }));
      },
    });
    await import(${JSON.stringify(join(ROOT, 'agent/tunnel.ts'))});
  `);
  expect(lines.filter((line) => !line.includes('stopped') && !/^\s+at /.test(line))).toEqual([
    'ciphers are compared',
    'ciphers were compared',
    'ready',
    'thresholds times 1000',
    'turn at 100',
    'turn at 200',
    'thresholds times 1',
    'turn at 1100',
    'turn at 10199',
    'turn at 10200',
    'thresholds times 1000',
    'turn at 10300',
    'thresholds times 1',
  ]);
});
