/**
 * What `jvpn fleet` keeps of the events of devices, as logs that an audit can judge: each run without a gap is one.
 *
 * A database that cannot be read, or in which there is nothing of what was asked for, is a message for a person.
 *
 * @module
 */
import type { AuditRecord } from '../../session/invariants/stream/record.ts';
import type { Log, Place, Sources, Unreadable } from './auditFiles.ts';
import { type Cut, runsOf } from './auditRuns.ts';

export interface EventsAsked {
  readonly file: string;
  /** ms since 1970, or null. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly device: string | null;
}

/** Beside the logs themselves. */
export interface EventSources {
  readonly file: string;
  /** That have events. */
  readonly devices: number;
  /** Names of devices that have none. */
  readonly without: readonly string[];
  readonly cuts: readonly Cut[];
}

export type ReadEvents =
  | { readonly ok: true; readonly logs: Sources; readonly events: EventSources }
  | { readonly ok: false; readonly message: string };

export async function readEvents(asked: EventsAsked): Promise<ReadEvents> {
  const { readKeptEvents } = await import('../../fleet/keptStreams.ts');
  const read = readKeptEvents(asked.file, asked);
  if (!read.ok) return read;
  const { streams, without } = read.value;
  const logs = new RunLogs();
  const cuts: Cut[] = [];
  for (const stream of streams) {
    const found = runsOf(stream);
    // A loop: more than an argument list can have.
    for (const cut of found.cuts) cuts.push(cut);
    logs.add(`${stream.device}/${stream.stream}`, found);
  }
  const devices = new Set(streams.map(({ device }) => device)).size;
  return { ok: true, logs, events: { file: asked.file, devices, without, cuts } };
}

/** A place is `DEVICE/STREAM`, and as its line the number in it. */
class RunLogs implements Sources {
  readonly logs: Log[] = [];
  readonly unreadable: Unreadable[] = [];
  /** They are no fault of what is there: {@link EventSources} has them. */
  readonly gaps = [];
  readonly #places = new Map<AuditRecord, Place>();

  placeOf(record: AuditRecord): Place {
    return this.#places.get(record) ?? { file: '', line: 0, wallMs: null };
  }

  add(file: string, { runs, unreadable }: ReturnType<typeof runsOf>): void {
    for (const line of unreadable) this.unreadable.push({ file, line, code: 'notAnEvent' });
    for (const run of runs) {
      for (const { record, wallMs } of run) {
        this.#places.set(record, { file, line: record.seq, wallMs });
      }
      const records = run.map(({ record }) => record);
      this.logs.push({ files: [file], records, writer: 'device', hasClaims: false });
    }
  }
}
