/**
 * The stream of events that keeps the page current, tried again for as long as the page is open.
 *
 * The browser tries again by itself after a broken connection and not after an answer that is none; both end in the
 * same wait here. Before each own try the overview is asked for: it is fresh even if the stream stays away, and without
 * a login the reader is sent to it.
 *
 * @module
 */
import { bytesToHex } from '../../../session/bytes.ts';
import type { DeviceRow, Overview } from '../answers.ts';
import {
  ageOf,
  isSilent,
  newStream,
  noteOf,
  onAnswer,
  onBroken,
  onFigures,
  retryAfterMs,
  type Stream,
} from '../stream.ts';
import { ask } from './ask.ts';
import { named, say } from './element.ts';

export interface Listener {
  onOverview(overview: Overview): void;
  onDevice(row: DeviceRow): void;
  /** The stream was broken and is back: what it did not tell has to be asked for. */
  onBack(): void;
}

/** Part of each question whose answer this page shows: the stream tells of those devices, from that answer on. */
export const asWatcher = `watcher=${bytesToHex(crypto.getRandomValues(new Uint8Array(8)))}`;

let stream: Stream = newStream(Date.now());
let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Begins to listen; once for a page. */
export function listen(listener: Listener): void {
  connect(listener);
  setInterval(() => {
    if (stream.phase !== 'broken' && isSilent(stream, Date.now())) lost(listener);
    show();
  }, 1_000);
  // A page that is kept for the back button must hold no connection, and begins anew when it is shown again.
  addEventListener('pagehide', () => disconnect());
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    stream = onBroken(stream, Date.now());
    void again(listener);
  });
}

/** Figures have come as an answer. */
export function answered(): void {
  stream = onAnswer(stream, Date.now());
  show();
}

function connect(listener: Listener): void {
  disconnect();
  const opened = new EventSource(`/api/live?${asWatcher}`);
  source = opened;
  const hear = (kind: string, take: (data: unknown) => void) =>
    opened.addEventListener(kind, (event) => {
      const data: unknown = JSON.parse((event as MessageEvent<string>).data);
      const wasBroken = stream.phase === 'broken';
      stream = onFigures(stream, Date.now());
      take(data);
      show();
      if (wasBroken) listener.onBack();
    });
  hear('overview', (data) => listener.onOverview(data as Overview));
  hear('device', (data) => listener.onDevice((data as { row: DeviceRow }).row));
  opened.addEventListener('error', () => {
    // After a broken connection the browser tries again by itself, and has closed what it gave up.
    if (opened.readyState === EventSource.CLOSED) return lost(listener);
    stream = onBroken(stream, Date.now());
    show();
  });
}

function disconnect(): void {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function lost(listener: Listener): void {
  disconnect();
  stream = onBroken(stream, Date.now());
  show();
  retry = setTimeout(() => void again(listener), retryAfterMs(stream));
}

async function again(listener: Listener): Promise<void> {
  disconnect();
  try {
    const overview = await ask<Overview>('/api/overview');
    stream = onAnswer(stream, Date.now());
    listener.onOverview(overview);
    connect(listener);
  } catch {
    lost(listener);
  }
}

function show(): void {
  const place = named('live', HTMLElement);
  place.dataset['phase'] = stream.phase;
  say(named('live-note', HTMLElement), noteOf(stream));
  say(named('live-age', HTMLElement), ageOf(stream, Date.now()));
}
