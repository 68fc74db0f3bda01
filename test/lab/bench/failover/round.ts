/**
 * One round: a new session, flows that run, one cut, and what the flows saw of it.
 *
 * @module
 */
import { linkOf } from '../../demo/feed.ts';
import { monotonicMs } from '../../libc.ts';
import { type ClassName, type Contender, EXPECTATIONS, type RttMs } from './classes.ts';
import { CUTS, type Cut, resetLinks, type Scene } from './cuts.ts';
import type { Lane } from './lane.ts';
import type { LoadEnd } from './loadEnd.ts';
import { takeOverheadBytes } from './overhead.ts';
import { LeftEarly, type Running } from './running.ts';
import { type Damage, damageOf } from './stalls.ts';
import { STREAM_MBIT } from './streams.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** What is to be measured. */
export interface RoundPlan {
  readonly contender: Contender;
  /** What is done; of a control, nothing is, and this is `carrier` for the links it has. */
  readonly name: ClassName;
  readonly rttMs: RttMs;
  /** From 0, of its kind. */
  readonly index: number;
}

export interface RoundFigures extends Damage {
  readonly verdict: Verdict | null;
  /** From the cut to the first transition, by the device's clock of whole milliseconds. */
  readonly verdictMs: number | null;
  /** Bytes of probes and control at the device, and over how long. */
  readonly overheadBytes: number;
  readonly overheadMs: number;
}

/** Flows have settled when so much has gone both ways. */
const SETTLED_DATAGRAMS = 100;
/** So much of the transfer as the link holds, and 50 ms of it. */
const settledBytes = (rttMs: number) => ((50 + rttMs) * STREAM_MBIT * 1e6) / 8 / 1000;
const SETTLE_MAX_MS = 20_000;
const CONTROL_MS = 1_000;
/** For round trips to be known and TCP to be at its rate. */
const warmMs = (rttMs: number) => 300 + 4 * rttMs;
/** Wall clock of the audit rows to the clock of everything else. */
const wallToMonotonicMs = () => monotonicMs() - Date.now();

let rounds = 0;

/**
 * @throws {LeftEarly} when there was nothing to measure; the next round finds a lane as good as new.
 * @throws Error when something did not happen: the lane is not what it was then.
 */
export async function playRound(lane: Lane, plan: RoundPlan): Promise<RoundFigures> {
  const { contender, name, rttMs } = plan;
  const cut = CUTS[name];
  const isControl = contender === 'control' || contender === 'bare';
  const links = contender === 'jvpn' ? cut.links : (cut.peerLinks ?? cut.links);
  await resetLinks(lane.net, rttMs, links);
  const running = await lane.start(contender, links);
  try {
    const figures = await measure(lane, plan, running, isControl ? null : cut);
    // It says goodbye over links that work, whichever it has moved to.
    await resetLinks(lane.net, rttMs, [...cut.links, ...(cut.peerLinks ?? [])]);
    await cut.undo?.(lane.net);
    return figures;
  } catch (error) {
    if (error instanceof LeftEarly) throw error;
    const [sentence] = (error as Error).message.split('\n');
    throw new Error(`${sentence}${traceOf(running)}`, { cause: error });
  } finally {
    await running[Symbol.asyncDispose]();
  }
}

/** The last that the device said, for somebody who wants to know what went wrong. */
function traceOf({ session }: Running): string {
  const rows = session?.rows.slice(-8) ?? [];
  return rows
    .map(({ event, from, to, reason_code, transport }) =>
      [`\n  ${event}`, from, to, reason_code, transport].filter((word) => word !== null).join(' '),
    )
    .join('');
}

