/**
 * The process of `jvpn fleet`: broker, memory, history and HTTP put together, and its clock.
 *
 * @module
 */
import { cpuSeconds } from '../hal/cpu.ts';
import { version } from '../package.json';
import { bytesToHex } from '../session/bytes.ts';
import { Api } from './api.ts';
import { BrokerLink, type BrokerLinkParts } from './brokerLink.ts';
import { brokerNameOf } from './brokerName.ts';
import { type Closed, Day, HOUR_MS } from './day.ts';
import { type History, openHistory } from './history.ts';
import { Live } from './live.ts';
import { Login, type LoginRules } from './login.ts';
import { fleetMetrics } from './metrics.ts';
import { Registry } from './registry.ts';
import { type FleetServer, type Pages, serveFleet } from './server.ts';
import { SteadyClock } from './steadyClock.ts';

export interface FleetOptions {
  readonly broker: BrokerLinkParts['address'];
  /** How long the broker keeps what comes while nobody hears; 0: it does not. */
  readonly sessionExpiryS: number;
  readonly waits?: NonNullable<BrokerLinkParts['waits']>;
  readonly listen: string;
  readonly login: LoginRules;
  readonly historyFile: string;
  readonly retentionDays: number;
  readonly bytesMax: number;
  readonly pages: Pages;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** Left out: this process’s. */
  readonly monoMs?: () => number;
  /** For a person who reads the log. */
  readonly say: (line: string) => void;
}

export type StartedFleet =
  | { readonly ok: true; readonly value: Fleet }
  | { readonly ok: false; readonly message: string };

/** Chosen: twice the fleet that it is made for. */
const DEVICES_MAX = 20_000;
const TICK_MS = 1_000;
/** 20,000 retained messages took 10 s on a busy machine (2026-11-29). */
const DOUBT_MS = 60_000;
/** Minutes that wait for room on the disk: a day of them. */
const CLOSED_MAX = 1_440;
const DAY_MS = 24 * HOUR_MS;

export function startFleet(options: FleetOptions): StartedFleet {
  const opened = openHistory(options.historyFile, options);
  if (!opened.ok) return opened;
  const fleet = new Fleet(options, opened.value);
  const served = fleet.serve();
  if (served.ok) return { ok: true, value: fleet };
  fleet.stop();
  return served;
}

/**
 * After so many messages what was made to read them is given back (chosen): when all of a large fleet speaks at once, the heap would grow by
 * tens of megabytes before it does so by itself. A collection takes some 30 ms of a fleet of 10,000.
 */
const MESSAGES_MAX = 5_000;

export class Fleet {
  readonly registry: Registry;
  readonly #options: FleetOptions;
  readonly #monoMs: () => number;
  readonly #history: History;
  readonly #day: Day;
  readonly #live: Live;
  readonly #api: Api;
  readonly #login: Login;
  readonly #steady: SteadyClock;
  #link: BrokerLink | null = null;
  #server: FleetServer | null = null;
  /** Heard since the start. */
  #messages = 0;
  #timer: Timer | null = null;
  #forgotAtMs = 0;
  #trouble: string | null = null;
  /** Minutes that are over and not written yet: some, where the disk is full. */
  #closed: readonly Closed[] = [];
  #whyDown: string | null = null;
  /** By the monotonic clock: the other one may be put back by a day. */
  #doubtAtMs = Number.POSITIVE_INFINITY;
  /** There is more to prune than one turn does. */
  #isPruning = false;

