/**
 * The list of devices: searched, narrowed to a state or to what became of a policy, sorted, a page at a time, and its rows kept current.
 *
 * Rows change in place and do not move: a list that sorts itself anew under the eyes of a reader cannot be read.
 *
 * @module
 */
import { OUTCOMES, type Outcome } from '../../outcome.ts';
import type { DeviceList, DeviceRow, Overview, Rollout } from '../answers.ts';
import {
  addressOf,
  captionOf,
  type DeviceQuery,
  FIRST_PAGE,
  isWhole,
  outcomeFigure,
  PAGE_ROWS,
  pageAfter,
  pageBefore,
  queryOf,
  requestOf,
  SORTS,
  type Sort,
} from '../deviceQuery.ts';
import { type ColumnId, cellsOf, LIST_COLUMNS, stateNow } from '../deviceRow.ts';
import { outcomeWord, verdictText } from '../rollout.ts';
import { isState, STATES_SHOWN } from '../states.ts';
import { ask, attempt } from './ask.ts';
import { localText, serverMs } from './clock.ts';
import { element, named, say } from './element.ts';
import { asWatcher } from './live.ts';
import { swatchOf } from './swatch.ts';

/** A pause in typing, after which the list is asked for. Chosen. */
const TYPING_MS = 250;

/** How often a fleet that grows, or a rollout that goes on, may ask for the list. Chosen. */
const OVERVIEWS_MS = 10_000;

/** How often `5 s ago` is said anew. */
const AGES_MS = 5_000;

let query: DeviceQuery = queryOf(location.search);
let list: DeviceList = { total: 0, devices: [] };
const rows = new Map<string, { row: DeviceRow; line: HTMLTableRowElement }>();
/** What was told of devices since the newest question; null once it is answered. */
let meanwhile: Map<string, DeviceRow> | null = null;
/** Answers come in any order: only the one to the newest question counts. */
let asked = 0;
let askedAtMs = 0;
/** As the newest overview has it, and what it said of the list that is shown when that was asked for. */
let rollout: Rollout | null = null;
let askedFigure: string | null = null;
/** A device on this page says something else of a policy than when the list was asked for. */
let isVerdictOther = false;

/** Until the first page is there, or it is told why not. */
export function startDevices(): Promise<void> {
  const { search, state, outcome, sort } = fields();
  const choice = (value: string, words: string) => element('option', { value }, words);
  state.append(...STATES_SHOWN.map((word) => choice(word, word)));
  outcome.append(...OUTCOMES.map((id) => choice(id, outcomeWord(id))));
  sort.append(...Object.entries(SORTS).map(([id, words]) => choice(id, words)));
  named('device-heads', HTMLTableRowElement).replaceChildren(...LIST_COLUMNS.map(headOf));
  keepTable();
  let typing: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(
      () => turn({ ...query, search: search.value.trim(), before: [] }),
      TYPING_MS,
    );
  });
  state.addEventListener('change', () => turn({ ...query, state: state.value, before: [] }));
  outcome.addEventListener('change', () =>
    turn({ ...query, outcome: outcome.value as Outcome | '', before: [] }),
  );
  sort.addEventListener('change', () => turn({ ...query, sort: sort.value as Sort, before: [] }));
  named('device-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(typing);
    void turn({ ...query, search: search.value.trim(), before: [] });
  });
  onPress('next', () => {
    const last = list.devices.at(-1);
    if (last !== undefined)
      void turn(pageAfter(query, { name: last.name, key: list.next_key ?? null }));
  });
  onPress('previous', () => turn(pageBefore(query)));
  setInterval(showAges, AGES_MS);
  return turn(query);
}

/** Asks for the same page again. */
export function reloadDevices(): void {
  void turn(query);
}

/** The devices on which this became of the policy, and the reader is taken to them. */
export function showOutcome(outcome: Outcome): void {
  void turn({ ...FIRST_PAGE, sort: query.sort, outcome });
  const place = named('devices', HTMLElement);
  place.focus({ preventScroll: true });
  place.scrollIntoView();
}

/** The fleet has grown or shrunk, or a rollout goes on: the list is asked for again, but not with each device of many. */
export function onOverview(overview: Overview): void {
  rollout = overview.rollout ?? null;
  if (Date.now() - askedAtMs >= OVERVIEWS_MS && isOld(overview.devices.total)) void turn(query);
}

function isOld(total: number): boolean {
  if (isWhole(query)) return total !== list.total;
  if (query.outcome === '') return false;
  return isVerdictOther || outcomeFigure(query, rollout) !== askedFigure;
}

/** News of one device, which may not be on this page. */
export function showDevice(row: DeviceRow): void {
  meanwhile?.set(row.name, row);
  const known = rows.get(row.name);
  if (known === undefined) return;
  if (verdictText(row.documents) !== verdictText(known.row.documents)) isVerdictOther = true;
  known.row = row;
  fill(known.line, row);
}

/** On a narrow screen rows are laid out as cards, and must stay rows of a table to those who listen to it. */
function keepTable(): void {
  const table = named('device-table', HTMLTableElement);
  table.setAttribute('role', 'table');
  for (const group of [table.tHead, ...table.tBodies]) group?.setAttribute('role', 'rowgroup');
  named('device-heads', HTMLTableRowElement).setAttribute('role', 'row');
}

