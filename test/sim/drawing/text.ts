/**
 * A sequence diagram for the terminal: time at the left, a column a machine, an arrow a packet.
 *
 * ```text
 *    12.340 │ device-0                       hub-0
 *    12.340 │ ├── REATTACH v7 · lte0, 40 ms ─▶│
 *    12.391 │ │                      PROBE ✕──┤ lost · lte0
 *    12.400 │ ◆ ATTACHED → RECOVERING          │
 * ```
 *
 * @module
 */
import { type Row, type Sequence, WORLD } from './sequence.ts';

const TIME_CHARS = 11;
const GAP_MIN = 36;
const WIDTH_MIN = 80;
/** Beside the last column, for its name. */
const LAST_CHARS = 8;

export interface Style {
  readonly widthChars: number;
  readonly hasColour: boolean;
}

export function textOf(sequence: Sequence, { widthChars, hasColour }: Style): string[] {
  const { columns, rows, hiddenRows, isEndingInViolation } = sequence;
  const width = Math.max(WIDTH_MIN, widthChars, TIME_CHARS + columns.length * GAP_MIN);
  const gap = Math.floor((width - TIME_CHARS - LAST_CHARS) / Math.max(1, columns.length - 1));
  const xOf = new Map(columns.map((name, at) => [name, at * gap]));
  const room = width - TIME_CHARS;
  const paint = painter(hasColour);

  const lines = [`${' '.repeat(TIME_CHARS - 2)}│ ${headOf(columns, xOf, room)}`.trimEnd()];
  if (hiddenRows > 0) {
    const hidden = `… ${hiddenRows} earlier row${hiddenRows === 1 ? '' : 's'} not shown`;
    lines.push(paint('dim', `${' '.repeat(TIME_CHARS - 2)}│ ${hidden}`));
  }
  for (const [at, row] of rows.entries()) {
    const isEnd = isEndingInViolation && at === rows.length - 1;
    const time = isEnd || row.atMs !== rows[at - 1]?.atMs ? secondsOf(row.atMs) : '';
    const lead = `${time.padStart(TIME_CHARS - 3)} │ `;
    if (isEnd && row.kind === 'note') {
      lines.push(lead + paint('bad', `■ ${row.text}`));
      continue;
    }
    const canvas = new Canvas(room);
    for (const x of xOf.values()) canvas.put(x, '│');
    draw(row, canvas, xOf, room);
    lines.push(lead + paint(toneOf(row), canvas.text));
  }
  return lines;
}

export const secondsOf = (atMs: number) => (atMs / 1000).toFixed(3);

/** A line of characters; what lies outside is not drawn. */
class Canvas {
  readonly #cells: string[];

  constructor(width: number) {
    this.#cells = Array<string>(width).fill(' ');
  }

  put(x: number, text: string): void {
    let at = x;
    for (const character of text) {
      if (at >= 0 && at < this.#cells.length) this.#cells[at] = character;
      at += 1;
    }
  }

  get text(): string {
    return this.#cells.join('').trimEnd();
  }
}

function headOf(columns: readonly string[], xOf: ReadonlyMap<string, number>, room: number) {
  const canvas = new Canvas(room);
  for (const name of columns) {
    const x = xOf.get(name)!;
    canvas.put(Math.min(x, room - name.length), name);
  }
  return canvas.text;
}

/** To somebody without a column an arrow goes a little to the right. */
function draw(row: Row, canvas: Canvas, xOf: ReadonlyMap<string, number>, room: number): void {
  if (row.kind === 'note') return note(canvas, row.who, row.text, xOf, room);
  const { packet } = row;
  const from = xOf.get(packet.from) ?? 0;
  const to = xOf.get(packet.to) ?? Math.min(from + GAP_MIN, room - 1);
  const isRight = to >= from;
  const left = Math.min(from, to);
  const inside = Math.abs(to - from) - 1;
  if (inside < 4) return canvas.put(left + 1, labelOf(row));
  const label = fit(labelOf(row), inside - 4);
  const isLost = row.kind === 'arrow' && packet.flightMs === null;
  const line = row.kind === 'arrow' ? '─' : '╌';
  const begin = line.repeat(2);
  // Where the label stands says which end this is: a departure's at its sender, an arrival's at its receiver.
  const isAtLeft = row.kind === 'arrival' ? !isRight : isRight;
  const fill = line.repeat(Math.max(0, inside - 4 - label.length));
  const filled = isAtLeft ? `${begin} ${label} ${fill}` : `${fill} ${label} ${begin}`;
  canvas.put(left + 1, filled.slice(0, inside));
  const head = left + (isRight ? inside : 1);
  if (row.kind === 'departure') canvas.put(head, line);
  else if (isLost) cross(canvas, left, inside, isRight);
  else canvas.put(head, isRight ? '▶' : '◀');
}

/** A lost packet gets as far as its mark. */
function cross(canvas: Canvas, left: number, inside: number, isRight: boolean): void {
  const at = isRight ? left + inside - 3 : left + 1;
  canvas.put(at, isRight ? '✕   ' : '   ✕');
}

function labelOf(row: Exclude<Row, { kind: 'note' }>): string {
  const { what, link, fate, flightMs, count } = row.packet;
  const times = count > 1 ? ` ×${count}` : '';
  const tag = row.kind === 'arrow' ? '' : `(${row.tag}) `;
  return `${tag}${what}${times}${detailOf(fate, link, row.kind === 'departure' ? null : flightMs)}`;
}

export function detailOf(fate: string, link: string, flightMs: number | null): string {
  const facts = [
    fate === 'delivered' ? '' : fate,
    link,
    flightMs === null || flightMs === 0 ? '' : `${Number(flightMs.toFixed(1))} ms`,
  ].filter((fact) => fact !== '');
  return facts.length === 0 ? '' : ` · ${facts.join(', ')}`;
}

function note(
  canvas: Canvas,
  who: string,
  text: string,
  xOf: ReadonlyMap<string, number>,
  room: number,
): void {
  const x = xOf.get(who);
  if (who === WORLD || x === undefined) {
    const said = ` ${fit(text, room - 8)} `;
    canvas.put(0, '┄'.repeat(room - 1));
    return canvas.put(3, said);
  }
  const said = fit(text, room - 3);
  const isBesides = x + 2 + said.length <= room;
  if (isBesides) canvas.put(x, `◆ ${said} `);
  else canvas.put(Math.max(0, x - said.length - 2), ` ${said} ◆`);
}

const fit = (text: string, most: number) =>
  text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;

type Tone = 'plain' | 'dim' | 'lost' | 'note' | 'world' | 'bad';
const CODES = { plain: '', dim: '2', lost: '33', note: '36', world: '35', bad: '1;31' } as const;

function toneOf(row: Row): Tone {
  if (row.kind === 'note') return row.who === WORLD ? 'world' : 'note';
  return row.packet.flightMs === null ? 'lost' : 'plain';
}

const painter = (hasColour: boolean) => (tone: Tone, text: string) =>
  hasColour && CODES[tone] !== '' ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;
