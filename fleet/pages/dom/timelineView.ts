/**
 * A device's time as a drawing: a lane for each state, a lane for each kind of mark, and the hours under them.
 *
 * @module
 */
import type { Mark, Timeline } from '../answers.ts';
import { durationText } from '../format.ts';
import { pinsOf, rectanglesOf } from '../lanes.ts';
import {
  changeText,
  isMarkKind,
  kindText,
  MARK_KINDS,
  type MarkKind,
  reasonText,
} from '../marks.ts';
import { isState, STATES_SHOWN } from '../states.ts';
import { type TimeScale, ticksOf } from '../timeScale.ts';
import { localText, zoneMs } from './clock.ts';
import { shape } from './element.ts';
import { stateBox } from './swatch.ts';

const LABELS_PX = 96;
const LANE_PX = 20;
const MARK_LANE_PX = 16;
const GAP_PX = 10;
const AXIS_PX = 22;

const KINDS = Object.keys(MARK_KINDS) as readonly MarkKind[];

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export function timelineOf(
  { bands, marks }: Timeline,
  range: Range,
  widthPx: number,
  told: string,
): SVGSVGElement {
  const scale = { ...range, leftPx: LABELS_PX, widthPx: Math.max(50, widthPx - LABELS_PX - 8) };
  const marksTop = STATES_SHOWN.length * LANE_PX + GAP_PX;
  const axisTop = marksTop + KINDS.length * MARK_LANE_PX;
  const lanes = STATES_SHOWN.map((state, at) => laneOf(state, at * LANE_PX, LANE_PX, scale));
  const kinds = KINDS.map((kind, at) =>
    laneOf(MARK_KINDS[kind].words, marksTop + at * MARK_LANE_PX, MARK_LANE_PX, scale),
  );
  const boxes = rectanglesOf(bands, scale).flatMap(({ state, xPx, widthPx: width, ...band }) => {
    const lane = isState(state) ? STATES_SHOWN.indexOf(state) : -1;
    if (lane < 0) return [];
    const often = band.count === 1 ? '' : `, ${band.count} times`;
    const text = `${state} from ${localText(band.fromMs)}, ${durationText(band.toMs - band.fromMs)}${often}`;
    return [
      stateBox(
        state,
        { x: round(xPx), y: lane * LANE_PX + 3, width: round(width), height: LANE_PX - 6 },
        text,
      ),
    ];
  });
  const pins = pinsOf(marks, scale).flatMap(({ kind, xPx, mark, count }) => {
    if (!isMarkKind(kind)) return [];
    const y = marksTop + (KINDS.indexOf(kind) + 0.5) * MARK_LANE_PX;
    return [pinOf(kind, round(xPx), y, mark, count)];
  });
  const height = axisTop + AXIS_PX;
  return shape(
    'svg',
    {
      class: 'timeline',
      role: 'img',
      'aria-label': told,
      width: widthPx,
      height,
      viewBox: `0 0 ${widthPx} ${height}`,
    },
    ...lanes,
    ...kinds,
    ...axisOf(scale, axisTop),
    ...boxes,
    ...pins,
  );
}

function laneOf(
  words: string,
  y: number,
  height: number,
  { leftPx, widthPx }: TimeScale,
): SVGGElement {
  return shape(
    'g',
    {},
    shape('text', { x: leftPx - 6, y: y + height / 2 + 4, 'text-anchor': 'end' }, words),
    shape('path', { class: 'lane', d: `M${leftPx} ${y + height - 0.5}H${leftPx + widthPx}` }),
  );
}

function axisOf(scale: TimeScale, top: number): readonly SVGElement[] {
  const ticks = ticksOf(scale, Math.max(2, Math.floor(scale.widthPx / 70)), zoneMs(scale.toMs));
  return ticks.flatMap(({ xPx, text }) => [
    shape('path', { class: 'lane', d: `M${round(xPx)} 0V${top + 4}` }),
    shape('text', { x: round(xPx), y: top + 17, 'text-anchor': anchorOf(xPx, scale) }, text),
  ]);
}

/** A text in the middle of a tick at either end would be cut. */
function anchorOf(xPx: number, { leftPx, widthPx }: TimeScale): string {
  if (xPx > leftPx + widthPx - 20) return 'end';
  return xPx < leftPx + 20 ? 'start' : 'middle';
}

function pinOf(kind: MarkKind, x: number, y: number, mark: Mark, count: number): SVGGElement {
  const { path } = MARK_KINDS[kind];
  const parts = [
    kindText({ ...mark, count }),
    localText(mark.at_ms),
    changeText(mark),
    reasonText(mark),
  ];
  const text = parts.filter((part) => part !== '').join(', ');
  return shape(
    'g',
    { transform: `translate(${x} ${y})`, class: `pin ${kind}` },
    shape('path', { d: path }),
    count === 1 ? null : shape('text', { x: 6, y: 4 }, String(count)),
    shape('title', {}, text),
  );
}

const round = (px: number) => Math.round(px * 10) / 10;
