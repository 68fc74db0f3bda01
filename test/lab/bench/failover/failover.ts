/**
 * `bench failover`: every kind of trouble, round after round, jvpn beside its peers on the same links.
 *
 * @module
 */
import { monotonicMs } from '../../libc.ts';
import { run } from '../../process.ts';
import { Absent } from '../contender.ts';
import { machineOf } from '../machine.ts';
import { percentileOf } from '../statistics.ts';
import { type FailoverArguments, failoverObstaclesOf } from './arguments.ts';
import { type FailoverFigures, failoverFiguresOf } from './figures.ts';
import { Journal } from './journal.ts';
import { POLICY } from './jvpn.ts';
import { Lane } from './lane.ts';
import { compareLanes, type LaneComparison } from './lanes.ts';
import { playRound, type RoundFigures, type RoundPlan } from './round.ts';
import { LeftEarly } from './running.ts';
import { batchesOf, Estimate, earlierMsOf, isAlone, keyOf, scheduleOf } from './schedule.ts';
import { progressText } from './table.ts';

type Say = (line: string) => void;

/** To compare lanes by: a kind of round with a wide distribution, which is the strictest. */
const COMPARED = { contender: 'jvpn', name: 'silent', rttMs: 50 } as const;
const COMPARED_ROUNDS = 16;
/** A comparison takes as long as half of that. */
const ROUNDS_WORTH_COMPARING = 3 * COMPARED_ROUNDS;
const PROGRESS_MS = 5_000;
/** A round is begun again so often; each time counts as a wrong verdict. */
const LEFT_EARLY_MAX = 4;

export class FailoverRun {
  readonly #given: FailoverArguments;
  readonly #say: Say;
  readonly #lanes: Lane[] = [];
  readonly #absent: Record<string, string> = {};
  readonly #estimate = new Estimate();
  #isInterrupted = false;
  #saidAtMs = 0;

  constructor(given: FailoverArguments, say: Say) {
    this.#given = given;
    this.#say = say;
  }

