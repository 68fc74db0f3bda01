/**
 * What an attack must not change, and what it may: read before and after, and compared.
 *
 * The store is read from a copy of its files: the hub holds a lock on the original.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askControl } from '../../../hal/linux/controlClient.ts';
import { monotonicMs } from '../libc.ts';
import type { Site } from '../site.ts';

/** A busy machine answers late; a stuck daemon never. */
const ANSWER_MS = 10_000;
const MIB = 1024 * 1024;
/** USER_HZ, which Linux fixes at 100 for /proc (proc(5)). */
const TICKS_PER_SECOND = 100;

export interface SeatRow {
  readonly name: string;
  readonly state: string;
  readonly session_id: string | null;
  readonly state_version: number | null;
  readonly hub_seq: number;
  readonly binding: string | null;
  readonly is_carrying: boolean;
  readonly is_source_validated: boolean;
  readonly transport_id: number;
  readonly cipher: string;
  readonly channels: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly traffic: { readonly received: number; readonly sent: number };
}

export interface HubStatus {
  readonly counters: Readonly<Record<string, number>>;
  readonly overflow: number;
  readonly handshakes: number;
  readonly channels: number;
  readonly is_under_load: boolean;
  readonly store: { readonly committed: number; readonly failed: number };
  readonly packets: { readonly received: number; readonly sent: number };
  readonly control?: Readonly<Record<string, number>>;
}

export interface AgentStatus {
  readonly state: string;
  readonly session_id: string | null;
  readonly state_version: number;
  readonly binding: string | null;
  readonly cipher: string | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly packets: {
    readonly overflow: number;
    readonly received: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly control?: Readonly<Record<string, number>>;
}

export interface ProcessUse {
  readonly anonymousMiB: number;
  readonly cpuSeconds: number;
  readonly descriptors: number;
}

export interface Reading {
  readonly atMs: number;
  readonly hub: HubStatus;
  readonly seat: SeatRow;
  readonly agent: AgentStatus;
  /** Of the device's record in the store. */
  readonly revision: number;
  readonly hubUse: ProcessUse;
  readonly agentUse: ProcessUse;
}

export async function ask<T>(site: Site, name: string, method = 'status'): Promise<T> {
  const answer = await askControl(site.path(`${name}.sock`), { method }, ANSWER_MS);
  if (!answer.ok) throw new Error(`${name} ${method}: ${answer.message}`);
  return answer.value as T;
}

export async function seatOf(site: Site, name: string): Promise<SeatRow> {
  const rows = await ask<readonly SeatRow[]>(site, 'hub', 'sessions');
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`the hub has no device ${name}`);
  return row;
}

export async function read(
  site: Site,
  name: string,
  pids: { readonly hub: number; readonly agent: number },
): Promise<Reading> {
  const [hub, seat, agent] = [
    await ask<HubStatus>(site, 'hub'),
    await seatOf(site, name),
    await ask<AgentStatus>(site, name),
  ];
  return {
    atMs: monotonicMs(),
    hub,
    seat,
    agent,
    revision: revisionOf(site, seat.session_id),
    hubUse: useOf(pids.hub),
    agentUse: useOf(pids.agent),
  };
}

/** -1 where the store has no record of this session. */
export function revisionOf(site: Site, sessionId: string | null): number {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-store-'));
  try {
    for (const suffix of ['', '-wal']) {
      const file = site.path(`hub.db${suffix}`);
      if (existsSync(file)) copyFileSync(file, join(folder, `hub.db${suffix}`));
    }
    using database = new Database(join(folder, 'hub.db'));
    const row = database
      .query('SELECT revision FROM sessions WHERE session_id = ?')
      .get(sessionId) as { revision: number } | null;
    return row?.revision ?? -1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function useOf(pid: number): ProcessUse {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    anonymousMiB: (Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) * 1024) / MIB,
    cpuSeconds: ticks / TICKS_PER_SECOND,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** How each counter grew; those that did not are left out. */
export function grown(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([code, count]) => [code, count - (before[code] ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );
}

export const sumOf = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
