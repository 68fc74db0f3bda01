/**
 * What the monitor says while links change under it: carrier, addresses, routes, loss of events.
 *
 * ```text
 *   eth0 (index 101) 192.0.2.2/24, default via 192.0.2.1 ───── peer0 (index 202)
 * ```
 */
import type { LinkSnapshot } from '../../../../../hal/links.ts';
import { openLinkMonitor } from '../../../../../hal/linux/links.ts';
import { LinuxPoller } from '../../../../../hal/linux/poller.ts';
import { ip, opened } from './opened.ts';

const DEADLINE_MS = 3_000;

const monitor = opened(openLinkMonitor());
const poller = new LinuxPoller();
poller.watch(monitor.fd);
const before = monitor.snapshot().map(({ name }) => name);

let hasNews = false;

/** Wait by poll until the link is as described; how it was at last. */
function until(name: string, isThere: (link: LinkSnapshot | undefined) => boolean) {
  const startedAtMs = performance.now();
  for (;;) {
    const link = monitor.snapshot().find((candidate) => candidate.name === name);
    if (isThere(link)) return link ?? 'absent';
    if (performance.now() - startedAtMs > DEADLINE_MS) return 'missed';
    hasNews = (hasNews || poller.wait(100) > 0) && monitor.drain();
  }
}

/** What is said of a link one after the other until it is as described, each once. */
function toldOf(name: string, isThere: (link: LinkSnapshot) => boolean) {
  const told: string[] = [];
  until(name, (link) => {
    if (link === undefined) return false;
    const { index, carrier, adminUp, hasRoute } = link;
    const words = JSON.stringify({ index, adminUp, carrier, hasRoute });
    if (told.at(-1) !== words) told.push(words);
    return isThere(link);
  });
  return told.map((words) => JSON.parse(words) as unknown);
}

ip('link add eth0 index 101 type veth peer name peer0 index 202');
const appeared = until('eth0', (link) => link !== undefined);
ip('link set eth0 up');
ip('link set peer0 up');
const carrier = until('eth0', (link) => link?.carrier === true);
ip('addr add 192.0.2.2/24 dev eth0');
ip('addr add 2001:db8::2/64 dev eth0 nodad');
const addressed = until('eth0', (link) => link?.addresses.length === 2);
ip('route add default via 192.0.2.1 dev eth0');
const routed = until('eth0', (link) => link?.hasRoute === true);
ip('route add 2001:db8:9::/48 via 2001:db8::1 dev eth0');
const routed6 = until('eth0', (link) => link?.hasRoute6 === true);

ip('link set eth0 mtu 1400');
const shrunk = until('eth0', (link) => link?.mtu === 1_400);
ip('link set eth0 mtu 1500');
until('eth0', (link) => link?.mtu === 1_500);

ip('link set peer0 down');
const pulled = until('eth0', (link) => link?.carrier === false);
ip('link set peer0 up');
until('eth0', (link) => link?.carrier === true);

// Linux deletes this route without an event.
ip('addr flush dev eth0 scope global');
const flushed = until('eth0', (link) => link?.addresses.length === 0 && !link.hasRoute4);
ip('addr add 192.0.2.2/24 dev eth0');
ip('route add default via 192.0.2.1 dev eth0');
until('eth0', (link) => link?.hasRoute === true);
ip('link set eth0 down');
const told = toldOf('eth0', (link) => !link.hasRoute);
const downed = until('eth0', (link) => link?.adminUp === false && !link.hasRoute);
ip('link set eth0 mtu 1280');
const narrowed = until('eth0', (link) => link?.mtu === 1_280);
const drainedIdle = monitor.drain();

// More events than the socket holds, and nobody reading: the monitor must notice and read anew.
const many = Bun.spawnSync(['ip', '-batch', '-'], {
  stdin: new TextEncoder().encode(
    Array.from({ length: 3_000 }, (_, at) => `link set eth0 mtu ${1_300 + (at % 100)}\n`).join('') +
      'link set eth0 mtu 1444\n',
  ),
});
const flooded = until('eth0', (link) => link?.mtu === 1_444);
const resyncs = monitor.resyncCount;
ip('link del eth0');
const removed = until('eth0', (link) => link === undefined);
ip('link add eth0 index 303 type veth peer name peer1 index 404');
const replugged = until('eth0', (link) => link !== undefined);

// Away and back as another interface while nobody looked.
const plug = (index: number) => [
  `link add eth0 index ${index} type veth peer name peer1 index ${index + 1}`,
  ...['link set peer1 up', 'link set eth0 up', 'addr add 192.0.2.2/24 dev eth0'],
  'route add default via 192.0.2.1 dev eth0',
];
const batch = (lines: readonly string[]) =>
  Bun.spawnSync(['ip', '-batch', '-'], { stdin: new TextEncoder().encode(lines.join('\n')) })
    .exitCode;
const plugged = [batch(['link del eth0', ...plug(505)])];
until('eth0', (link) => link?.index === 505 && link.carrier && link.hasRoute);
plugged.push(batch(['link del eth0', ...plug(707)]));
// Its carrier is told by a worker of the kernel, a little later.
Bun.sleepSync(300);
const swapped = toldOf('eth0', (link) => link.index === 707 && link.hasRoute);
monitor.close();

console.log(
  JSON.stringify({
    before,
    appeared,
    carrier,
    addressed,
    routed,
    routed6,
    shrunk,
    pulled,
    flushed,
    told,
    downed,
    narrowed,
    drainedIdle,
    many: many.exitCode,
    flooded,
    resyncs,
    removed,
    replugged,
    plugged,
    swapped,
  }),
);
