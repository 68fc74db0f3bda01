/**
 * `scripts/soak`: hub, device and broker for hours on links that flap, watched for anything that grows or gets lost.
 *
 * ```text
 * main.ts --binary FILE [--hours H | --seconds S] [--seed N] [--slope-mib N] [--json FILE] [--svg FILE]
 * ```
 *
 * Exit status: 0 all as it should be, 1 something grew, got lost, broke or was violated, 2 wrong arguments, 130 interrupted.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { loadPolicyText } from '../../../policies/load.ts';
import { auditStreams } from '../../../session/invariants/stream/auditor.ts';
import { monotonicMs } from '../libc.ts';
import { mosquittoObstacle } from '../mosquitto.ts';
import { ensureLab } from '../rootless.ts';
import { topology } from '../topology.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { DELAYS } from './disturbance.ts';
import { judgeLog } from './gaps.ts';
import { Parties, policyText } from './parties.ts';
import { chartOf, tableOf } from './report.ts';
import { type Course, playSoak } from './scenario.ts';
import { faultsOf, figuresOf, type Soaked } from './verdict.ts';

/** Of both daemons, so that logs rotate several times in every run and none is dropped. */
const AUDIT_BYTES_PER_HOUR = 65_536;

let isInterrupted = false;

async function main(given: Arguments): Promise<number> {
  const { pace, seed } = given;
  await using net = await topology({ impair: DELAYS, seed });
  const hours = Math.max(1, Math.ceil(pace.durationMs / 3_600_000));
  const parties = new Parties(net, given.binary, AUDIT_BYTES_PER_HOUR * hours);
  const startedAtMs = monotonicMs();
  const tell = (line: string) => {
    const minutes = ((monotonicMs() - startedAtMs) / 60_000).toFixed(1).padStart(7);
    console.error(`${minutes} min  ${line}`);
  };
  await parties.start();
  tell(`attached; ${(pace.durationMs / 60_000).toFixed(1)} minutes of flapping, seed ${seed}`);
  using _beat = heartbeat(parties, tell);
  const course = await playSoak(net, parties, pace, seed, tell, () => isInterrupted);
  const soaked = await conclude(parties, course, monotonicMs() - startedAtMs, pace.warmUpMs);
  const faults = faultsOf(soaked, given.bounds);
  for (const line of tableOf(soaked)) console.log(line);
  console.log(boundText(given));
  for (const fault of faults) console.error(`soak: ${fault}`);
  if (given.json !== null) {
    writeFileSync(given.json, `${JSON.stringify(figuresOf(soaked, faults), null, 2)}\n`);
  }
  if (given.svg !== null) writeFileSync(given.svg, chartOf(soaked));
  if (faults.length > 0) {
    console.error(`soak: configuration, state and logs are kept in ${parties.site.folder}`);
    return 1;
  }
  await parties[Symbol.asyncDispose]();
  return isInterrupted ? 130 : 0;
}

async function conclude(
  parties: Parties,
  { played, faults }: Course,
  durationMs: number,
  warmUpMs: number,
): Promise<Soaked> {
  const tcp = await parties.finishTcp();
  const texts = { device: parties.logTexts('device'), hub: parties.logTexts('hub') };
  const judged = { device: judgeLog(texts.device), hub: judgeLog(texts.hub) };
  const loaded = loadPolicyText(policyText(1), Bun.TOML.parse);
  if (!loaded.ok) throw new Error(`the policy of the soak: ${JSON.stringify(loaded.problems)}`);
  const streams = (['device', 'hub'] as const).map((writer) => ({
    writer,
    records: judged[writer].records,
  }));
  const figures = (writer: 'device' | 'hub') => ({
    files: texts[writer].length,
    events: judged[writer].records.length,
    faults: judged[writer].faults,
  });
  const { records } = judged.device;
  return {
    lives: parties.lives,
    logs: { device: figures('device'), hub: figures('hub') },
    verdicts: auditStreams(streams, { ...loaded.policy.session, ...loaded.policy.switching }),
    sessions: [...new Set(records.flatMap(({ sessionId }) => sessionId ?? []))],
    policyVersions: [...new Set(records.map(({ policyVersion }) => policyVersion))],
    ...{ tcp, played, faults, durationMs, warmUpMs, polls: parties.polls },
  };
}

function boundText({ bounds, seed }: Arguments): string {
  const most = (mib: number | null) =>
    mib === null ? 'not judged in so short a run' : `${mib} MiB an hour`;
  return `bounds      anonymous memory ${most(bounds.mibPerHour)}, alive ${most(bounds.aliveMibPerHour)}; seed ${seed}`;
}

/** A line a minute: what a person looks at to see that it lives. */
function heartbeat(parties: Parties, tell: (line: string) => void): Disposable {
  const timer = setInterval(() => {
    const newest = (['device', 'hub'] as const).map((party) => {
      const sample = parties.lives.findLast((life) => life.party === party)?.samples.at(-1);
      if (sample === undefined) return `${party} ?`;
      const mib = (sample.anonKib / 1_024).toFixed(0);
      return `${party} ${mib} MiB, ${sample.descriptors} descriptors`;
    });
    tell(newest.join('; '));
  }, 60_000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function given(): Arguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`soak: ${(error as Error).message}; see scripts/soak --help`);
    process.exit(2);
  }
}

const wanted = given();
if (mosquittoObstacle !== null) {
  console.error(`soak: cannot run here: ${mosquittoObstacle}`);
  process.exit(1);
}
await ensureLab();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    isInterrupted = true;
  });
}
process.exit(
  await main(wanted).catch((error: Error) => {
    console.error(`soak: ${error.message}`);
    return 1;
  }),
);
