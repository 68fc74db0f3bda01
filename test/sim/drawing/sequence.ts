/**
 * From a trace to the rows of a sequence diagram: what is near the end in full, what repeats itself folded.
 *
 * A packet is one row where nothing else happened while it flew; else it leaves in one row and arrives in
 * another, so that what overtook it is seen to have done so.
 *
 * @module
 */
import type { PacketFate, TraceLine } from '../outcome.ts';

export interface Packet {
  readonly from: string;
  readonly to: string;
  /** Over which link, and what it was. */
  readonly link: string;
  readonly what: string;
  readonly fate: PacketFate;
  readonly flightMs: number | null;
  /** How many alike, one after the other. */
  readonly count: number;
}

export type Row =
  | { readonly kind: 'note'; readonly atMs: number; readonly who: string; readonly text: string }
  | { readonly kind: 'arrow'; readonly atMs: number; readonly packet: Packet }
  /** `tag` joins the two ends of one flight. */
  | {
      readonly kind: 'departure' | 'arrival';
      readonly atMs: number;
      readonly packet: Packet;
      readonly tag: string;
    };

export interface Sequence {
  /** Machines from left to right: devices, others, hubs, what lies behind them. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** What came before the first row and is not shown. */
  readonly hiddenRows: number;
  readonly isEndingInViolation: boolean;
}

export interface Ending {
  readonly atMs: number;
  readonly text: string;
}

/** Who reports violations: the drawing says what they saw, and ends with it. */
const CHECKER = 'checker';

/** Rows near the end are never folded: there every packet counts. */
const UNFOLDED_ROWS = 24;
const ROWS_MAX = 80;
const TAGS = 'abcdefghijklmnopqrstuvwxyz';
/** Notes of nobody: they go across. */
export const WORLD = 'world';
/** Whom packets go to that have no receiver. */
const NOBODY = 'nobody';

/** @param ending the violation; null: draw the end of the run. */
export function sequenceOf(
  lines: readonly TraceLine[],
  ending: Ending | null,
  rowsMax = ROWS_MAX,
): Sequence {
  const untilMs = ending?.atMs ?? Number.POSITIVE_INFINITY;
  const all = rowsOf(relevant(lines, ending), untilMs);
  const split = Math.max(0, all.length - UNFOLDED_ROWS);
  const folded = [...fold(all.slice(0, split)), ...all.slice(split)];
  const rows = tagged(whole(folded.slice(-rowsMax)));
  const last: Row[] =
    ending === null ? [] : [{ kind: 'note', atMs: ending.atMs, who: WORLD, text: ending.text }];
  return {
    columns: columnsOf(rows),
    rows: [...rows, ...last],
    hiddenRows: folded.length - rows.length,
    isEndingInViolation: ending !== null,
  };
}

/** Where the violation names a device, what the others did is left out; clones belong to their original. */
function relevant(lines: readonly TraceLine[], ending: Ending | null): readonly TraceLine[] {
  const named: readonly string[] = ending?.text.match(/device-\d+/g) ?? [];
  const isOther = (who: string) => {
    const device = /^device-\d+/.exec(who)?.[0];
    return device !== undefined && named.length > 0 && !named.includes(device);
  };
  return lines.filter((line) => {
    if (line.kind === 'note') return line.who !== CHECKER && !isOther(line.who);
    return !isOther(line.from) && !isOther(line.to);
  });
}

const timeOf = (line: TraceLine) => (line.kind === 'note' ? line.atMs : line.sentAtMs);

interface End {
  readonly atMs: number;
  readonly order: number;
  readonly row: Row;
}

function rowsOf(lines: readonly TraceLine[], untilMs: number): Row[] {
  const known = lines.filter((line) => timeOf(line) <= untilMs);
  const ends: End[] = [];
  let order = 0;
  for (const line of known) {
    if (line.kind === 'note') {
      ends.push({ atMs: line.atMs, order: order++, row: line });
      continue;
    }
    const { sentAtMs, arrivedAtMs } = line;
    const packet = packetOf(line, untilMs);
    if (packet.flightMs === null || arrivedAtMs === null) {
      ends.push({ atMs: sentAtMs, order: order++, row: { kind: 'arrow', atMs: sentAtMs, packet } });
      continue;
    }
    const departure = { kind: 'departure', atMs: sentAtMs, packet, tag: '' } as const;
    const arrival = { kind: 'arrival', atMs: arrivedAtMs, packet, tag: '' } as const;
    ends.push({ atMs: sentAtMs, order: order++, row: departure });
    ends.push({ atMs: arrivedAtMs, order: order++, row: arrival });
  }
  return joined(ends.sort((a, b) => a.atMs - b.atMs || a.order - b.order).map(({ row }) => row));
}