/** A button of the pager that leads nowhere can be pressed: it keeps the focus, and does nothing. */
function onPress(id: string, work: () => void): void {
  const button = named(id, HTMLButtonElement);
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') work();
  });
}

const fields = () => ({
  search: named('search', HTMLInputElement),
  state: named('state', HTMLSelectElement),
  outcome: named('outcome', HTMLSelectElement),
  sort: named('sort', HTMLSelectElement),
});

/** Shows another part of the list, and makes the page's address say which. */
async function turn(next: DeviceQuery): Promise<void> {
  query = next;
  const { search, state, outcome, sort } = fields();
  if (document.activeElement !== search) search.value = query.search;
  state.value = query.state;
  outcome.value = query.outcome;
  sort.value = query.sort;
  const address = addressOf(query);
  history.replaceState(null, '', address === '' ? location.pathname : `?${address}`);
  for (const { id, sort: by } of LIST_COLUMNS) {
    if (by === null) continue;
    const head = named(`head-${id}`, HTMLElement);
    if (query.sort === by)
      head.setAttribute('aria-sort', by === 'name' ? 'ascending' : 'descending');
    else head.removeAttribute('aria-sort');
  }
  asked += 1;
  askedAtMs = Date.now();
  const figure = outcomeFigure(query, rollout);
  isVerdictOther = false;
  const question = asked;
  const told = new Map<string, DeviceRow>();
  meanwhile = told;
  await attempt('the devices', async () => {
    const answer = await ask<DeviceList>(`${requestOf(query)}&${asWatcher}`).finally(() => {
      if (question === asked) meanwhile = null;
    });
    if (question !== asked) return;
    askedFigure = figure;
    show(answer, told);
  });
}

/** @param told news that came while the answer was on its way, and are newer. */
function show(answer: DeviceList, told: ReadonlyMap<string, DeviceRow>): void {
  list = answer;
  rows.clear();
  const lines = answer.devices.map((listed) => {
    const row = told.get(listed.name) ?? listed;
    const line = element('tr', { role: 'row', 'data-name': row.name }, ...LIST_COLUMNS.map(cellOf));
    fill(line, row);
    rows.set(row.name, { row, line });
    return line;
  });
  const held = document.activeElement?.closest<HTMLElement>('#device-rows tr')?.dataset['name'];
  named('device-rows', HTMLElement).replaceChildren(...lines);
  if (held !== undefined) rows.get(held)?.line.querySelector('a')?.focus({ preventScroll: true });
  named('device-table', HTMLElement).hidden = lines.length === 0;
  say(named('device-caption', HTMLElement), captionOf(query, lines.length, answer.total));
  const [previous, next] = [named('previous', HTMLButtonElement), named('next', HTMLButtonElement)];
  const isFirst = query.before.length === 0;
  const isLast = lines.length === 0 || lines.length === answer.total || isEnd(lines.length);
  // Not `disabled`: the button that was pressed must not lose the focus.
  previous.setAttribute('aria-disabled', String(isFirst));
  next.setAttribute('aria-disabled', String(isLast));
  named('pager', HTMLElement).hidden = isFirst && isLast;
}

const isEnd = (count: number) =>
  count < PAGE_ROWS || query.before.length * PAGE_ROWS + count >= list.total;

function headOf({ id, words, sort }: (typeof LIST_COLUMNS)[number]): HTMLElement {
  const head = element('th', { scope: 'col', role: 'columnheader', id: `head-${id}` });
  if (sort === null) head.append(words);
  else {
    const button = element('button', { type: 'button', class: 'sort' }, words);
    button.addEventListener('click', () => turn({ ...query, sort, before: [] }));
    // The button is not there on a narrow page, and its word is for whoever listens.
    head.append(button, element('span', { class: 'unsorted' }, words));
  }
  return head;
}

function cellOf({ id, words }: (typeof LIST_COLUMNS)[number]): HTMLElement {
  return id === 'name'
    ? element('th', { scope: 'row', role: 'rowheader', 'data-column': id })
    : element('td', { role: 'cell', 'data-column': id, 'data-words': words });
}

function fill(line: HTMLTableRowElement, row: DeviceRow): void {
  const cells = cellsOf(row, serverMs());
  for (const cell of line.cells) {
    const id = cell.dataset['column'] as ColumnId;
    if (id === 'name') {
      if (cell.firstChild === null) {
        const href = `/device/${encodeURIComponent(row.name)}`;
        cell.append(element('a', { href }, cells.name));
      }
    } else if (id === 'state') {
      if (cell.textContent === cells.state) continue;
      const state = stateNow(row);
      const swatch = isState(state) ? swatchOf(state) : null;
      cell.replaceChildren(...(swatch === null ? [] : [swatch]), cells.state);
    } else {
      say(cell, cells[id]);
      if (id === 'seen') cell.title = localText(row.last_seen_ms);
    }
  }
}

/** Each row again: time has passed, or is another than was believed. */
export function showAges(): void {
  if (document.hidden) return;
  for (const { row, line } of rows.values()) fill(line, row);
}
