/**
 * All devices of the fleet: takes what the broker sends, however foreign it is, and says what changed.
 *
 * Nothing that is published can throw here or grow without bound: what is no report is counted, names are those that a
 * topic can have, and their number is limited.
 *
 * @module
 */
import { placeOfTopic } from '../hal/mqtt/topics.ts';
import { STATES } from '../session/transitions.ts';
import type { Change } from './change.ts';
import { ChangePace } from './changePace.ts';
import type { Day } from './day.ts';
import { takeDocuments } from './device/takeDocuments.ts';
import { doubtPresence, takePresence } from './device/takePresence.ts';
import { takeReport } from './device/takeReport.ts';
import { type Device, type DeviceMemory, type Heard, newMemory } from './device.ts';
import { type Document, decodeDocument } from './document.ts';
import { readPolicyReported } from './documents.ts';
import { EventCounts } from './eventCounts.ts';
import { EventPace } from './eventPace.ts';
import { type EventNews, readEvent, takeEvent } from './events.ts';
import { type KeptEvent, keptEvent } from './keptEvent.ts';
import { isAway, readPresence } from './presence.ts';
import { readReport } from './report.ts';
import { Spreader, type Spreads } from './spread.ts';

/** What became of each message; the words are the labels of `/metrics`. */
export const MESSAGE_OUTCOMES = [
  ...(['taken', 'duplicate', 'replaced', 'oldNews', 'tooLong', 'malformed'] as const),
  ...(['versionUnknown', 'fieldWrong', 'otherTopic', 'tooManyDevices'] as const),
] as const;
export type MessageOutcome = (typeof MESSAGE_OUTCOMES)[number];

export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Of a device in this run. */
const NOT_HEARD = {
  ...{ payload: null, former: null, connection: -1, eventsOn: -1 },
  ...{ heardOn: -1, heardLiveOn: -1, shownId: 0 },
} as const;

export interface RegistryParts {
  readonly fleet: string;
  readonly day: Day;
  /** Names are whatever is published: more of them are not taken in. */
  readonly devicesMax: number;
  readonly onChanges: (device: Device, changes: readonly Change[]) => void;
  /** To be kept; one that came before may come again. */
  readonly onEvent: (device: Device, event: KeptEvent) => void;
  /** Something that is shown of it is another; `isChanged`: by more than newer figures. */
  readonly onShown: (device: Device, isChanged: boolean) => void;
}