function packetOf(line: TraceLine & { kind: 'packet' }, untilMs: number): Packet {
  const { from, to, link, what, fate, sentAtMs, arrivedAtMs } = line;
  const hasArrived = arrivedAtMs !== null && arrivedAtMs <= untilMs;
  const flightMs = hasArrived ? arrivedAtMs - sentAtMs : null;
  return { from, to, link, what, fate, flightMs, count: 1 };
}

/** A departure directly followed by its own arrival is one arrow. */
function joined(rows: readonly Row[]): Row[] {
  const out: Row[] = [];
  for (const row of rows) {
    const before = out.at(-1);
    const isOwn =
      row.kind === 'arrival' && before?.kind === 'departure' && before.packet === row.packet;
    if (isOwn) out[out.length - 1] = { kind: 'arrow', atMs: before.atMs, packet: row.packet };
    else out.push(row);
  }
  return out;
}

/** Between two notes, packets that are alike become one row that says how many. */
function fold(rows: readonly Row[]): Row[] {
  const out: Row[] = [];
  let group = new Map<string, number>();
  for (const row of rows) {
    if (row.kind === 'note') {
      out.push(row);
      group = new Map();
      continue;
    }
    if (row.kind === 'arrival') continue;
    const { from, to, link, what, fate } = row.packet;
    const key = [from, to, link, general(what), fate].join('\n');
    const at = group.get(key);
    if (at === undefined) {
      group.set(key, out.push({ kind: 'arrow', atMs: row.atMs, packet: row.packet }) - 1);
      continue;
    }
    const first = out[at]!;
    if (first.kind !== 'arrow') continue;
    const packet = { ...first.packet, what: general(what), count: first.packet.count + 1 };
    out[at] = { ...first, packet };
  }
  return out;
}

/** What is left of a label without its numbers: `PROBE 17 T1` and `PROBE 18 T1` are alike. */
const general = (what: string) => what.replaceAll(/,? #?\d+( B)?(?=$|,| )/g, '');

/** An arrival whose departure was cut off is an arrow by itself; a departure without its arrival too. */
function whole(rows: readonly Row[]): Row[] {
  const departed = new Set(rows.flatMap((row) => (row.kind === 'departure' ? [row.packet] : [])));
  const arrived = new Set(rows.flatMap((row) => (row.kind === 'arrival' ? [row.packet] : [])));
  return rows.map((row) => {
    const other = row.kind === 'departure' ? arrived : row.kind === 'arrival' ? departed : null;
    if (other === null || row.kind === 'note' || other.has(row.packet)) return row;
    return { kind: 'arrow', atMs: row.atMs, packet: row.packet };
  });
}

/** A letter for each flight that takes two rows, in the order of departure. */
function tagged(rows: readonly Row[]): Row[] {
  const tags = new Map<Packet, string>();
  return rows.map((row) => {
    if (row.kind !== 'departure' && row.kind !== 'arrival') return row;
    const tag = tags.get(row.packet) ?? TAGS[tags.size % TAGS.length]!;
    tags.set(row.packet, tag);
    return { ...row, tag };
  });
}

function columnsOf(rows: readonly Row[]): string[] {
  const names = new Set<string>();
  for (const row of rows) {
    if (row.kind === 'note') names.add(row.who);
    else {
      names.add(row.packet.from);
      names.add(row.packet.to);
    }
  }
  names.delete(WORLD);
  names.delete(NOBODY);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Copies of a device stand next to it by name. */
function rank(name: string): number {
  if (/^(device|clone)/.test(name)) return 0;
  if (/^hub/.test(name)) return 2;
  return /^store/.test(name) ? 3 : 1;
}
