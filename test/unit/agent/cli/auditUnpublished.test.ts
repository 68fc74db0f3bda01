/**
 * Goal: what may have happened unpublished is found in the thousands of events of a noisy device as it is in few.
 *
 * Method: random streams, each pair of their events asked, against the definition written out plainly; and a stream of a size at which
 * the plain one takes minutes.
 */
import { expect, test } from 'bun:test';
import type { Published } from '../../../../agent/cli/auditPublished.ts';
import { Unpublished } from '../../../../agent/cli/auditUnpublished.ts';
import { Random } from '../../../sim/random.ts';
import { deviceRecords } from '../../session/invariants/stream/sampleStreams.ts';

const CODES = ['session_created', 'agent_restarted', 'policy_rolled_back'];
/** One a minute, and what passes between an event and its publishing. */
const APART_MS = 65_000;

interface Given {
  readonly seq: number;
  readonly boot: string;
  readonly atMs: number;
  readonly event?: Published['record']['event'];
  readonly reasonCode?: string;
  readonly repeated?: number;
}

function published({ seq, boot, atMs, repeated = 0, ...more }: Given): Published {
  const { event = 'notice', reasonCode = CODES[0]! } = more;
  const record = { ...deviceRecords()[0]!, seq, atMs, event, reasonCode };
  return { record, boot, repeated, isBare: false, wallMs: null, gap: null };
}

/** Whether one of `code` may have happened in the process `boot`, behind `fromMs` and before `toMs`. */
function mayHave(
  events: readonly Published[],
  isWhole: boolean,
  { boot, code, fromMs, toMs }: { boot: string; code: string; fromMs: number; toMs: number },
): boolean {
  const isSaid = ({ record }: Published) =>
    record.reasonCode === code && ['notice', 'refusal'].includes(record.event);
  const nextSaid = (at: number) =>
    events.slice(at).find((one) => one.boot === boot && isSaid(one)) ?? null;
  const hides = (beginsMs: number, endsMs: number, next: Published | null) => {
    const isOpen = next === null;
    const untilMs = isOpen ? endsMs + APART_MS : next.repeated > 0 ? next.record.atMs : beginsMs;
    return beginsMs < toMs && untilMs > fromMs;
  };
  return events.some((event, at) => {
    const { atMs, seq } = event.record;
    const before = events[at - 1] ?? null;
    const isOwn = event.boot === boot;
    if (isOwn && isSaid(event) && hides(atMs, atMs, nextSaid(at + 1))) return true;
    const isNext = before === null ? isWhole : seq === before.record.seq + 1;
    if (isNext) return false;
    const isSame = before !== null && before.boot === event.boot;
    const beginsMs = isSame ? before.record.atMs : Number.NEGATIVE_INFINITY;
    if (isOwn && hides(beginsMs, atMs, nextSaid(at))) return true;
    const isEnd = before !== null && !isSame && before.boot === boot;
    return isEnd && hides(before.record.atMs, Number.POSITIVE_INFINITY, nextSaid(at));
  });
}

function plainly(
  events: readonly Published[],
  isWhole: boolean,
  [before, after]: readonly [Published, Published],
  codes: readonly string[],
): boolean {
  const [fromMs, toMs] = [before.record.atMs, after.record.atMs];
  const may = (boot: string, code: string, from: number, to: number) =>
    mayHave(events, isWhole, { boot, code, fromMs: from, toMs: to });
  return codes.some((code) =>
    before.boot === after.boot
      ? may(before.boot, code, fromMs, toMs)
      : may(before.boot, code, fromMs, Number.POSITIVE_INFINITY) ||
        may(after.boot, code, Number.NEGATIVE_INFINITY, toMs),
  );
}

function drawn(random: Random): readonly Published[] {
  const events: Published[] = [];
  let [seq, boot, atMs] = [random.between(0, 1), 0, 0];
  for (let count = random.between(1, 14); count > 0; count--) {
    seq += random.chance(20) ? random.between(0, 4) : 1;
    // Some at one moment, some a minute apart, and now and then one that is earlier than the one before.
    atMs += random.pick([0, 10, 20_000, 65_000, 65_001, 200_000, -30_000]);
    if (random.chance(12)) [boot, atMs] = [boot + random.between(1, 2), random.below(100_000)];
    const event = random.pick(['notice', 'refusal', 'transition'] as const);
    const reasonCode = random.pick(CODES);
    const repeated = random.chance(40) ? random.between(1, 3) : 0;
    // A process that is heard once more: its events were late.
    events.push(published({ seq, boot: `b${boot % 3}`, atMs, event, reasonCode, repeated }));
  }
  return events;
}

test('the same answers as the definition written out plainly', () => {
  const random = new Random(20);
  const wrong: unknown[] = [];
  const answers = new Map<boolean, number>();
  for (let stream = 0; stream < 300; stream++) {
    const events = drawn(random);
    const isWhole = random.chance(50);
    const unpublished = new Unpublished(events, isWhole);
    for (const [at, after] of events.entries()) {
      expect(unpublished.isBetween(null, after, CODES)).toBe(false);
      for (const before of events.slice(0, at)) {
        const codes = CODES.filter(() => random.chance(50));
        const answer = unpublished.isBetween(before, after, codes);
        const expected = plainly(events, isWhole, [before, after], codes);
        if (answer !== expected) wrong.push({ stream, at, codes, answer });
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(answers.get(true)).toBeGreaterThan(1_000);
  expect(answers.get(false)).toBeGreaterThan(1_000);
});

test('a stream of a noisy device, with something missing in front of every other event', () => {
  const events = Array.from({ length: 20_000 }, (_, at) =>
    published({ seq: at + (at >> 1), boot: 'b0', atMs: at * 100_000, reasonCode: CODES[at % 2]! }),
  );
  const unpublished = new Unpublished(events, true);
  const count = (...codes: readonly string[]) =>
    events.filter((event, at) => unpublished.isBetween(events[at - 1] ?? null, event, codes))
      .length;
  // Of what is said of each code next nothing was left out: only behind the last one it may have been.
  expect(count(...CODES.slice(0, 2))).toBe(1);
  // Nobody has ever said it: it may be among whatever is missing, and within a minute behind that.
  expect(count(CODES[2]!)).toBe(events.length - 2);
});
