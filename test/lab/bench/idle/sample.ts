/**
 * What a process and its links had done at one moment, as the kernel counts it.
 *
 * Reading /proc and /sys wakes nobody. Texts are read by pure functions, so that tests can give them any.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cpuSecondsOf, memoryOf } from '../usage.ts';

/** Each IP packet on a veth has an Ethernet header, which a mobile link has not. */
const ETHERNET_HEADER_BYTES = 14;

export interface LinkCounts {
  /** IP bytes, headers of IP included. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
}

/** Voluntary and involuntary switches of one thread, from the text of /proc/PID/task/TID/status. */
export function switchesOf(status: string): number {
  const count = (name: string) =>
    Number(new RegExp(`^${name}_ctxt_switches:\\s+(\\d+)$`, 'm').exec(status)?.[1] ?? Number.NaN);
  return count('voluntary') + count('nonvoluntary');
}

/** One interface, from the text of /proc/net/dev. Null: it is not there. */
export function linkCountsOf(netDev: string, link: string): LinkCounts | null {
  const line = netDev.split('\n').find((candidate) => candidate.trim().startsWith(`${link}:`));
  if (line === undefined) return null;
  const fields = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  const [receivedBytes = 0, receivedPackets = 0] = fields;
  const [sentBytes = 0, sentPackets = 0] = fields.slice(8);
  return {
    sentBytes: sentBytes - sentPackets * ETHERNET_HEADER_BYTES,
    receivedBytes: receivedBytes - receivedPackets * ETHERNET_HEADER_BYTES,
    sentPackets,
    receivedPackets,
  };
}

/** Time on a CPU, from the text of /proc/PID/task/TID/schedstat, whose first number is in nanoseconds. */
export function ranSecondsOf(schedstat: string): number {
  return Number(schedstat.split(' ', 1)[0]) / 1e9;
}

export interface ProcessCounts {
  /** By thread id: a thread may come and go. */
  readonly switches: ReadonlyMap<string, number>;
  readonly ranSeconds: ReadonlyMap<string, number>;
  readonly threadNames: ReadonlyMap<string, string>;
  readonly cpuSeconds: number;
  readonly anonKib: number;
  readonly links: ReadonlyMap<string, LinkCounts>;
}

/** @throws when the process is gone. */
export function countsOf(pid: number, links: readonly string[]): ProcessCounts {
  const netDev = read(`/proc/${pid}/net/dev`);
  const switches = new Map<string, number>();
  const ranSeconds = new Map<string, number>();
  const threadNames = new Map<string, string>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const thread = threadOf(`/proc/${pid}/task/${tid}`);
    if (thread === null) continue;
    switches.set(tid, thread.switches);
    ranSeconds.set(tid, thread.ranSeconds);
    threadNames.set(tid, thread.name);
  }
  return {
    switches,
    ranSeconds,
    threadNames,
    cpuSeconds: cpuSecondsOf(read(`/proc/${pid}/stat`)),
    anonKib: memoryOf(read(`/proc/${pid}/status`)).anonKib,
    links: new Map(
      links.flatMap((link) => {
        const counts = linkCountsOf(netDev, link);
        return counts === null ? [] : [[link, counts] as const];
      }),
    ),
  };
}

/** Null: it ended while its process was looked at. */
function threadOf(folder: string) {
  try {
    return {
      name: read(`${folder}/comm`).trim(),
      switches: switchesOf(read(`${folder}/status`)),
      ranSeconds: ranSecondsOf(read(`${folder}/schedstat`)),
    };
  } catch {
    return null;
  }
}

const read = (path: string) => readFileSync(path, 'utf8');
