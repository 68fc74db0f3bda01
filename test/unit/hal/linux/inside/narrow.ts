/**
 * Runs of datagrams from a socket that hears of ICMP, over a link that is wide enough for them, over one that is not, and
 * behind an error that waits: what was asked of the kernel, and what left.
 *
 * ```text
 *   here: near0 10.98.0.1, fd98::1 ───── far: far0 10.98.0.2, fd98::2, which refuses; nobody is 10.98.0.9, fd98::9
 * ```
 */
import { openDatagramSocket } from '../../../../../hal/linux/bind.ts';
import { libc } from '../../../../../hal/linux/libc.ts';
import { nativeMemory } from '../../../../../hal/linux/memory.ts';
import { LinuxPoller } from '../../../../../hal/linux/poller.ts';
import { parseAddress } from '../../../../../session/wire/address.ts';
import { ip, opened } from './opened.ts';

const SEGMENT_BYTES = 1_400;
const RUN_BYTES = 5 * SEGMENT_BYTES;
const WIDE = 1_500;
const NARROW = 1_300;
const FAR = ['10.98.0.2', '[fd98::2]'] as const;
/** Known as neighbours, and nobody: no word comes back. */
const SILENT = { 4: '10.98.0.9', 6: '[fd98::9]' } as const;

ip('netns add far');
ip('link add near0 type veth peer name far0 netns far');
// Which groups it listens to the kernel tells within a second, at a moment of its own (MLD): at once, and not while packets are counted.
Bun.spawnSync(['sysctl', '-q', '-w', 'net.ipv6.conf.near0.mldv2_unsolicited_report_interval=1']);
for (const at of ['', '-n far ']) {
  const [name, host] = at === '' ? ['near0', '1'] : ['far0', '2'];
  ip(`${at}addr add 10.98.0.${host}/24 dev ${name}`);
  ip(`${at}addr add fd98::${host}/64 dev ${name} nodad`);
  ip(`${at}link set ${name} up`);
}
for (const host of ['10.98.0.9', 'fd98::9']) {
  ip(`neigh add ${host} lladdr 02:00:00:00:00:09 dev near0`);
}
for (const limit of ['ipv4.icmp_ratelimit', 'ipv6.icmp.ratelimit']) {
  ip(`netns exec far sysctl -q -w net.${limit}=0`);
}

Bun.sleepSync(200);

/** What the kernel answered to each sendmsg since the last look. */
let calls: number[] = [];
const { sendmsg } = libc;
Object.assign(libc, {
  sendmsg: (...given: Parameters<typeof sendmsg>) => {
    const sent = sendmsg(...given);
    calls.push(Number(sent));
    return sent;
  },
});

const memory = nativeMemory(65_536);
const options = { address: null, port: 0, mark: null, bufferBytes: 1 << 20 } as const;
const socket = opened(openDatagramSocket({ ...options, link: 'near0', offload: 'auto' }));
const poller = new LinuxPoller();
poller.watch(socket.fd);

function send(host: string, bytes: number, port = 9) {
  const to = parseAddress(`${host}:${port}`);
  if (!to.ok) throw new Error(host);
  calls = [];
  const result = socket.send(memory, 0, bytes, SEGMENT_BYTES, 0, to.value);
  return { result, unsent: socket.unsentCount, calls };
}

/** IP bytes that left over the link while `work` ran, in any number of packets. */
function leaving<T>(work: () => T) {
  const count = () => {
    const { stdout } = Bun.spawnSync(['ip', '-j', '-s', 'link', 'show', 'near0']);
    const { packets, bytes } = JSON.parse(stdout.toString())[0].stats64.tx;
    return { packets, bytes };
  };
  const before = count();
  const told = work();
  const after = count();
  return { ...told, packets: after.packets - before.packets, bytes: after.bytes - before.bytes };
}

function overBoth(mtu: number) {
  ip(`link set near0 mtu ${mtu}`);
  return Object.entries(SILENT).map(([family, host]) => ({
    family: Number(family),
    ...leaving(() => send(host, RUN_BYTES)),
  }));
}

const [wide, narrow] = [overBoth(WIDE), overBoth(NARROW)];
ip(`link set near0 mtu ${WIDE}`);
const behindAnError = FAR.map((host, at) => {
  for (let attempt = 0; attempt < 20; attempt++) {
    send(host, 5);
    if (poller.wait(500) > 0) break; // its refusal is there
  }
  const row = send(Object.values(SILENT)[at]!, RUN_BYTES);
  while (poller.wait(100) > 0) socket.receive(memory, 0);
  return row;
});

console.log(JSON.stringify({ wide, narrow, behindAnError, segment: socket.offload.segment }));
process.exit(0);
