/**
 * Links by rtnetlink: one socket for events, one for dumps, so that answers and events never mix.
 *
 * Subscribed first and dumped after, so nothing falls between; an event older than the dump is put
 * right by the events behind it. Lost events (ENOBUFS) are answered by reading everything anew.
 *
 * @module
 */
import type { LinkMonitor, LinkSnapshot } from '../links.ts';
import { type HalResult, halOk } from '../result.ts';
import { GROUP, MESSAGE } from './netlink/constants.ts';
import { dumpRequest } from './netlink/request.ts';
import { type NetlinkSocket, openNetlink } from './netlink/socket.ts';
import { LinkTable } from './netlink/table.ts';

const GROUPS = GROUP.link | GROUP.address4 | GROUP.address6 | GROUP.route4 | GROUP.route6;
/** Datagrams taken in one `drain`; the rest keeps the descriptor readable. */
const DRAINED_MAX = 1_024;

export function openLinkMonitor(): HalResult<LinkMonitor> {
  const events = openNetlink(GROUPS);
  if (!events.ok) return events;
  const requests = openNetlink(0);
  if (!requests.ok) {
    events.value.close();
    return requests;
  }
  const monitor = new NetlinkMonitor(events.value, requests.value);
  const loaded = monitor.load();
  if (loaded.ok) return halOk(monitor);
  monitor.close();
  return loaded;
}

/** Exported for a test whose dumps fail: the kernel cannot be made to refuse one. */
export class NetlinkMonitor implements LinkMonitor {
  readonly fd: number;
  resyncCount = 0;
  readonly #events: NetlinkSocket;
  readonly #requests: NetlinkSocket;
  #table = new LinkTable();
  #snapshot: readonly LinkSnapshot[] = [];
  /** A dump that failed is owed; the next drain tries again, for which somebody has to call it. */
  #needsLoad = false;
  /** Routes may have changed and were not read since. */
  #owesRoutes = false;

  constructor(events: NetlinkSocket, requests: NetlinkSocket) {
    this.fd = events.fd;
    this.#events = events;
    this.#requests = requests;
  }

  get isBehind(): boolean {
    return this.#needsLoad;
  }

  snapshot(): readonly LinkSnapshot[] {
    return this.#snapshot;
  }

  /**
   * Routes are read after a lost carrier has been told: whoever takes a link down holds the kernel's lock for
   * milliseconds, and a dump waits for it.
   */
  drain(): boolean {
    this.#takeEvents();
    if (this.#needsLoad) {
      this.resyncCount++;
      const before = this.#snapshot;
      this.load();
      return before !== this.#snapshot;
    }
    const next = this.#table.snapshot();
    if (this.#owesRoutes && !hasLost(this.#snapshot, next)) {
      this.#needsLoad = !this.#readRoutes(this.#table).ok;
    }
    return this.#publish();
  }

  #takeEvents(): void {
    for (let count = 0; count < DRAINED_MAX; count++) {
      const events = this.#events.receive();
      if (events === 'nothing') break;
      if (events === 'lost') {
        this.#needsLoad = true;
        continue;
      }
      for (const { body } of events) {
        if (body.kind === 'overrun') this.#needsLoad = true;
        else if (this.#table.apply(body)) this.#owesRoutes = true;
      }
    }
  }

  /** Read links, addresses and routes anew. On failure the old snapshot stays and a retry is owed. */
  load(): HalResult<null> {
    this.#needsLoad = true;
    const table = new LinkTable();
    for (const type of [MESSAGE.getLink, MESSAGE.getAddress]) {
      const rows = this.#requests.exchange(dumpRequest(type, 0), `dump of type ${type}`);
      if (!rows.ok) return rows;
      for (const row of rows.value) table.apply(row);
    }
    const routes = this.#readRoutes(table);
    if (!routes.ok) return routes;
    this.#table = table;
    this.#needsLoad = false;
    this.#publish();
    return routes;
  }

  close(): void {
    this.#events.close();
    this.#requests.close();
  }

  #readRoutes(table: LinkTable): HalResult<null> {
    const rows = this.#requests.exchange(dumpRequest(MESSAGE.getRoute, 0), 'dump of routes');
    if (!rows.ok) return rows;
    table.applyRoutes(rows.value);
    this.#owesRoutes = false;
    return halOk(null);
  }

  #publish(): boolean {
    const next = this.#table.snapshot();
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return false;
    this.#snapshot = next;
    return true;
  }
}

/** Whether a name that stood for a usable link does so no longer. Plugged in again meanwhile it is not lost. */
function hasLost(before: readonly LinkSnapshot[], now: readonly LinkSnapshot[]): boolean {
  const isUp = ({ carrier, adminUp }: LinkSnapshot) => carrier && adminUp;
  const upNow = new Set(now.filter(isUp).map(({ name }) => name));
  return before.some((link) => isUp(link) && !upNow.has(link.name));
}
