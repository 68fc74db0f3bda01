/**
 * The page of one device: its facts, its time, its links, what it counted and what is missing.
 *
 * @module
 */
import type { Device, DeviceRow, Timeline } from '../answers.ts';
import { type ColumnId, cellsOf, LIST_COLUMNS, stateNow } from '../deviceRow.ts';
import { bytesText, countText, durationText, percentText, UNKNOWN } from '../format.ts';
import { timesOf } from '../lanes.ts';
import { changeText, kindText, reasonText } from '../marks.ts';
import { ranked, wordsOf } from '../reasonWords.ts';
import { documentFacts } from '../rollout.ts';
import { isState } from '../states.ts';
import { spanOf } from '../timeScale.ts';
import { ask, attempt } from './ask.ts';
import { showBroker } from './broker.ts';
import { localText, serverMs, setClock } from './clock.ts';
import { element, named, say } from './element.ts';
import { answered, asWatcher, listen } from './live.ts';
import { showPart } from './part.ts';
import { spanOptions } from './seriesView.ts';
import { swatchOf } from './swatch.ts';
import { codeOf, folded, scrolling, tableOf } from './table.ts';
import { type Range, timelineOf } from './timelineView.ts';

/** Whatever happens to the device, its timeline is asked for once in this time; without news once a minute. Chosen. */
const PACE_MS = 5_000;
const REFRESH_MS = 60_000;

/** More rows of a table are not read, and the range can be made smaller. */
const ROWS_MAX = 500;

/** Said of time in which a device was not at the broker. */
const AWAY = 'not known: the device was away';

const name = decodeURIComponent(location.pathname.slice('/device/'.length));
let row: DeviceRow | null = null;
/** How often news of it came. */
let told = 0;
let drawn: { timeline: Timeline; range: Range } | null = null;
/** Questions for the timeline, and the one whose answer is shown: answers come in any order. */
let [asked, shown] = [0, 0];
let due: ReturnType<typeof setTimeout> | undefined;
let dueAtMs = 0;

export function startDevice(): void {
  document.title = `${name} – Jumping VPN`;
  say(named('device', HTMLElement), name);
  const choice = named('span', HTMLSelectElement);
  choice.replaceChildren(...spanOptions());
  choice.addEventListener('change', () => load(0));
  named('bands', HTMLElement).append(folded('States one by one', bandsTable));
  new ResizeObserver(draw).observe(named('timeline', HTMLElement));
  listen({
    onOverview: (overview) => {
      showBroker(overview);
      if (setClock(overview.now_ms)) load(0);
    },
    onDevice: (news) => {
      if (news.name !== name) return;
      told += 1;
      showFacts(news);
      load(PACE_MS);
    },
    onBack: () => load(0),
  });
  setInterval(() => row !== null && showFacts(row), PACE_MS);
  load(0);
}

/** Asks for everything, in `afterMs` at the latest. */
function load(afterMs: number): void {
  const atMs = Date.now() + afterMs;
  if (due !== undefined && dueAtMs <= atMs) return;
  clearTimeout(due);
  dueAtMs = atMs;
  due = setTimeout(() => {
    due = undefined;
    void attempt('this device', loadDevice);
    void attempt('its timeline', loadTimeline);
    load(REFRESH_MS);
  }, afterMs);
}

async function loadDevice(): Promise<void> {
  const toldBefore = told;
  const device = await ask<Device>(`/api/device/${encodeURIComponent(name)}?${asWatcher}`);
  answered();
  // News that came meanwhile are newer, and the next question is on its way.
  if (told === toldBefore) showFacts(device);
  showPart('links', [device.links, device.away], () => linksTable(device));
  showPart('counters', device.health?.counters, () => countersTable(device));
  showPart('gaps', device.gaps, () => gapsTable(device));
  say(named('process', HTMLElement), processText(device));
}

async function loadTimeline(): Promise<void> {
  const { spanMs } = spanOf(named('span', HTMLSelectElement).value);
  asked += 1;
  const question = asked;
  const toMs = serverMs();
  const range = { fromMs: toMs - spanMs, toMs };
  const path = `/api/device/${encodeURIComponent(name)}/timeline`;
  const timeline = await ask<Timeline>(`${path}?from_ms=${range.fromMs}&to_ms=${range.toMs}`);
  // Another range was chosen meanwhile, and has its own answer.
  if (spanOf(named('span', HTMLSelectElement).value).spanMs !== spanMs) return;
  if (question < shown) return;
  shown = question;
  drawn = { timeline, range };
  showPart('times', [timeline.bands, range], () => timesTable(timeline, range));
  showPart('marks', timeline.marks, () => marksTable(timeline));
  draw();
}

function showFacts(news: DeviceRow): void {
  row = news;
  const cells = cellsOf(news, serverMs());
  for (const { id, words } of LIST_COLUMNS) {
    if (id === 'name') continue;
    showFact(words, factText(id, cells[id], news), id === 'state' ? stateNow(news) : null);
  }
  showFact('State version', countText(news.state_version));
  for (const { words, text } of documentFacts(news.documents)) showFact(words, text);
  showFact('Public key', news.device_key ?? UNKNOWN);
}

/** A page has room for the words of a reason, a list has not. */
function factText(
  id: ColumnId,
  text: string,
  { state, terminated, last_seen_ms, retained }: DeviceRow,
): string {
  if (id === 'state' && state === 'TERMINATED' && terminated !== null) {
    return `${text}: ${wordsOf(terminated).sentence}`;
  }
  if (id !== 'seen' || last_seen_ms === null) return text;
  const kept = retained === true ? '; kept by the broker since' : '';
  return `${text}, ${localText(last_seen_ms)}${kept}`;
}

