/**
 * Tables with a caption and headings for rows and columns.
 *
 * @module
 */
import { type Child, element } from './element.ts';

export interface TableParts {
  readonly caption: string;
  readonly heads: readonly string[];
  /** The first cell of each row is its heading. */
  readonly rows: readonly (readonly Child[])[];
  /** Said instead of an empty table. */
  readonly none: string;
}

export function tableOf({ caption, heads, rows, none }: TableParts): HTMLElement {
  if (rows.length === 0) return element('p', { class: 'none' }, none);
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...heads.map(headOf))),
    element('tbody', {}, ...rows.map(rowOf)),
  );
}

const headOf = (head: string) => element('th', { scope: 'col' }, head);

const rowOf = ([first = null, ...rest]: readonly Child[]) =>
  element(
    'tr',
    {},
    element('th', { scope: 'row' }, first),
    ...rest.map((cell) => element('td', {}, cell)),
  );

/** A wide table that scrolls by itself, by keyboard too, and not the page. */
export function scrolling(name: string, table: HTMLElement): HTMLElement {
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name },
    table,
  );
}

/** Behind a summary, and made only when somebody opens it. */
export function folded(summary: string, make: () => HTMLElement): HTMLElement {
  const details = element('details', {}, element('summary', {}, summary));
  details.addEventListener('toggle', () => {
    details.querySelector(':scope > :not(summary)')?.remove();
    if (details.open) details.append(make());
  });
  return details;
}

/** A reason code, which may break after each of its words. */
export function codeOf(code: string): HTMLElement {
  const words = code.split('_');
  const parts = words.flatMap((word, at) =>
    at === words.length - 1 ? [word] : [`${word}_`, element('wbr')],
  );
  return element('code', {}, ...parts);
}