export class Registry {
  readonly devices = new Map<string, Device>();
  readonly outcomes: Record<MessageOutcome, number>;
  /** Reports that devices dropped, and those that came while the fleet was away. */
  missing = 0;
  readonly #parts: RegistryParts;
  readonly events = new EventCounts();
  readonly #pace = new ChangePace<Device>();
  readonly #eventPace = new EventPace<Device>();
  readonly #spreader = new Spreader();
  #lastId = 0;
  #shownId = 0;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    const none = MESSAGE_OUTCOMES.map((outcome) => [outcome, 0]);
    this.outcomes = Object.fromEntries(none) as Record<MessageOutcome, number>;
  }

  /** Number of the last change of what is shown. */
  get shownId(): number {
    return this.#shownId;
  }

  /** From an earlier run; before any message. */
  restore(id: number, name: string, memory: DeviceMemory): void {
    this.#lastId = Math.max(this.#lastId, id);
    this.devices.set(name, { ...memory, id, name, ...NOT_HEARD });
  }

  take(message: Message, heard: Heard): MessageOutcome {
    const outcome = this.#take(message, heard);
    this.outcomes[outcome] += 1;
    return outcome;
  }

  /** Devices that nobody has heard of since `sinceMs` are none of the fleet any more. */
  forget(sinceMs: number): Device[] {
    const gone = [...this.devices.values()].filter(
      ({ lastSeenMs, presence }) =>
        Math.max(lastSeenMs ?? 0, presence.sinceMs ?? 0) < sinceMs && presence.online !== true,
    );
    for (const { name } of gone) this.devices.delete(name);
    return gone;
  }

  /** What a device said too often to be told one by one, once a minute and at the end. */
  settle(nowMs: number): void {
    for (const [device, changes] of this.#pace.settle(nowMs)) {
      if (this.devices.get(device.name) === device) this.#parts.onChanges(device, changes);
    }
  }

  /** How many were said to be there, and on `connection` nothing says so, or nothing but what has been kept for long. Once the broker has told what it keeps. */
  doubt(connection: number, atMs: number): number {
    let count = 0;
    for (const device of this.devices.values()) {
      const change = doubtPresence(device, connection, atMs);
      if (change === null) continue;
      count += 1;
      this.#tell(device, [change], atMs);
    }
    return count;
  }

  /** Devices by state, those that are not there left out; a state that is none of the protocol's is `OTHER`. */
  states(): Record<string, number> {
    const counts: Record<string, number> = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (const { report, presence } of this.devices.values()) {
      if (report === null || isAway(presence)) continue;
      const state = Object.hasOwn(counts, report.state) ? report.state : 'OTHER';
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  /** What the devices that are there say of their bindings and of their memory. */
  spreads(): Spreads {
    return this.#spreader.of(this.devices);
  }

  #take({ topic, payload }: Message, heard: Heard): MessageOutcome {
    const place = placeOfTopic(topic, this.#parts.fleet);
    if (place === null) return 'otherTopic';
    const document = decodeDocument(payload);
    if (!document.ok) return document.code;
    if (place.stream === 'presence') {
      const news = readPresence(document.value);
      if (!news.ok) return news.code;
      const device = this.#deviceOf(place.device);
      if (device === null) return 'tooManyDevices';
      hear(device, heard);
      const { outcome, changes } = takePresence(device, news.value, heard);
      if (outcome === 'taken') this.#tell(device, changes, heard.atMs);
      return outcome;
    }
    if (place.stream === 'event') {
      const news = readEvent(document.value);
      if (!news.ok) return news.code;
      const device = this.#deviceOf(place.device);
      if (device === null) return 'tooManyDevices';
      hear(device, heard);
      return this.#takeEvent(device, document.value, news.value, heard);
    }
    if (place.stream === 'policyReported') {
      const news = readPolicyReported(document.value);
      if (!news.ok) return news.code;
      const device = this.#deviceOf(place.device);
      if (device === null) return 'tooManyDevices';
      hear(device, heard);
      const { outcome, changes } = takeDocuments(device, news.value, heard);
      if (outcome === 'taken') this.#tell(device, changes, heard.atMs, true);
      return outcome;
    }
    const report = readReport(document.value);
    if (!report.ok) return report.code;
    const device = this.#deviceOf(place.device);
    if (device === null) return 'tooManyDevices';
    hear(device, heard);
    const taken = takeReport(device, report.value, payload, heard);
    if (taken.outcome !== 'taken') return taken.outcome;
    this.missing += taken.missing;
    if (taken.tally !== null) this.#parts.day.count(taken.tally, report.value.recovery);
    this.#tell(device, taken.changes, heard.atMs);
    return 'taken';
  }

  #takeEvent(device: Device, document: Document, news: EventNews, heard: Heard): MessageOutcome {
    const taken = takeEvent(device, news, heard);
    this.events.count(taken, news);
    // A number that came before may be another event: of a later process, where flash takes no numbers any more.
    const event = this.#eventPace.admits(device, heard.atMs)
      ? keptEvent(document, news, heard)
      : null;
    if (event === null) this.events.notKept += 1;
    else this.#parts.onEvent(device, event);
    if (taken.changes.length > 0) this.#tell(device, taken.changes, heard.atMs);
    return taken.outcome;
  }

  #tell(
    device: Device,
    changes: readonly Change[],
    atMs: number,
    isChanged = changes.length > 0,
  ): void {
    device.shownId = ++this.#shownId;
    const told = this.#pace.keep(device, changes, atMs);
    if (told.length > 0) this.#parts.onChanges(device, told);
    this.#parts.onShown(device, isChanged);
  }

  #deviceOf(name: string): Device | null {
    const known = this.devices.get(name);
    if (known !== undefined) return known;
    if (this.devices.size >= this.#parts.devicesMax) return null;
    const id = ++this.#lastId;
    const device = { ...newMemory(), id, name, ...NOT_HEARD };
    this.devices.set(name, device);
    return device;
  }
}

function hear(device: Device, { connection, isRetained }: Heard): void {
  device.heardOn = connection;
  if (!isRetained) device.heardLiveOn = connection;
}
