/**
 * Goal: a tunnel thread starts from source and inside a compiled binary, whatever the working directory holds.
 *
 * Method: the real `hal/worker.ts` and the real compile step in a small project with threads in two folders that
 * call libc; run from a directory set as a trap: other threads of the same name, a `.env` and a `bunfig.toml`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { WORKER_ENTRIES } from '../../../hal/worker.ts';
import { compile } from '../../../scripts/compile.ts';
import { TARGETS, type Target } from '../../../scripts/target.ts';

const PROGRAM = `
import { startWorker, WORKER_ENTRIES } from '../hal/worker.ts';
const answers: unknown[] = [process.env['TRAP'] ?? null];
for (const entry of WORKER_ENTRIES) {
  const { port1, port2 } = new MessageChannel();
  answers.push(await new Promise((resolve) => {
    port1.onmessage = (m) => resolve(m.data);
    startWorker(entry, { greeting: entry, port: port2 }, [port2], (message) => resolve(message));
  }));
}
const failure = await new Promise((resolve) => {
  startWorker('agent/tunnel.ts', { greeting: 'fail' }, [], (message) => resolve(message));
});
answers.push(String(failure).includes('asked to fail'));
console.log(JSON.stringify(answers));
process.exit(0);
`;
const THREAD = (folder: string) => `
import { setupOf } from '../hal/worker.ts';
import { dlopen } from 'bun:ffi';
const setup = await setupOf<any>();
if (setup.greeting === 'fail') throw new Error('asked to fail');
const libc = dlopen('libc.so.6', { getpid: { args: [], returns: 'i32' } });
setup.port.postMessage(['${folder}', setup.greeting, libc.symbols.getpid() === process.pid]);
`;
const ANSWERS = [null, ['agent', 'agent/tunnel.ts', true], ['hub', 'hub/tunnel.ts', true], true];

let root = '';
let trap = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'jvpn-worker-'));
  trap = join(root, 'trap');
  await mkdir(join(root, 'hal'));
  await cp(resolve(import.meta.dir, '../../../hal/worker.ts'), join(root, 'hal/worker.ts'));
  await Bun.write(join(root, 'agent/jvpn.ts'), PROGRAM);
  for (const folder of ['agent', 'hub']) {
    await Bun.write(join(root, `${folder}/tunnel.ts`), THREAD(folder));
    await Bun.write(join(trap, `${folder}/tunnel.ts`), "throw new Error('trapped')");
    await Bun.write(join(trap, `${folder}/tunnel.js`), "throw new Error('trapped')");
  }
});
afterAll(() => rm(root, { recursive: true }));

function answers(command: string[]): unknown {
  const run = Bun.spawnSync(command, { cwd: trap, timeout: 20_000 });
  return run.exitCode === 0 ? JSON.parse(run.stdout.toString()) : run.stderr.toString();
}

test('from source', () => {
  expect(answers([process.execPath, join(root, 'agent/jvpn.ts')])).toEqual(ANSWERS);
});

test('compiled', async () => {
  const target = TARGETS.find((name): name is Target => name === `linux-${process.arch}`)!;
  const entries = ['agent/jvpn.ts', ...WORKER_ENTRIES];
  const outDir = join(root, 'out');
  const binary = await compile({ root, entries, target, outDir, name: 'jvpn', define: {} });
  await Bun.write(join(trap, '.env'), 'TRAP=sprung\n');
  await Bun.write(join(trap, 'bunfig.toml'), 'preload = ["./trap.ts"]\n');
  await Bun.write(join(trap, 'trap.ts'), "throw new Error('preloaded')");
  expect(answers([binary])).toEqual(ANSWERS);

  const all = await Array.fromAsync(new Bun.Glob('**/*.map').scan(outDir));
  const shared = all.filter((map) => map.includes('chunk-'));
  const { sources } = await Bun.file(join(outDir, shared[0]!)).json();
  expect(shared.length).toBe(1);
  expect(sources.at(-1)).toEndWith('hal/worker.ts'); // which all three entries use
  const maps = all.filter((map) => !shared.includes(map));
  expect(maps.sort()).toEqual([
    'maps/jvpn/agent-jvpn.js.map',
    'maps/jvpn/agent-tunnel.js.map',
    'maps/jvpn/hub-tunnel.js.map',
  ]);
  for (const map of maps) {
    const { sources } = await Bun.file(join(outDir, map)).json();
    const folder = map.split('/').at(-1)!.split('-')[0]!;
    expect(sources.at(-1)).toContain(`${folder}/`); // each map belongs to the entry it is named after
  }
}, 30_000);
