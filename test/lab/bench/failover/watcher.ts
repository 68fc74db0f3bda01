/**
 * What a careful administrator puts beside wireguard-go so that it survives a link: pings the far end over every link,
 * and moves the route to it away from one that does not answer, and back when that has answered for a while.
 *
 * ```text
 * watcher.ts '{"target":"203.0.113.1","links":[{"name":"eth0","gateway":"10.78.1.1"},…],"stableMs":1000,…}'
 * {"event":"ready"}                               every link has answered
 * {"event":"moved","atMs":…,"link":"wlan0"}
 * ```
 *
 * At its best, whatever that costs: 50 pings a second on each link, each timed by the smoothed round trip and its
 * variation (RFC 6298), three misses in a row are death, and so is the loss of the carrier. Links in order of preference.
 * Ends with its standard input.
 *
 * @module
 */
import { openSync, writeSync } from 'node:fs';
import { libc, monotonicMs, NativeMemory } from '../../libc.ts';
import { CarrierEvents } from './carrierEvents.ts';
import { PingedLink } from './pingedLink.ts';

export interface WatcherConfig {
  readonly target: string;
  /** Of a FIFO that an `ip -batch` reads: a route is moved without starting a program. */
  readonly fifo: string;
  readonly links: readonly { readonly name: string; readonly gateway: string }[];
  readonly stableMs: number;
  /** Of wireguard-go at the far end. */
  readonly port: number;
}

/** Before the rule of local addresses, which `wireguardGo.ts` moves behind it. */
export const DEAF_RULE_PREF = 5;
export const LOCAL_RULE_PREF = 10;

const INTERVAL_MS = 20;
const STDOUT = 1;
const POLLIN = 1;
const POLLFD_BYTES = 8;
/** Its input has something: an end, since nobody tells it anything. */
const STDIN = 0;

function watch({ target, fifo, links: places, stableMs, port }: WatcherConfig): void {
  const links = places.map(({ name }) => new PingedLink(name, target));
  const carriers = new CarrierEvents(places.map(({ name }) => name));
  const batch = openSync(fifo, 'w');
  const fds = [STDIN, carriers.fd, ...links.map(({ fd }) => fd)];
  const polled = new NativeMemory(fds.length * POLLFD_BYTES);
  fds.forEach((fd, index) => {
    polled.view.setInt32(index * POLLFD_BYTES, fd, true);
    polled.view.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
  });
  const timeout = new NativeMemory(16);
  let used = 0;
  let isReady = false;
  let pingAtMs = monotonicMs();
  for (;;) {
    let nowMs = monotonicMs();
    if (nowMs >= pingAtMs) {
      for (const link of links) link.ping(nowMs);
      pingAtMs = Math.max(pingAtMs + INTERVAL_MS, nowMs);
    }
    timeout.view.setUint32(8, Math.max(0, Math.min(pingAtMs - nowMs, 2)) * 1e6, true);
    libc.ppoll(polled.at(0), fds.length, timeout.at(0), null);
    if (polled.view.getInt16(6, true) !== 0) return;
    nowMs = monotonicMs();
    for (const link of links) {
      link.receive(nowMs);
      link.judge(nowMs);
    }
    const lost = carriers.lost();
    for (const [index, { name }] of places.entries()) {
      if (lost.includes(name)) links[index]!.loseCarrier();
    }
    if (!isReady && links.every((link) => link.hasAnswered)) {
      isReady = true;
      print({ event: 'ready' });
    }
    const best = links.findIndex((link, index) =>
      link.isUsable(nowMs, index < used ? stableMs : 0),
    );
    if (isReady && best >= 0 && best !== used) {
      const { name, gateway } = places[best]!;
      const lines = [
        ...(best > used ? [`rule add ${deafTo(places[used]!.name, port)}`] : []),
        ...(best < used ? [`rule del ${deafTo(name, port)}`] : []),
        `route replace ${target}/32 via ${gateway} dev ${name}`,
      ];
      writeSync(batch, `${lines.join('\n')}\n`);
      used = best;
      print({ event: 'moved', atMs: nowMs, link: name });
    }
  }
}

/**
 * wireguard-go answers over the link that it was last heard on, whatever the routes say (its `sticky` sockets): what still
 * comes in over a link that has been left is dropped, or a link that is dead one way would never be left.
 */
const deafTo = (link: string, port: number) =>
  `pref ${DEAF_RULE_PREF} iif ${link} ipproto udp sport ${port} blackhole`;

function print(line: Readonly<Record<string, unknown>>): void {
  writeSync(STDOUT, `${JSON.stringify(line)}\n`);
}

if (import.meta.main) {
  watch(JSON.parse(process.argv[2] ?? '{}') as WatcherConfig);
  process.exit(0);
}