  /** What is being measured fails; what is finished is kept. */
  async interrupt(): Promise<void> {
    this.#isInterrupted = true;
    await Promise.all(this.#lanes.map((lane) => lane[Symbol.asyncDispose]()));
  }

  async run(): Promise<FailoverFigures> {
    const given = this.#given;
    const startedAtMs = monotonicMs();
    const version = (await run([given.binary, '--version'])).stdout.trim();
    const machine = machineOf(version, new Date());
    const journal = new Journal(given.resume, {
      format: 1,
      jvpn: version,
      kernel: machine.kernel,
    });
    if (journal.hasSetAside) this.#say(`rounds of another jvpn are set aside: ${given.resume}.old`);
    const plans = scheduleOf(given);
    for (const { plan, costMs } of journal.finished.values()) this.#estimate.learn(plan, costMs);
    const earlierMs = earlierMsOf([...journal.finished.values()]);
    const left = plans.filter((plan) => !journal.finished.has(keyOf(plan)));
    if (left.length < plans.length) {
      this.#say(`${plans.length - left.length} of ${plans.length} rounds are there already`);
    }
    try {
      const lanes = await this.#countLanes(journal, left.length);
      await this.#play(left, plans.length, lanes, journal);
      const finished = plans.flatMap((plan) => journal.finished.get(keyOf(plan)) ?? []);
      const controls = finished.filter(({ plan }) => plan.contender === 'control');
      const gaps = controls.flatMap(({ figures }) => figures?.gapMs ?? []);
      const obstacles = failoverObstaclesOf(given, {
        commit: machine.commit,
        load: machine.load_before,
        controlGapMsP95: gaps.length === 0 ? null : Math.round(percentileOf(gaps, 95)),
        failed: finished.filter(({ error }) => error !== null).length,
        absent: Object.keys(this.#absent),
      });
      const figures = failoverFiguresOf({
        machine,
        policy: POLICY,
        rounds: given.rounds,
        peerRounds: given.hasPeers ? given.peerRounds : 0,
        lanes: { wanted: given.lanes, used: lanes, comparison: journal.comparison },
        obstacles,
        finished,
        absent: this.#absent,
        minutes: (earlierMs + monotonicMs() - startedAtMs) / 60_000,
      });
      if (!given.keepsRounds) journal.remove();
      return figures;
    } finally {
      await Promise.all(this.#lanes.map((lane) => lane[Symbol.asyncDispose]()));
    }
  }

  /** How many rounds may be played at once. */
  async #countLanes(journal: Journal, left: number): Promise<1 | 2> {
    const { lanes } = this.#given;
    if (lanes !== 'auto') return lanes;
    if (journal.comparison === null && left < ROUNDS_WORTH_COMPARING) return 1;
    if (journal.comparison === null) {
      this.#say('comparing rounds alone with rounds side by side');
      await this.#need(2);
      journal.compare(await this.#compare());
    }
    const comparison = journal.comparison!;
    const used = comparison.changes_figures ? 1 : 2;
    this.#say(
      `median gap alone ${comparison.alone_ms_p50} ms, side by side ${comparison.beside_ms_p50} ms ` +
        `(shift ${comparison.shift_ms} ms, z ${comparison.z}): ${used === 1 ? 'one lane' : 'two lanes'}`,
    );
    return used;
  }

  async #compare(): Promise<LaneComparison> {
    const alone: number[] = [];
    const beside: number[] = [];
    for (let index = 0; index < COMPARED_ROUNDS; index += 1) {
      alone.push(...(await this.#gapsOf(index % 2, index)));
      if (index % 2 === 0) continue;
      const both = await Promise.all([this.#gapsOf(0, index), this.#gapsOf(1, index)]);
      beside.push(...both.flat());
    }
    return compareLanes(alone, beside);
  }

  /** None when the round failed. */
  async #gapsOf(at: number, index: number): Promise<readonly number[]> {
    try {
      const { gapMs } = await playRound(this.#lanes[at]!, { ...COMPARED, index });
      return gapMs === null ? [] : [gapMs];
    } catch (error) {
      if (this.#isInterrupted) throw error;
      this.#say(`FAILED while comparing: ${(error as Error).message}`);
      await this.#renew(at);
      return [];
    }
  }

  /** Nothing of what went wrong stays. */
  async #renew(at: number): Promise<void> {
    await this.#lanes[at]![Symbol.asyncDispose]();
    this.#lanes[at] = await this.#newLane(at);
  }

  async #need(lanes: number): Promise<void> {
    while (this.#lanes.length < lanes) this.#lanes.push(await this.#newLane(this.#lanes.length));
  }

  async #newLane(at: number): Promise<Lane> {
    const lane = await Lane.build(this.#given.binary, this.#given.seed + at);
    try {
      // Its programs have never run: the first round is nobody's.
      await playRound(lane, { contender: 'bare', name: 'carrier', rttMs: 10, index: -1 });
      return lane;
    } catch (error) {
      await lane[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #play(
    left: readonly RoundPlan[],
    total: number,
    lanes: number,
    journal: Journal,
  ): Promise<void> {
    if (left.length === 0) return;
    await this.#need(lanes);
    const remaining = new Set(left);
    for (const batch of batchesOf(left)) {
      const beside = isAlone(batch[0]!) ? 1 : lanes;
      const queue = [...batch];
      const worker = async (at: number) => {
        for (let plan = queue.shift(); plan !== undefined; plan = queue.shift()) {
          remaining.delete(plan);
          if (this.#absent[plan.contender] !== undefined) continue;
          await this.#one(at, plan, beside, journal);
          this.#progress(journal, [...remaining], total, lanes, plan);
        }
      };
      await Promise.all(Array.from({ length: beside }, (_, at) => worker(at)));
    }
  }

  async #one(at: number, plan: RoundPlan, lanes: number, journal: Journal): Promise<void> {
    const beganAtMs = monotonicMs();
    let leftEarly = 0;
    const finish = (figures: RoundFigures | null, error: string | null) => {
      const costMs = Math.round(monotonicMs() - beganAtMs);
      journal.add({ plan, lanes, costMs, leftEarly, figures, error });
      this.#estimate.learn(plan, costMs);
    };
    for (;;) {
      try {
        finish(await playRound(this.#lanes[at]!, plan), null);
        return;
      } catch (error) {
        if (this.#isInterrupted) throw error;
        const { message } = error as Error;
        if (error instanceof Absent) {
          this.#absent[plan.contender] = message;
          return;
        }
        this.#say(`FAILED ${keyOf(plan)}: ${message}`);
        if (error instanceof LeftEarly) {
          leftEarly += 1;
          if (leftEarly <= LEFT_EARLY_MAX) continue;
        }
        finish(null, message.split('\n')[0]!);
        if (!(error instanceof LeftEarly)) await this.#renew(at);
        return;
      }
    }
  }

  #progress(
    journal: Journal,
    left: readonly RoundPlan[],
    total: number,
    lanes: number,
    plan: RoundPlan,
  ): void {
    const nowMs = monotonicMs();
    if (nowMs - this.#saidAtMs < PROGRESS_MS && left.length > 0) return;
    this.#saidAtMs = nowMs;
    const remainingMs = this.#estimate.remainingMs(left, lanes);
    const last = journal.finished.get(keyOf(plan));
    this.#say(progressText(total - left.length, total, remainingMs, last));
  }
}
