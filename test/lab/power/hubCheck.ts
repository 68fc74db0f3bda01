/**
 * A hub started on what a power cut left, and whether it keeps what was committed.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { openStore } from '../../../hub/store.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { keyOf, recordOf } from './hubState.ts';
import type { HubMark } from './mark.ts';

/** What was acknowledged before the cut, device by device, and the newest swap that was asked for. */
export interface HubPromise {
  readonly commits: number;
  readonly enrolled: number;
  readonly highWaterMs: number;
  readonly committed: Readonly<Record<number, number>>;
  readonly began: Readonly<Record<number, number>>;
}

export const NO_HUB_PROMISE: HubPromise = {
  ...{ commits: 0, enrolled: 0, highWaterMs: 0, committed: {}, began: {} },
};

export function committed(before: HubPromise, mark: HubMark): HubPromise {
  const commits = before.commits + 1;
  switch (mark.kind) {
    case 'enrolled':
      return { ...before, commits, enrolled: before.enrolled + 1 };
    case 'highWater':
      return { ...before, commits, highWaterMs: mark.atMs };
    case 'began':
      return { ...before, began: { ...before.began, [mark.device]: mark.revision } };
    case 'committed':
      return {
        ...before,
        commits,
        committed: { ...before.committed, [mark.device]: mark.revision },
      };
  }
}

export interface HubFound {
  readonly enrolled: number;
  readonly highWaterMs: number;
  readonly records: ReadonlyMap<string, SessionRecord>;
  /** `ok`, or what SQLite finds wrong with its own pages. */
  readonly integrity: string;
}

/** Start a store on `file` as the hub does, and read all of it. */
export function recoverHub(file: string): HubFound | string {
  const opened = openStore(file);
  if (!opened.ok) return opened.message;
  const store = opened.value;
  try {
    const found = {
      enrolled: store.devices().length,
      highWaterMs: store.readHighWaterMs(),
      records: new Map(store.readAll().map((record) => [record.device, record])),
    };
    store.close();
    return { ...found, integrity: integrityOf(file) };
  } catch (error) {
    return `the store cannot be read: ${error instanceof Error ? error.message : error}`;
  } finally {
    store.close();
  }
}

function integrityOf(file: string): string {
  const database = new Database(file, { strict: true });
  try {
    const rows = database
      .query<{ integrity_check: string }, []>('PRAGMA integrity_check')
      .all()
      .map((row) => row.integrity_check);
    return rows.join('; ');
  } finally {
    database.close();
  }
}

/** What of the promise was broken, in words; nothing if it was kept. */
export function brokenHub(promise: HubPromise, found: HubFound): string[] {
  const broken: string[] = [];
  if (found.integrity !== 'ok') broken.push(`integrity: ${found.integrity}`);
  if (found.enrolled < promise.enrolled) {
    broken.push(`${found.enrolled} devices, ${promise.enrolled} were enrolled`);
  }
  if (found.highWaterMs < promise.highWaterMs) {
    broken.push(`hub time ${found.highWaterMs}, was ${promise.highWaterMs}`);
  }
  for (const [device, began] of Object.entries(promise.began)) {
    const number = Number(device);
    const record = found.records.get(keyOf(number));
    const revision = record?.revision ?? 0;
    const least = promise.committed[number] ?? 0;
    if (revision < least) broken.push(`gateway-${device} revision ${revision}, committed ${least}`);
    if (revision > began) broken.push(`gateway-${device} revision ${revision} was never asked for`);
    // Owner epoch, state version, claim and keys with it.
    if (record !== undefined && !isDeepStrictEqual(record, recordOf(number, revision))) {
      broken.push(`gateway-${device} revision ${revision} is not what was written`);
    }
  }
  return broken;
}