async function measure(
  lane: Lane,
  { name, rttMs }: RoundPlan,
  running: Running,
  cut: Cut | null,
): Promise<RoundFigures> {
  const { session, hasUdp } = running;
  const scene: Scene = { net: lane.net, rttMs, session, peer: session === null ? running : null };
  const ends = { device: lane.loads.device, far: lane.loads[running.far] };
  await openFlows(ends, running);
  await Bun.sleep(warmMs(rttMs));
  await settled(ends, rttMs);
  await running.check?.();
  if (cut?.prepare !== undefined) {
    await cut.prepare(scene);
    await settled(ends, rttMs);
  }

  if (session !== null && cut !== null && linkOf(session.binding.transport) !== cut.links[0]) {
    throw new LeftEarly('the session had left the link before anything was done to it');
  }
  const sinceRow = session?.rows.length ?? 0;
  const before = session?.binding ?? null;
  await takeOverheadBytes(lane.net.namespaces.device);
  const beganAtMs = monotonicMs();
  const fromAtMs = cut === null ? beganAtMs : await cut.act(scene);
  if (cut === null) await Bun.sleep(CONTROL_MS);
  else await over(cut, scene, sinceRow);
  const toAtMs = await settled(ends, rttMs, cut?.isBadAfterwards);
  const overheadBytes = await takeOverheadBytes(lane.net.namespaces.device);
  const overheadMs = monotonicMs() - beganAtMs;

  await stopFlows(ends, rttMs);
  const [device, far] = await Promise.all([ends.device.report(), ends.far.report()]);
  const rows = session?.rows.slice(sinceRow) ?? [];
  const first = rows.find(({ event }) => event === 'transition');
  return {
    ...damageOf(device, far, { fromAtMs, toAtMs }, hasUdp),
    verdict: before === null || cut === null ? null : verdictOf(rows, before, EXPECTATIONS[name]),
    verdictMs: first === undefined ? null : first.ts_ms + wallToMonotonicMs() - fromAtMs,
    overheadBytes,
    overheadMs,
  };
}

interface Ends {
  readonly device: LoadEnd;
  readonly far: LoadEnd;
}

/** The far end first: it listens. */
async function openFlows(ends: Ends, running: Running): Promise<void> {
  rounds += 1;
  const { protocol, hasUdp: udp, deviceAddress, farAddress } = running;
  const common = { op: 'open', round: rounds, udp, protocol } as const;
  await ends.far.order({ ...common, peer: deviceAddress, tcp: 'listen' });
  await ends.device.order({ ...common, peer: farAddress, tcp: 'dial' });
}

/**
 * Returns when the slower end had got what settles it, of what is sent from here on: what lies in buffers or is under way
 * says nothing of the link as it is now.
 */
async function settled(ends: Ends, rttMs: number, isBad = false): Promise<number> {
  const { nowMs: afterMs, streamBytes } = await ends.device.order({ op: 'look' });
  const order = {
    op: 'settle',
    afterMs,
    datagrams: SETTLED_DATAGRAMS,
    // Over a link that loses much, the transfer crawls.
    bytes: isBad ? 0 : streamBytes + settledBytes(rttMs),
  } as const;
  const answers = await Promise.all(
    [ends.device, ends.far].map((end) => end.order(order, SETTLE_MAX_MS)),
  );
  return Math.max(...answers.map(({ nowMs }) => nowMs));
}

/** What is still under way gets its chance. */
async function stopFlows({ device, far }: Ends, rttMs: number): Promise<void> {
  const [up, down] = await Promise.all([device.order({ op: 'stop' }), far.order({ op: 'stop' })]);
  const boundMs = 300 + 2 * rttMs;
  await Promise.all([
    far.order({ op: 'drain', seq: up.sent - 1 }, boundMs).catch(() => {}),
    device.order({ op: 'drain', seq: down.sent - 1 }, boundMs).catch(() => {}),
  ]);
}

/** As long as it takes, or as long as is watched where it may take for ever. */
async function over(cut: Cut, scene: Scene, sinceRow: number): Promise<void> {
  const boundMs = cut.watchMs?.(scene) ?? SETTLE_MAX_MS;
  const deadlineMs = monotonicMs() + boundMs;
  while (cut.isOver?.(scene, sinceRow) === false) {
    if (monotonicMs() > deadlineMs) {
      if (cut.watchMs !== undefined) return;
      throw new Error(`the session did not come out of it within ${boundMs} ms`);
    }
    await Bun.sleep(5);
  }
}