/** Facts with codes, keys or addresses in them, which break in the middle where they have half of a phone. */
const LONG = ['Binding', 'Last document', 'Last refused document', 'Public key'];

/** Where each fact stands: one without news is left alone, and what a reader has selected in it stays selected. */
const facts = new Map<string, HTMLElement>();

function showFact(words: string, text: string, state: string | null = null): void {
  let place = facts.get(words);
  if (place === undefined) {
    place = element('dd');
    facts.set(words, place);
    const parts = [element('dt', {}, words), place];
    const look = { class: LONG.includes(words) ? 'long' : null };
    named('facts', HTMLElement).append(element('div', look, ...parts));
  }
  if (place.textContent === text) return;
  place.replaceChildren(...(isState(state) ? [swatchOf(state)] : []), text);
}

function draw(): void {
  if (drawn === null) return;
  const { timeline, range } = drawn;
  const place = named('timeline', HTMLElement);
  const told = `States and marks of ${name} from ${localText(range.fromMs)} to ${localText(range.toMs)}; the tables below tell the same.`;
  place.replaceChildren(timelineOf(timeline, range, place.clientWidth, told));
}

function timesTable({ bands }: Timeline, range: Range): HTMLElement {
  return tableOf({
    caption: 'Time in each state',
    heads: ['State', 'Time', 'Share', 'Times'],
    rows: timesOf(bands, range).map(({ state, ms, bands: count }) => [
      element('span', {}, isState(state) ? swatchOf(state) : null, state ?? AWAY),
      durationText(ms),
      percentText((100 * ms) / (range.toMs - range.fromMs)),
      countText(count),
    ]),
    none: 'Nothing is recorded of this device for that time.',
  });
}

function marksTable({ marks }: Timeline): HTMLElement {
  const newest = [...marks].sort((a, b) => b.at_ms - a.at_ms).slice(0, ROWS_MAX);
  return scrolling(
    'What happened',
    tableOf({
      caption: `What happened, the newest first${marks.length > ROWS_MAX ? `: ${ROWS_MAX} of ${countText(marks.length)}` : ''}`,
      heads: ['Time', 'What', 'Change', 'Reason'],
      rows: newest.map((mark) => [
        localText(mark.at_ms),
        kindText(mark),
        changeText(mark),
        mark.reason === null
          ? ''
          : element('span', { class: 'prose' }, codeOf(mark.reason), ` ${reasonText(mark)}`),
      ]),
      none: 'Nothing happened in that time.',
    }),
  );
}

/** As they were when it was opened: it does not change under a reader. */
function bandsTable(): HTMLElement {
  const bands = drawn?.timeline.bands ?? [];
  const newest = [...bands].sort((a, b) => b.from_ms - a.from_ms).slice(0, ROWS_MAX);
  return scrolling(
    'States one by one',
    tableOf({
      caption: 'States, the newest first',
      heads: ['From', 'State', 'For'],
      rows: newest.map(({ state, from_ms, to_ms }) => [
        localText(from_ms),
        state ?? AWAY,
        durationText(to_ms - from_ms),
      ]),
      none: 'Nothing is recorded of this device for that time.',
    }),
  );
}

function linksTable({ links, away }: Device): HTMLElement {
  return scrolling(
    'Links as a table',
    tableOf({
      caption: `Links${away === true ? ' as they were' : ''}, the binding first`,
      heads: ['Link', 'Endpoint', 'Is', 'Round trip', 'Jitter', 'Loss'],
      rows: links.map((link) => [
        `${link.link} (${link.kind})`,
        link.endpoint,
        link.bound
          ? 'the binding'
          : link.usable
            ? 'usable'
            : `not usable: ${link.why_not ?? 'unknown'}`,
        durationText(link.rtt_ms),
        durationText(link.jitter_ms),
        percentText(link.loss_percent),
      ]),
      none: 'The device has not said which links it has.',
    }),
  );
}

function countersTable({ health }: Device): HTMLElement {
  return tableOf({
    caption: 'Events since the agent started, the most frequent first',
    heads: ['Reason', 'Times', 'What it means'],
    rows: ranked(health?.counters ?? {}).map(({ code, count, sentence }) => [
      codeOf(code),
      countText(count),
      element('span', { class: 'prose' }, sentence),
    ]),
    none: 'The device has counted nothing yet.',
  });
}

function gapsTable({ gaps }: Device): HTMLElement {
  return tableOf({
    caption: 'Reports that never came',
    heads: ['Stream', 'From', 'To', 'Why'],
    rows: gaps.map(({ stream, from_seq, to_seq, while_away }) => [
      stream,
      countText(from_seq),
      countText(to_seq),
      while_away === true ? 'jvpn fleet was away' : 'dropped by the device or its broker',
    ]),
    none: 'None is missing.',
  });
}

function processText({ health, presence, online }: Device): string {
  const sinceMs = presence?.since_ms ?? null;
  const word =
    online === null ? 'Not known to be there' : `Known to be ${online ? 'online' : 'away'}`;
  // When it was heard: it may have gone while jvpn fleet was away.
  const since = sinceMs === null ? '' : ` ${word} since ${localText(sinceMs)}.`;
  if (health === null) return `No health report has come from this device.${since}`;
  const uptimeMs = health.uptime_s === undefined ? null : health.uptime_s * 1_000;
  return (
    `Newest report ${localText(health.ts_ms)} by the device’s clock; the agent has run for ` +
    `${durationText(uptimeMs)} and has ${bytesText(health.memory_rss_bytes)} of memory.${since}`
  );
}
