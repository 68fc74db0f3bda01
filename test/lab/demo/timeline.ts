/**
 * What a person watches: one line for each thing that happened, in columns.
 *
 * Pure but for the one function that it is given to print with.
 *
 * @module
 */

/** One line; what is left out stays blank. */
export interface TimelineRow {
  readonly atMs: number;
  readonly state?: string;
  readonly reasonCode?: string;
  readonly stateVersion?: number;
  readonly transport?: string | null;
  readonly gapMs?: number;
  readonly lost?: number;
  /** Behind the columns. */
  readonly note?: string;
}

const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
type Style = keyof typeof SGR;

/** Colours for a terminal that wants them (https://no-color.org). */
export function isColourWanted(isTerminal: boolean, noColor: string | undefined): boolean {
  return isTerminal && (noColor ?? '') === '';
}

const STATE_STYLE: Readonly<Record<string, Style>> = {
  ATTACHED: 'green',
  BIRTH: 'yellow',
  VOLATILE: 'yellow',
  DEGRADED: 'yellow',
  RECOVERING: 'yellow',
  TERMINATED: 'red',
};

// biome-ignore format: this is a table
const COLUMNS = [
  { title: 'time s',        width: 8,  align: 'right' },
  { title: 'state',         width: 10, align: 'left'  },
  { title: 'reason_code',   width: 19, align: 'left'  },
  { title: 'state_version', width: 13, align: 'right' },
  { title: 'transport',     width: 9,  align: 'left'  },
  { title: 'gap ms',        width: 6,  align: 'right' },
  { title: 'lost',          width: 4,  align: 'right' },
] as const;

export class Timeline {
  readonly #print: (line: string) => void;
  readonly #isColoured: boolean;

  constructor(print: (line: string) => void, isColoured: boolean) {
    this.#print = print;
    this.#isColoured = isColoured;
  }

  begin(): void {
    this.#print(this.style('dim', columns(COLUMNS.map(({ title }) => title)).trimEnd()));
  }

  /** What is about to happen. */
  heading(text: string): void {
    this.#print('');
    this.#print(this.style('bold', text));
  }

  text(text: string): void {
    this.#print(text);
  }

  row(row: TimelineRow): void {
    const cells = columns([
      (row.atMs / 1000).toFixed(3),
      row.state ?? '',
      row.reasonCode ?? '',
      row.stateVersion?.toString() ?? '',
      row.transport ?? '',
      row.gapMs === undefined ? '' : Math.round(row.gapMs).toString(),
      row.lost?.toString() ?? '',
    ]);
    const line = `${cells}${row.note === undefined ? '' : `  ${row.note}`}`.trimEnd();
    const style = STATE_STYLE[row.state ?? ''];
    // Padded before it is coloured: the escapes have no width.
    this.#print(
      style === undefined ? line : line.replace(row.state!, this.style(style, row.state!)),
    );
  }

  style(style: Style, text: string): string {
    return this.#isColoured ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text;
  }
}

function columns(cells: readonly string[]): string {
  return COLUMNS.map(({ width, align }, index) => {
    const cell = cells[index] ?? '';
    return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
  }).join('  ');
}
