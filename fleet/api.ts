/**
 * The JSON of the fleet: each path to its answer.
 *
 * @module
 */
import { answerError, answerJson } from './answer.ts';
import { rowsAsked, windowAsked } from './ask.ts';
import type { Day } from './day.ts';
import type { Device } from './device.ts';
import { decodeDocument, isDocument } from './document.ts';
import type { History } from './history.ts';
import { WATCHER_NAME } from './live.ts';
import { type Overview, overviewOf } from './overview.ts';
import type { Registry } from './registry.ts';
import { gapRows, pageOf, presenceRow, rowOf } from './rows.ts';
import { seriesOf, windowFor } from './series.ts';
import { timelineOf } from './timeline.ts';

/** Of one answer (chosen): ten years of hours would keep everybody else waiting for seconds. */
const SERIES_MAX_MS = 400 * 86_400_000;

export interface ApiParts {
  readonly fleet: string;
  readonly registry: Registry;
  readonly day: Day;
  readonly history: History;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** Whether the broker is heard. */
  readonly isConnected: () => boolean;
  /** Before history is read: what waits is written. */
  readonly settle: () => void;
  /** What a watcher is shown by an answer of this moment (`Live.sees`). */
  readonly onSeen: (watcher: string, devices: readonly string[]) => void;
}

export class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  overview(): Overview {
    const { fleet, registry, day } = this.#parts;
    const [isConnected, nowMs] = [this.#parts.isConnected(), this.#parts.nowMs()];
    return overviewOf({ fleet, registry, day, isConnected, nowMs });
  }

  /** @param path behind `/api`. */
  answer(path: string, query: URLSearchParams): Response {
    if (path === '/overview') return answerJson(this.overview());
    if (path === '/series') return this.#series(query);
    if (path === '/devices') return this.#devices(query);
    const [, name, more] = /^\/device\/([^/]+)(?:\/(timeline))?$/.exec(path) ?? [];
    if (name === undefined) return answerError(404, 'The API has nothing at this address.');
    const device = this.#parts.registry.devices.get(name);
    if (device === undefined) return answerError(404, 'No device of this name was heard.');
    if (more !== undefined) return this.#timeline(device, query);
    this.#show(query, [name]);
    return answerJson(deviceAnswer(device));
  }

  #devices(query: URLSearchParams): Response {
    const asked = rowsAsked(query);
    if (!asked.ok) return answerError(400, asked.error);
    const page = pageOf(this.#parts.registry.devices.values(), asked.value);
    this.#show(
      query,
      page.devices.map(({ name }) => name),
    );
    return answerJson(page);
  }

  /** To a watcher, if it is one who asks: its stream tells of these from here on. */
  #show(query: URLSearchParams, devices: readonly string[]): void {
    const watcher = query.get('watcher');
    if (watcher !== null && WATCHER_NAME.test(watcher)) this.#parts.onSeen(watcher, devices);
  }

  #series(query: URLSearchParams): Response {
    const { nowMs, history, settle } = this.#parts;
    const asked = windowAsked(query, nowMs());
    if (!asked.ok) return answerError(400, asked.error);
    if (asked.value.toMs - asked.value.fromMs > SERIES_MAX_MS) {
      return answerError(400, 'from_ms is at most 400 days before to_ms.');
    }
    settle();
    const { table, ...window } = windowFor(asked.value, nowMs());
    const series = seriesOf(window, history.spans(table, window.fromMs, window.toMs));
    return answerJson({ ...series, until_ms: Math.round(Math.min(window.toMs, nowMs())) });
  }

  #timeline(device: Device, query: URLSearchParams): Response {
    const { nowMs, history, settle } = this.#parts;
    const asked = windowAsked(query, nowMs());
    if (!asked.ok) return answerError(400, asked.error);
    settle();
    const { fromMs, toMs } = asked.value;
    // A moment more: what was just heard belongs to it.
    const untilMs = Math.max(fromMs, Math.min(toMs, Math.round(nowMs()) + 1));
    return answerJson(timelineOf(history.database, device.id, fromMs, untilMs));
  }
}

/** As many as a device sends (docs/mqtt.md); what comes is whatever was published. */
const LINKS_MAX = 12;

function deviceAnswer(device: Device) {
  const decoded = device.payload === null ? null : decodeDocument(device.payload);
  const health = decoded?.ok === true ? decoded.value : null;
  const links = health?.['links'];
  return {
    ...rowOf(device),
    health,
    presence: presenceRow(device),
    gaps: gapRows(device),
    missing: device.missing,
    events: device.events,
    links: Array.isArray(links) ? links.slice(0, LINKS_MAX).filter(isDocument) : [],
  };
}
