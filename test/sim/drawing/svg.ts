/**
 * The same diagram as SVG: packets fall from the moment they were sent to the one they arrived in.
 *
 * On a ground of its own, so that it reads the same on light and dark pages. Rows are events, not equal times.
 *
 * @module
 */
import { type Packet, type Row, type Sequence, WORLD } from './sequence.ts';
import { detailOf, secondsOf } from './text.ts';

const ROW_PX = 22;
const TOP_PX = 64;
const LEFT_PX = 90;
const COLUMN_PX = 330;
const FOOT_PX = 24;
/** Of the font that most renderers choose for monospace at this size; labels are cut by it. */
const CHAR_PX = 6.7;

const INK = '#1c2733';
const PALE = '#8a94a0';
const SENT = '#2563a8';
const LOST = '#b3541e';
const NOTE = '#1b6e5a';
const CHANGED = '#7a3b93';
const BAD = '#b3261e';

export function svgOf(sequence: Sequence, title: string): string {
  const { columns, rows, hiddenRows } = sequence;
  const width = LEFT_PX + Math.max(2, columns.length) * COLUMN_PX;
  const height = TOP_PX + (rows.length + 1) * ROW_PX + FOOT_PX;
  const xOf = new Map(columns.map((name, at) => [name, LEFT_PX + 40 + at * COLUMN_PX]));
  const drawing = new Drawing(sequence, xOf, width);
  const hidden = hiddenRows > 0 ? `, ${hiddenRows} earlier rows not shown` : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, monospace" font-size="11" fill="${INK}">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="20" font-size="13" font-weight="bold">${escaped(fit(title, width - 20, 7.9))}</text>
<text x="10" y="36" fill="${PALE}">seconds of virtual time at the left; one row an event, not to scale${hidden}</text>
${columns.map((name) => lifeline(name, xOf.get(name)!, height)).join('\n')}
${rows.map((row, at) => drawing.row(row, at)).join('\n')}
</svg>
`;
}

function lifeline(name: string, x: number, height: number): string {
  return `<text x="${x}" y="${TOP_PX - 10}" text-anchor="middle" font-weight="bold" font-size="12">${escaped(name)}</text>
<path d="M${x} ${TOP_PX - 4}V${height - FOOT_PX}" stroke="#c9d1d9" stroke-width="1.5"/>`;
}

class Drawing {
  readonly #sequence: Sequence;
  readonly #xOf: ReadonlyMap<string, number>;
  readonly #width: number;
  readonly #arrivalAt: ReadonlyMap<Packet, number>;

  constructor(sequence: Sequence, xOf: ReadonlyMap<string, number>, width: number) {
    this.#sequence = sequence;
    this.#xOf = xOf;
    this.#width = width;
    this.#arrivalAt = new Map(
      sequence.rows.flatMap((row, at) => (row.kind === 'arrival' ? [[row.packet, at]] : [])),
    );
  }

  row(row: Row, at: number): string {
    const { rows, isEndingInViolation } = this.#sequence;
    const y = yOf(at);
    const isNew = row.atMs !== rows[at - 1]?.atMs;
    const time = isNew
      ? `<text x="${LEFT_PX - 18}" y="${y + 4}" text-anchor="end" fill="${PALE}">${secondsOf(row.atMs)}</text>`
      : '';
    if (row.kind === 'note') {
      const isEnd = isEndingInViolation && at === rows.length - 1;
      return time + (isEnd ? this.#ending(row.text, y) : this.#note(row.who, row.text, y));
    }
    // Its label stands at the departure, and its line was drawn from there.
    if (row.kind === 'arrival') return time;
    const to = row.kind === 'departure' ? yOf(this.#arrivalAt.get(row.packet) ?? at) : y;
    return time + this.#arrow(row.packet, y, to);
  }

  #arrow(packet: Packet, y: number, toY: number): string {
    const from = this.#xOf.get(packet.from) ?? LEFT_PX;
    const target = this.#xOf.get(packet.to) ?? from + COLUMN_PX;
    const isLost = packet.flightMs === null;
    const direction = target >= from ? 1 : -1;
    const to = isLost ? from + (target - from) * 0.82 : target - direction * 2;
    const colour = isLost ? LOST : SENT;
    const line = `<path d="M${from} ${y}L${to} ${toY}" stroke="${colour}" stroke-width="1.3" fill="none"${isLost ? ' stroke-dasharray="5 3"' : ''}/>`;
    const end = isLost ? crossAt(to, toY) : headAt(to, toY, from, y);
    const text = `${packet.what}${packet.count > 1 ? ` ×${packet.count}` : ''}${detailOf(packet.fate, packet.link, packet.flightMs)}`;
    const label = fit(text, Math.max(60, Math.abs(target - from) - 24), CHAR_PX);
    const x = from + direction * 8;
    const anchor = direction > 0 ? 'start' : 'end';
    return `${line}${end}<text x="${x}" y="${y - 3}" text-anchor="${anchor}" fill="${colour}" ${HALO}>${escaped(label)}</text>`;
  }

  #note(who: string, text: string, y: number): string {
    const x = this.#xOf.get(who);
    if (who === WORLD || x === undefined) {
      const label = escaped(fit(text, this.#width - LEFT_PX - 30, CHAR_PX));
      return `<path d="M${LEFT_PX - 10} ${y}H${this.#width - 10}" stroke="${CHANGED}" stroke-width="0.7" stroke-dasharray="2 3"/><text x="${LEFT_PX + 4}" y="${y + 4}" fill="${CHANGED}" ${HALO}>${label}</text>`;
    }
    const room = this.#width - x - 20;
    const isBesides = text.length * CHAR_PX <= room || x < this.#width / 2;
    const label = escaped(fit(text, isBesides ? room : x - LEFT_PX - 20, CHAR_PX));
    const mark = `<path d="M${x} ${y - 4}l4 4l-4 4l-4 -4z" fill="${NOTE}"/>`;
    const place = isBesides ? `x="${x + 9}"` : `x="${x - 9}" text-anchor="end"`;
    return `${mark}<text ${place} y="${y + 4}" fill="${NOTE}" ${HALO}>${label}</text>`;
  }

  #ending(text: string, y: number): string {
    const label = escaped(fit(text, this.#width - LEFT_PX - 20, CHAR_PX * 1.1));
    return `<path d="M${LEFT_PX - 10} ${y - 9}H${this.#width - 8}" stroke="${BAD}" stroke-width="1.5"/><text x="${LEFT_PX}" y="${y + 7}" fill="${BAD}" font-weight="bold" font-size="12">${label}</text>`;
  }
}

/** White around a label, where it crosses lines. */
const HALO = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"';

const yOf = (at: number) => TOP_PX + ROW_PX + at * ROW_PX;

function headAt(x: number, y: number, fromX: number, fromY: number): string {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length];
  const corner = (side: number) =>
    `${(x - 8 * dx - side * 3.5 * dy).toFixed(1)} ${(y - 8 * dy + side * 3.5 * dx).toFixed(1)}`;
  return `<path d="M${x} ${y}L${corner(1)}L${corner(-1)}z" fill="${SENT}"/>`;
}

const crossAt = (x: number, y: number) =>
  `<path d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8" stroke="${LOST}" stroke-width="2"/>`;

function fit(text: string, roomPx: number, charPx: number): string {
  const most = Math.floor(roomPx / charPx);
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
