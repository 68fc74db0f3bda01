/**
 * A chart over time by uPlot: a title, one sentence, the drawing, a key that also tells the values under the pointer,
 * and the same figures as a table.
 *
 * Lines are told apart by their dashes, areas by their hatches. uPlot writes styles through the object model, which the
 * page's content security policy allows, and draws on a canvas, which it does not concern.
 *
 * @module
 */
import uPlot from 'uplot';
import type { ChartFacts, ChartLine } from '../charts.ts';
import { alone } from '../columns.ts';
import { ticksOf } from '../timeScale.ts';
import { localText, zoneMs } from './clock.ts';
import { element, say, shape } from './element.ts';
import { canvasFill, styleOf, swatchOf } from './swatch.ts';
import { folded, scrolling, tableOf } from './table.ts';

export interface ChartParts extends Omit<ChartFacts, 'title'> {
  readonly atMs: readonly number[];
}

/** Custom properties of the style sheet, and dashes in CSS pixels. */
const PENS = [
  { colour: '--line-1', dash: [] },
  { colour: '--line-2', dash: [8, 4] },
  { colour: '--line-3', dash: [2, 3] },
  { colour: '--line-4', dash: [12, 3, 2, 3] },
  { colour: '--ink', dash: [5, 9] },
] as const;

const HEIGHT_PX = 200;

/** Distances between the lines of a scale of counts. */
const WHOLE = Array.from({ length: 9 }, (_, at) => [1, 2, 5].map((step) => step * 10 ** at)).flat();

/** Rows of a chart's table; more are not read, and the range can be made smaller. */
const ROWS_MAX = 300;

export class Chart {
  readonly figure: HTMLElement;
  readonly #title: string;
  readonly #sentence = element('p', { class: 'sentence' });
  readonly #plot = element('div', { class: 'plot', role: 'img' });
  readonly #key = element('ul', { class: 'key' });
  #parts: ChartParts | null = null;
  #drawing: uPlot | null = null;

  constructor(title: string) {
    this.#title = title;
    this.figure = element(
      'figure',
      { class: 'chart' },
      element('figcaption', {}, element('h3', {}, title), this.#sentence),
      this.#plot,
      this.#key,
      folded(`${title} as a table`, () => this.#table()),
    );
    new ResizeObserver(() => this.#fit()).observe(this.#plot);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  show(parts: ChartParts): void {
    this.#parts = parts;
    say(this.#sentence, parts.sentence);
    this.#plot.setAttribute('aria-label', `${this.#title}. ${parts.sentence}`);
    this.#draw();
  }

  #draw(): void {
    const parts = this.#parts;
    this.#drawing?.destroy();
    this.#drawing = null;
    if (parts === null) return;
    const values = parts.lines.map((line, at) => {
      const value = element('span', { class: 'value' });
      return { value, entry: element('li', {}, keyOf(line, at), line.name, ' ', value) };
    });
    this.#key.replaceChildren(...values.map(({ entry }) => entry));
    const tell = (at: number | null | undefined) => {
      for (const [index, line] of parts.lines.entries()) {
        const text =
          at === null || at === undefined ? '' : parts.valueText(line.values[at] ?? null);
        say(values[index]!.value, text);
      }
    };
    const data = [
      [...parts.atMs],
      ...parts.lines.map(({ values, drawn }) => [...(drawn ?? values)]),
    ];
    const width = Math.max(100, this.#plot.clientWidth);
    const options = optionsOf(parts, width, tell);
    this.#drawing = new uPlot(options, data as uPlot.AlignedData, this.#plot);
  }

  #fit(): void {
    const width = this.#plot.clientWidth;
    if (this.#drawing === null || width < 100 || width === this.#drawing.width) return;
    this.#drawing.setSize({ width, height: HEIGHT_PX });
  }

  #table(): HTMLElement {
    const { atMs, lines, valueText } = this.#parts ?? NOTHING;
    const last = atMs.length - 1;
    const rows = Array.from({ length: Math.min(ROWS_MAX, atMs.length) }, (_, back) => {
      const at = last - back;
      return [localText(atMs[at]), ...lines.map(({ values }) => valueText(values[at] ?? null))];
    });
    const table = tableOf({
      caption: `${this.#title}, the newest first`,
      heads: ['Time', ...lines.map(({ name }) => name)],
      rows,
      none: 'Nothing is recorded for that time.',
    });
    return scrolling(`${this.#title} as a table`, table);
  }
}

const NOTHING: ChartParts = {
  sentence: '',
  atMs: [],
  lines: [],
  valueText: String,
  topMin: 1,
  isWhole: true,
};

function keyOf(line: ChartLine, at: number): SVGSVGElement {
  if (line.area !== undefined) return swatchOf(line.area);
  const pen = penOf(at);
  return shape(
    'svg',
    { class: 'swatch', width: 30, height: 10, 'aria-hidden': 'true' },
    shape('path', {
      d: 'M0 5H30',
      class: `pen pen-${at % PENS.length}`,
      'stroke-dasharray': pen.dash.length === 0 ? null : pen.dash.join(' '),
    }),
  );
}

const penOf = (at: number) => PENS[at % PENS.length]!;

function optionsOf(
  parts: ChartParts,
  width: number,
  tell: (at: number | null | undefined) => void,
): uPlot.Options {
  const [ink, grid] = [styleOf('--soft'), styleOf('--line')];
  const font = '12px system-ui, sans-serif';
  const axis = {
    stroke: ink,
    font,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
  };
  const times = (from: number, to: number) =>
    ticksOf({ fromMs: from, toMs: to, leftPx: 0, widthPx: 1 }, width < 500 ? 4 : 8, zoneMs(to));
  return {
    width,
    height: HEIGHT_PX,
    ms: 1,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: true },
      y: { range: (_plot, _least, most) => [0, Math.max(parts.topMin, (most ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        splits: (_plot, _axis, from, to) => times(from, to).map(({ atMs }) => atMs),
        values: (plot) =>
          times(plot.scales['x']!.min ?? 0, plot.scales['x']!.max ?? 0).map(({ text }) => text),
      },
      {
        ...axis,
        size: 62,
        ...(parts.isWhole ? { incrs: WHOLE } : {}),
        values: (_plot, splits) => splits.map((value) => parts.valueText(value)),
      },
    ],
    series: [{}, ...parts.lines.map(seriesOf)],
    hooks: { setCursor: [(plot) => tell(plot.cursor.idx)] },
  };
}

function seriesOf(line: ChartLine, at: number): uPlot.Series {
  const { area } = line;
  if (area !== undefined) {
    return {
      stroke: styleOf('--ink'),
      width: 0.5,
      points: { show: false },
      fill: (plot) => canvasFill(area, plot.ctx),
    };
  }
  const { colour, dash } = penOf(at);
  const lone = alone(line.values);
  return {
    stroke: styleOf(colour),
    width: 2,
    dash: [...dash],
    points: { show: true, size: 6, fill: styleOf(colour), filter: () => lone },
  };
}
