/**
 * Parts of a page that are drawn anew when their facts change, and left alone when they do not: a reader may be in the
 * middle of one.
 *
 * @module
 */
import { named } from './element.ts';

/** What was drawn of each part, as text. */
const shown = new Map<string, string>();

/** Puts what `make` makes of the facts in the place `id`. A table that scrolls keeps its place and the focus. */
export function showPart(id: string, facts: unknown, make: () => HTMLElement): void {
  const text = JSON.stringify(facts);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  const place = named(id, HTMLElement);
  const before = place.querySelector('.scroll');
  const [topPx, leftPx] = [before?.scrollTop ?? 0, before?.scrollLeft ?? 0];
  const isFocused = before?.contains(document.activeElement) === true;
  place.replaceChildren(make());
  const after = place.querySelector<HTMLElement>('.scroll');
  if (after === null) return;
  after.scrollTop = topPx;
  after.scrollLeft = leftPx;
  if (isFocused) after.focus({ preventScroll: true });
}
