/**
 * Goal: whatever a test run does to itself, its step does not come out green.
 *
 * Method: real `bun test` runs of small files in an empty folder.
 */
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStep, type Step } from '../../../scripts/step.ts';

const HEAD = "import { expect, test } from 'bun:test';\n";
let folder = '';
const log = spyOn(console, 'log').mockImplementation(() => {});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jvpn-step-'));
});
afterAll(async () => {
  log.mockRestore();
  await rm(folder, { recursive: true });
});

/** Runs files as one step. Bun names them in its report relative to its working directory. */
async function run(files: Readonly<Record<string, string>>, limitMs = 20_000) {
  for (const [name, text] of Object.entries(files))
    await Bun.write(join(folder, name), HEAD + text);
  const path = join(folder, 'report.xml');
  const inside = `cd ${folder} && exec ${process.execPath} test ${Object.keys(files)
    .map((name) => `./${name}`)
    .join(' ')} --reporter=junit --reporter-outfile=${path}`;
  const step: Step = {
    name: 'example',
    command: ['sh', '-c', inside],
    limitMs,
    report: { path, files: Object.keys(files) },
  };
  const { ok, tally } = await runStep(step);
  return { ok, ...tally };
}

test('tests that pass make a green step', async () => {
  const outcome = await run({ 'a.test.ts': "test('x', () => {});" });
  expect(outcome).toEqual({ ok: true, passed: 1, failed: [], skipped: [] });
});

test('a test that fails is named', async () => {
  const outcome = await run({
    'a.test.ts': "test('x', () => expect(1).toBe(2)); test('y', () => {});",
  });
  expect(outcome).toEqual({ ok: false, passed: 1, failed: ['a.test.ts > x'], skipped: [] });
});

test('a test that ends the process with status 0 left no report', async () => {
  const outcome = await run({ 'a.test.ts': "test('x', () => process.exit(0));" });
  expect(outcome).toEqual({
    ok: false,
    passed: 0,
    failed: ['a.test.ts: left no report'],
    skipped: [],
  });
});

test('a crash left no report', async () => {
  const outcome = await run({
    'a.test.ts': "test('x', () => process.kill(process.pid, 'SIGKILL'));",
  });
  expect(outcome.failed).toEqual(['a.test.ts: left no report']);
});

test('a file without tests beside one with tests is a failure', async () => {
  const outcome = await run({ 'a.test.ts': "test('x', () => {});", 'b.test.ts': '' });
  expect(outcome.failed).toEqual(['b.test.ts: reported no tests']);
});

test('a file that does not load beside one that does is a failure', async () => {
  const outcome = await run({
    'a.test.ts': "test('x', () => {});",
    'b.test.ts': "import './gone.ts';",
  });
  expect([outcome.passed, outcome.failed]).toEqual([1, ['b.test.ts: reported no tests']]);
});

test('yesterday’s report does not speak for a run that crashed', async () => {
  await run({ 'a.test.ts': "test('x', () => {});" });
  const outcome = await run({ 'a.test.ts': 'process.exit(0);' });
  expect(outcome.failed).toEqual(['a.test.ts: left no report']);
});

test('a step over its limit is stopped, with everything it started', async () => {
  const marker = join(folder, 'pid');
  const body = `test('x', async () => {
    const child = Bun.spawn(['sleep', '60']);
    await Bun.write(${JSON.stringify(marker)}, String(child.pid));
    await child.exited;
  }, 60_000);`;
  const outcome = await run({ 'a.test.ts': body }, 1_500);
  expect(outcome.failed.at(-1)).toBe('example: over 1.5 s');
  const pid = Number(await Bun.file(marker).text());
  const alive = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  for (let round = 0; alive() && round < 200; round++) await Bun.sleep(10);
  expect(alive()).toBe(false);
});

test('a command without tests counts only when it fails, under its own name', async () => {
  const good = await runStep({ name: 'types', command: ['true'], limitMs: 5_000 });
  expect([good.ok, good.tally]).toEqual([true, { passed: 0, failed: [], skipped: [] }]);
  const bad = await runStep({ name: 'types', command: ['sh', '-c', 'exit 3'], limitMs: 5_000 });
  expect([bad.ok, bad.tally.failed]).toEqual([false, ['types: exit status 3']]);
});

test('a step that yields lets others go first', async () => {
  const runsAt = async (nice: number, yields: boolean) => {
    const command = ['sh', '-c', `test "$(nice)" = ${nice}`];
    return (await runStep({ name: 'nice', command, limitMs: 5_000, yields })).ok;
  };
  const own = getPriority();
  expect([await runsAt(own, false), await runsAt(Math.min(own + 10, 19), true)]).toEqual([
    true,
    true,
  ]);
});

test('what a step has computed is told, that of its children included', async () => {
  const spin = 'n=0; while [ $n -lt 300000 ]; do n=$((n + 1)); done';
  const command = ['sh', '-c', `sh -c '${spin}'; sleep 0.1`];
  const { cpuMs, tookMs } = await runStep({ name: 'spin', command, limitMs: 20_000 });
  expect(cpuMs).toBeGreaterThan(20);
  expect(cpuMs).toBeLessThan(tookMs);
});