  constructor(options: FleetOptions, history: History) {
    this.#options = options;
    this.#monoMs = options.monoMs ?? (() => performance.now());
    this.#history = history;
    const { nowMs } = options;
    const { fleet } = options.broker;
    this.#day = new Day(nowMs(), history.minutesSince(nowMs() - DAY_MS));
    this.registry = new Registry({
      ...{ fleet, day: this.#day, devicesMax: DEVICES_MAX },
      onChanges: (device, changes) => history.remember(device, changes),
      onEvent: (device, event) => history.keep(device, event),
      onShown: (device, isChanged) => this.#live.onShown(device, isChanged),
    });
    history.restore((id, name, memory) => this.registry.restore(id, name, memory));
    const { registry } = this;
    this.#api = new Api({
      ...{ fleet, registry, day: this.#day, history, nowMs },
      isConnected: () => this.#isConnected,
      settle: () => this.#flush(),
      onSeen: (watcher, devices) => this.#live.sees(watcher, devices),
    });
    this.#live = new Live({
      overview: () => this.#api.overview(),
      devices: registry.devices,
      shownId: () => registry.shownId,
      run: bytesToHex(crypto.getRandomValues(new Uint8Array(8))),
    });
    this.#login = new Login(options.login, nowMs, this.#monoMs);
    this.#steady = new SteadyClock(history.newestMinuteMs(), this.#monoMs());
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Listen, then subscribe. */
  serve(): { readonly ok: true } | { readonly ok: false; readonly message: string } {
    const { listen, pages, broker, waits, say, nowMs, sessionExpiryS } = this.#options;
    const served = serveFleet({
      ...{ listen, pages, login: this.#login, api: this.#api, live: this.#live },
      metrics: () => this.#metrics(),
      onError: (why) => say(`an answer failed: ${why}`),
    });
    if (!served.ok) return served;
    this.#server = served.value;
    this.#link = new BrokerLink({
      address: broker,
      kept: { clientId: brokerNameOf(this.#history.database), expiryS: sessionExpiryS },
      ...(waits === undefined ? {} : { waits }),
      onMessage: (topic, payload, isRetained, connection) => {
        const heard = { atMs: Math.round(nowMs()), isRetained, connection };
        this.registry.take({ topic, payload }, heard);
        this.#messages += 1;
        if (this.#messages % MESSAGES_MAX === 0) Bun.gc(true);
      },
      onUp: () => {
        this.#whyDown = null;
        this.#doubtAtMs = this.#monoMs() + DOUBT_MS;
        say('the broker is heard');
      },
      onDown: (why) => {
        if (why !== this.#whyDown) say(`the broker is not heard: ${why}`);
        this.#whyDown = why;
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    return { ok: true };
  }

  /** What was heard is written before it returns. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#link?.stop();
    this.#live.close();
    this.#server?.close();
    this.registry.settle(Number.POSITIVE_INFINITY);
    this.#flush();
    this.#history.save(this.registry.devices.values());
    this.#history.close();
  }

  #tick(): void {
    const nowMs = this.#options.nowMs();
    const isSteady = this.#steady.isSteady(nowMs, this.#monoMs());
    this.#sampleStates();
    if (this.#isConnected) this.#day.current.spreads = this.registry.spreads();
    const closed = this.#day.close(nowMs, (sinceMs) => this.#history.minutesSince(sinceMs));
    if (closed !== null) {
      this.#closed = [...this.#closed, closed].slice(-CLOSED_MAX);
      this.registry.settle(nowMs);
      if (isSteady) this.#forget(nowMs);
    }
    if (closed !== null || this.#history.isPending) this.#flush();
    this.#doubt(nowMs);
    const isFull = this.#history.lastError !== null;
    if (closed !== null || isFull || this.#isPruning) {
      this.#isPruning = this.#history.prune(isSteady ? nowMs : null);
    }
    this.#complain();
  }

  /** While the broker is not heard nobody knows: then the minute has those of before, or none. */
  #sampleStates(): void {
    if (this.#isConnected) this.#day.current.states = this.registry.states();
  }

  get #isConnected(): boolean {
    return this.#link?.isUp === true;
  }

  #flush(): void {
    this.#sampleStates();
    const current = { atMs: this.#day.atMs, span: this.#day.current };
    if (!this.#history.flush([...this.#closed, current])) return;
    const hours = new Set(this.#closed.map(({ atMs }) => Math.floor(atMs / HOUR_MS) * HOUR_MS));
    for (const atMs of hours) this.#history.sumHour(atMs);
    this.#closed = [];
  }

  /** When all that the broker keeps must have come, and each minute from then on. */
  #doubt(nowMs: number): void {
    const monoMs = this.#monoMs();
    if (monoMs < this.#doubtAtMs || this.#link === null || !this.#isConnected) return;
    this.#doubtAtMs = monoMs + DOUBT_MS;
    const count = this.registry.doubt(this.#link.connection, Math.round(nowMs));
    if (count > 0)
      this.#options.say(`of ${count} devices nobody knows any more whether they are there`);
  }

  /** Once a day, those of whom nothing is remembered any more. */
  #forget(nowMs: number): void {
    if (Math.abs(nowMs - this.#forgotAtMs) < DAY_MS) return;
    this.#forgotAtMs = nowMs;
    const sinceMs = nowMs - this.#options.retentionDays * DAY_MS;
    this.#history.forget(this.registry.forget(sinceMs));
  }

  /** Once, and again after it was well. */
  #complain(): void {
    const { trouble } = this.#history;
    if (trouble !== null && trouble !== this.#trouble) this.#options.say(trouble);
    this.#trouble = trouble;
  }

  #metrics(): string {
    const { registry } = this;
    return fleetMetrics({
      ...{ overview: this.#api.overview(), version, messages: registry.outcomes },
      missing: registry.missing,
      events: registry.events,
      isConnected: this.#isConnected,
      connections: this.#link?.connections ?? 0,
      failures: this.#link?.failures ?? 0,
      historyBytes: this.#history.usedBytes(),
      historyDropped: this.#history.dropped,
      historyFailures: this.#history.failures,
      watchers: this.#live.count,
      loginsRefused: this.#login.refused,
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: cpuSeconds(),
    });
  }
}
