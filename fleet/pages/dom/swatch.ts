/**
 * The look of a state: its colour from the style sheet, its hatch from `states.ts`, as SVG and on a canvas.
 *
 * @module
 */
import type { State } from '../../../session/transitions.ts';
import { isState, STATE_HATCHES, STATES_SHOWN } from '../states.ts';
import { shape } from './element.ts';

/** The hatches, once for a page; rectangles refer to them by name. */
export function defineHatches(): void {
  const patterns = STATES_SHOWN.flatMap((state) => {
    const hatch = STATE_HATCHES[state];
    if (hatch === null) return [];
    return [
      shape(
        'pattern',
        {
          id: `hatch-${state}`,
          width: hatch.gapPx,
          height: hatch.gapPx,
          patternUnits: 'userSpaceOnUse',
          patternTransform: `rotate(${hatch.degrees})`,
        },
        shape('path', { d: `M0 0H${hatch.gapPx}`, class: 'hatch' }),
      ),
    ];
  });
  document.body.append(
    shape('svg', { class: 'defs', 'aria-hidden': 'true', width: 0, height: 0 }, ...patterns),
  );
}

interface Box {
  readonly x: number | string;
  readonly y: number;
  readonly width: number | string;
  readonly height: number;
}

/** A rectangle in a state's look: its colour, and its hatch on top. */
export function stateBox(state: string, box: Box, told: string | null = null): SVGGElement {
  const hatch = isState(state) ? STATE_HATCHES[state] : null;
  return shape(
    'g',
    {},
    shape('rect', { ...box, class: `state ${isState(state) ? state : 'unknown'}` }),
    hatch === null ? null : shape('rect', { ...box, fill: `url(#hatch-${state})` }),
    told === null ? null : shape('title', {}, told),
  );
}

/** A small square beside a state's name. */
export function swatchOf(state: State): SVGSVGElement {
  return shape(
    'svg',
    { class: 'swatch', width: 18, height: 14, 'aria-hidden': 'true' },
    stateBox(state, { x: 0.5, y: 0.5, width: 17, height: 13 }),
  );
}

/** The value of a custom property of the style sheet, which follows light and dark. */
export function styleOf(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

/** The look of a state as something a canvas fills with. */
export function canvasFill(
  state: State,
  context: CanvasRenderingContext2D,
): string | CanvasPattern {
  const colour = styleOf(`--${state}`);
  const hatch = STATE_HATCHES[state];
  if (hatch === null) return colour;
  const { degrees, gapPx } = hatch;
  const side = Math.round(gapPx * devicePixelRatio);
  const tile = new OffscreenCanvas(side, side);
  const pen = tile.getContext('2d');
  if (pen === null) return colour;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, side, side);
  pen.strokeStyle = styleOf('--hatch');
  pen.lineWidth = 1.5 * devicePixelRatio;
  pen.beginPath();
  for (const [x1, y1, x2, y2] of linesOf(degrees, side)) {
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat') ?? colour;
}

type Line = readonly [number, number, number, number];

/** Diagonals go past the corners, so that the tiles join. */
function linesOf(degrees: 0 | 45 | 90 | 135, side: number): readonly Line[] {
  const half = side / 2;
  if (degrees === 0) return [[0, half, side, half]];
  if (degrees === 90) return [[half, 0, half, side]];
  const falling: Line[] = [-side, 0, side].map((x) => [
    x - half,
    -half,
    x + side + half,
    side + half,
  ]);
  return degrees === 45
    ? falling
    : falling.map(([x1, y1, x2, y2]) => [side - x1, y1, side - x2, y2] as const);
}
