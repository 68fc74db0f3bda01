/**
 * Which events a review tells of: those of a range, by device, each told once. Pure.
 *
 * @module
 */
import type { Logs } from '../auditFiles.ts';
import type { Story, Timed } from './facts.ts';

export interface Asked {
  /** Wall clock, both ends included; null: from the beginning, to the end. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** The beginning of a public key; empty: all. */
  readonly device: string;
}

export interface Told {
  readonly stories: readonly Story[];
  /** What a hub says of devices whose own logs are there, or of nobody it knows. */
  readonly besides: readonly Timed[];
}

/** Of a device whose own log is there that one counts; of others what the hub saw. */
export function storiesOf(logs: Logs, asked: Asked): Told {
  const besides: Timed[] = [];
  const stories = new Map<string, { writer: Story['writer']; events: Timed[] }>();
  const ordered = logs.logs.toSorted(
    (a, b) => Number(a.writer === 'hub') - Number(b.writer === 'hub'),
  );
  for (const { writer, records } of ordered) {
    for (const record of records) {
      const { device } = record;
      if (!device.startsWith(asked.device)) continue;
      const { wallMs } = logs.placeOf(record);
      if (!isWithin(wallMs, asked)) continue;
      const story = stories.get(device) ?? { writer, events: [] };
      if (device !== '') stories.set(device, story);
      const isOwn = device !== '' && story.writer === writer;
      (isOwn ? story.events : besides).push({ record, wallMs });
    }
  }
  const told = Array.from(stories, ([device, { writer, events }]) => ({ device, writer, events }));
  return { stories: told, besides };
}

function isWithin(wallMs: number | null, { fromMs, toMs }: Asked): boolean {
  if (fromMs === null && toMs === null) return true;
  return (
    wallMs !== null &&
    wallMs >= (fromMs ?? Number.NEGATIVE_INFINITY) &&
    wallMs <= (toMs ?? Number.POSITIVE_INFINITY)
  );
}
