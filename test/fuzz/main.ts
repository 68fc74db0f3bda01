/**
 * `scripts/fuzz`: one process for each target, watched from here.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseWish, type Wish } from './arguments.ts';
import { addRegression, bytesOfHex, CORPUS_FOLDER, hexOf } from './corpus.ts';
import { KNOWN_RUN } from './engine.ts';
import { inputAt, NOT_BEGUN } from './place.ts';
import { crashLines } from './shown.ts';
import { TARGETS } from './targets.ts';
import type { CrashReport, ProgressReport, Report, Work } from './work.ts';

/** A process that says nothing for so long hangs: it has 2 s for a run and half a second for a word. */
const SILENCE_MS_MAX = 60_000;
const CRASHES_MAX = 5;
const HEAD = 'target              runs   runs/s  accepted     corpus        blocks   found';

interface Row extends ProgressReport {
  readonly target: string;
  readonly crashes: readonly CrashReport[];
}

const folder = mkdtempSync(join(tmpdir(), 'jvpn-fuzz-'));

async function main(argv: readonly string[]): Promise<number> {
  let wish: Wish;
  try {
    wish = parseWish(
      argv,
      TARGETS.map(({ name }) => name),
    );
  } catch (error) {
    console.error(`fuzz: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  if (wish.isList) {
    for (const { name, what } of TARGETS) console.log(`${name.padEnd(14)} ${what}`);
    return 0;
  }
  console.log(`seed ${wish.seed}`);
  console.log(HEAD);
  const rows: Row[] = [];
  for (const target of wish.targets) {
    const row = await fuzz(target, wish);
    rows.push(row);
    clearLine();
    console.log(lineOf(row));
    for (const crash of row.crashes) showCrash(target, wish.seed, crash, wish.input === null);
  }
  const crashes = rows.reduce((sum, row) => sum + row.crashes.length, 0);
  const runs = rows.reduce((sum, row) => sum + row.runs, 0);
  console.log(`${runs} inputs, ${crashes} found`);
  if (wish.json !== null) {
    const { seed, from, grows } = wish;
    const shown = rows.map(({ kind, ...row }) => row);
    writeFileSync(wish.json, `${JSON.stringify({ seed, from, grows, targets: shown }, null, 2)}\n`);
  }
  return crashes === 0 ? 0 : 1;
}

function lineOf({ target, runs, elapsedMs, acceptedPercent, blocks, ...row }: Row): string {
  const perSecond = Math.round((1_000 * runs) / Math.max(1, elapsedMs));
  const covered = blocks === null ? '' : `${blocks.reached}/${blocks.total}`;
  return [
    target.padEnd(14),
    String(runs).padStart(10),
    String(perSecond).padStart(9),
    `${acceptedPercent.toFixed(1)} %`.padStart(10),
    String(row.corpusInputs).padStart(11),
    covered.padStart(14),
    String(row.crashes.length).padStart(8),
  ].join('');
}

async function fuzz(target: string, wish: Wish): Promise<Row> {
  const runFile = join(folder, target);
  writeFileSync(runFile, new Uint8Array(Float64Array.of(NOT_BEGUN).buffer));
  const work: Work = { ...wish, target, crashesMax: CRASHES_MAX, runFile };
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'child.ts'), JSON.stringify(work)],
    {
      stdout: 'pipe',
      stderr: 'inherit',
      // A child that is killed for its silence clears nothing away.
      env: { ...process.env, TMPDIR: folder },
    },
  );
  const crashes: CrashReport[] = [];
  let latest: ProgressReport | null = null;
  let isSilent = false;
  const silence = () =>
    setTimeout(() => {
      isSilent = true;
      child.kill('SIGKILL');
    }, SILENCE_MS_MAX);
  let patience = silence();
  for await (const report of reports(child.stdout)) {
    clearTimeout(patience);
    patience = silence();
    if (report.kind === 'crash') crashes.push(report);
    else {
      latest = report;
      showProgress({ ...report, target, crashes });
    }
  }
  clearTimeout(patience);
  await child.exited;
  if (latest?.kind !== 'done') crashes.push(deathOf(target, wish, runFile, isSilent));
  return { ...(latest ?? NOTHING), target, crashes };
}

const NOTHING: ProgressReport = {
  ...{ kind: 'done', runs: 0, elapsedMs: 0, acceptedPercent: 0, corpusInputs: 0 },
  ...{ corpusBytes: 0, blocks: null, rssBytes: 0 },
};

async function* reports(stream: ReadableStream<Uint8Array>): AsyncGenerator<Report> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Report;
  }
}

/** The process died or hung. The file says where. */
function deathOf(target: string, wish: Wish, runFile: string, isSilent: boolean): CrashReport {
  const place = readFileSync(runFile).readDoubleLE(0);
  const known = TARGETS.find(({ name }) => name === target)!;
  const input = inputAt(known, wish, place);
  return {
    kind: 'crash',
    run: place >= 0 ? place : KNOWN_RUN,
    reason: isSilent ? `hangs for ${SILENCE_MS_MAX / 1_000} s` : 'the process died',
    stack: '',
    hex: input === null ? null : hexOf(input),
    originalBytes: input?.length ?? 0,
  };
}

function showCrash(target: string, seed: number, crash: CrashReport, mayWrite: boolean): void {
  console.log('');
  for (const line of crashLines(target, seed, crash)) console.log(`  ${line}`);
  const { hex, reason } = crash;
  if (!mayWrite || hex === null || hex === '') return;
  const isAdded = addRegression(target, bytesOfHex(hex)!, reason);
  console.log(
    isAdded ? `  written to ${CORPUS_FOLDER}/regressions/${target}.txt` : '  known before',
  );
}

function showProgress(row: Row): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${lineOf(row)}`);
}

function clearLine(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true });
}
