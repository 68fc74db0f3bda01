/**
 * Which devices the list shows, as the page's own address and as a question to the server. Pure.
 *
 * @module
 */
import { isOutcome, type Outcome } from '../outcome.ts';
import type { Rollout } from './answers.ts';
import { outcomeDevices } from './rollout.ts';
import { isState } from './states.ts';

/** Rows of one page of the list. Chosen: a few screens, and 60 kB of answer. */
export const PAGE_ROWS = 100;

export const SORTS = {
  name: 'name',
  state: 'state, worst first',
  last_seen: 'last seen, newest first',
  switches: 'switches, most first',
} as const;
export type Sort = keyof typeof SORTS;

export interface DeviceQuery {
  readonly search: string;
  /** Empty: all. */
  readonly state: string;
  /** What became of the policy that is rolled out; empty: whatever it was. */
  readonly outcome: Outcome | '';
  readonly sort: Sort;
  /** The last device of each page before this one; empty on the first page. */
  readonly before: readonly Cursor[];
}

/** A device and where it stood: a list moves while it is read. */
export interface Cursor {
  readonly name: string;
  readonly key: number | null;
}

export const FIRST_PAGE: DeviceQuery = {
  ...{ search: '', state: '', outcome: '', sort: 'name', before: [] },
};

const isSort = (text: string): text is Sort => Object.hasOwn(SORTS, text);

/** From the page's address; what is not ours counts as left out. Pages are not in it: devices come and go. */
export function queryOf(address: string): DeviceQuery {
  const fields = new URLSearchParams(address);
  const [state, sort] = [fields.get('state') ?? '', fields.get('sort') ?? ''];
  const outcome = fields.get('outcome') ?? '';
  return {
    search: (fields.get('search') ?? '').slice(0, 64),
    state: isState(state) ? state : '',
    outcome: isOutcome(outcome) ? outcome : '',
    sort: isSort(sort) ? sort : 'name',
    before: [],
  };
}

/** The part of the page's address after `?`, empty for the list as it is at first. */
export function addressOf({ search, state, outcome, sort }: DeviceQuery): string {
  const fields = new URLSearchParams();
  if (search !== '') fields.set('search', search);
  if (state !== '') fields.set('state', state);
  if (outcome !== '') fields.set('outcome', outcome);
  if (sort !== 'name') fields.set('sort', sort);
  return fields.toString();
}

/** The question to the server. */
export function requestOf(query: DeviceQuery): string {
  const fields = new URLSearchParams(addressOf(query));
  fields.set('sort', query.sort);
  fields.set('limit', String(PAGE_ROWS));
  const after = query.before.at(-1);
  if (after !== undefined) fields.set('after', after.name);
  if (after !== undefined && after.key !== null) fields.set('after_key', String(after.key));
  return `/api/devices?${fields}`;
}

/** The next page, which begins after `last`; the one before. */
export const pageAfter = (query: DeviceQuery, last: Cursor): DeviceQuery => ({
  ...query,
  before: [...query.before, last],
});
export const pageBefore = (query: DeviceQuery): DeviceQuery => ({
  ...query,
  before: query.before.slice(0, -1),
});

/** Nothing is left out of the list. */
export const isWhole = ({ search, state, outcome }: DeviceQuery): boolean =>
  search === '' && state === '' && outcome === '';

/** What the overview says of the devices that the list is narrowed to: another word is of another list. Null: nothing. */
export function outcomeFigure({ outcome }: DeviceQuery, rollout: Rollout | null): string | null {
  return outcome === '' || rollout === null ? null : `${rollout.version} ${rollout[outcome]}`;
}

function narrowedTo({ state, outcome }: DeviceQuery): string {
  const inState = state === '' ? '' : ` in ${state}`;
  return outcome === '' ? inState : `${inState} ${outcomeDevices(outcome)}`;
}

/** `Devices 101 to 200 of 10,000`, `1 device`, `No device`. */
export function captionOf(query: DeviceQuery, shown: number, total: number): string {
  const isAll = isWhole(query);
  const what = query.search === '' ? narrowedTo(query) : ' found';
  if (total === 0 || shown === 0)
    return isAll ? 'No device has reported yet.' : `No device${what}.`;
  const first = query.before.length * PAGE_ROWS + 1;
  if (shown === total)
    return `${total.toLocaleString('en')} device${total === 1 ? '' : 's'}${what}`;
  const last = first + shown - 1;
  return `Devices ${first.toLocaleString('en')} to ${last.toLocaleString('en')} of ${total.toLocaleString('en')}${what}`;
}
