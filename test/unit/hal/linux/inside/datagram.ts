/**
 * UDP over a veth, bound to the link, both families, against our own hub socket in the namespace
 * `far`; and every refusal that can be brought about.
 *
 * ```text
 *   here: near0 (index 101) 10.98.0.1, fd98::1 ───── far0 (index 202) 10.98.0.2, fd98::2 :far
 * ```
 */
import { SEND, type SendResult } from '../../../../../hal/datagram.ts';
import { openDatagramSocket } from '../../../../../hal/linux/bind.ts';
import { nativeMemory } from '../../../../../hal/linux/memory.ts';
import { LinuxPoller } from '../../../../../hal/linux/poller.ts';
import { readNumber, SOL_SOCKET } from '../../../../../hal/linux/sockopt.ts';
import { formatAddress, parseAddress } from '../../../../../session/wire/address.ts';
import { ip, opened } from './opened.ts';

const ANY = {
  link: null,
  address: null,
  port: 0,
  mark: null,
  bufferBytes: 1 << 20,
  offload: 'auto' as const,
};
/** asm-generic/socket.h: reading it takes the pending error away. */
const SO_ERROR = 4;
const memory = nativeMemory(65_536);
const packet = memory.bytes;

if (process.argv[2] === 'far') await echoForEver();

ip('netns add far');
ip('link add near0 index 101 type veth peer name far0 index 202 netns far');
for (const at of ['', '-n far ']) {
  const [name, host] = at === '' ? ['near0', '1'] : ['far0', '2'];
  ip(`${at}addr add 10.98.0.${host}/24 dev ${name}`);
  ip(`${at}addr add fd98::${host}/64 dev ${name} nodad`);
  ip(`${at}link set ${name} up`);
  ip(`${at}link set lo up`);
}
// Errors come as often as we ask for them.
for (const limit of ['ipv4.icmp_ratelimit', 'ipv6.icmp.ratelimit']) {
  ip(`netns exec far sysctl -q -w net.${limit}=0`);
}
const far = Bun.spawn(['ip', 'netns', 'exec', 'far', process.execPath, import.meta.path, 'far'], {
  stdout: 'pipe',
});
await far.stdout.getReader().read(); // it says when it listens

const socket = opened(openDatagramSocket({ ...ANY, link: 'near0', mark: 7 }));
const poller = new LinuxPoller();
poller.watch(socket.fd);

const names = Object.fromEntries(Object.entries(SEND).map(([name, code]) => [code, name]));
const sendTo = (text: string, bytes = 5): string => {
  const to = parseAddress(text);
  if (!to.ok) throw new Error(text);
  const outcome: SendResult = socket.send(memory, 0, bytes, bytes, 0, to.value);
  return names[outcome]!;
};

/** Send, and what came back from where. The first packets may meet a neighbour not yet resolved. */
function roundTrip(text: string) {
  packet.set([1, 2, 3, 4, 5]);
  for (let attempt = 0; attempt < 20; attempt++) {
    sendTo(text);
    if (poller.wait(200) === 0 || !poller.isReady(socket.fd)) continue;
    const bytes = socket.receive(memory, 0);
    return { bytes, from: formatAddress(socket.source), last: packet[4] };
  }
  return null;
}

const over4 = roundTrip('10.98.0.2:51820');
const over6 = roundTrip('[fd98::2]:51820');
const sourceOnce = socket.source;
roundTrip('[fd98::2]:51820');
const isSameObject = sourceOnce === socket.source;

const outcomes = {
  tooLong: sendTo('10.98.0.2:51820', 2_048) === 'sent' ? sendTooLong() : 'failed',
  noRoute: sendTo('203.0.113.9:9'),
  noRoute6: sendTo('[2001:db8::9]:9'),
  // The address is here, but not on that link.
  loopback: sendTo('127.0.0.1:9'),
};
/** Nobody listens there, and the other machine says so. What it says never is the outcome of a send. */
function refusedByIcmp(text: string) {
  const before = socket.icmpCount;
  const sent = new Set<string>();
  for (let attempt = 0; attempt < 50 && socket.icmpCount - before < 5; attempt++) {
    sent.add(sendTo(text));
    // Woken for an error there is nothing to read, and nothing wakes us again.
    if (poller.wait(100) > 0) socket.receive(memory, 0);
  }
  const isCounted = socket.icmpCount - before >= 5;
  // On a busy machine an answer to one of the sends comes later than the fifth; each is read once, and then nothing wakes us.
  let isCalm = false;
  for (let attempt = 0; attempt < 50 && !isCalm; attempt++) {
    socket.receive(memory, 0);
    isCalm = poller.wait(50) === 0;
  }
  return { sent: [...sent], isCounted, isCalm };
}
const icmp = { over4: refusedByIcmp('10.98.0.2:9'), over6: refusedByIcmp('[fd98::2]:9') };
/** Errors wait, nobody has read them, and the next send is not theirs. */
function sendBehindErrors(): string[] {
  const sent = new Set<string>();
  for (let i = 0; i < 5; i++) {
    sendTo('10.98.0.2:9');
    poller.wait(100);
    sent.add(poller.isReady(socket.fd) ? sendTo('10.98.0.2:51820') : 'nothing waits');
    while (poller.wait(100) > 0 && socket.receive(memory, 0) > 0);
  }
  return [...sent];
}
const behindThem = sendBehindErrors();
/** An error that only the queue holds: it wakes us, there is nothing to read, and it is gone. */
function isCalmedByReading(): boolean[] {
  while (socket.receive(memory, 0) > 0); // as who reads until there is nothing
  sendTo('10.98.0.2:9');
  poller.wait(100);
  readNumber(socket.fd, SOL_SOCKET, SO_ERROR);
  const isAwake = poller.wait(100) > 0;
  return [isAwake, socket.receive(memory, 0) === 0, poller.wait(50) === 0];
}
const queueAlone = isCalmedByReading();
const hub = opened(openDatagramSocket({ ...ANY, port: 51_820 }));
const loop = opened(openDatagramSocket({ ...ANY, address: '10.98.0.1' }));
const refusals = {
  noSuchLink: codeOf(openDatagramSocket({ ...ANY, link: 'nolink0' })),
  badName: codeOf(openDatagramSocket({ ...ANY, link: 'no/link' })),
  portTaken: codeOf(openDatagramSocket({ ...ANY, port: 51_820 })),
  notMine: codeOf(openDatagramSocket({ ...ANY, address: '203.0.113.9' })),
  notAnAddress: codeOf(openDatagramSocket({ ...ANY, address: 'x' })),
};
ip('link set near0 down');
const whenDown = sendTo('10.98.0.2:51820');
ip('link del near0');
const whenGone = sendTo('10.98.0.2:51820');
far.kill();
await far.exited;

console.log(
  JSON.stringify({
    over4,
    over6,
    isSameObject,
    outcomes,
    icmp,
    behindThem,
    queueAlone,
    refusals,
    whenDown,
    whenGone,
    hubPort: hub.localPort,
    hasOwnPort: loop.localPort > 0 && socket.localPort > 0,
    notices: socket.notices,
    buffers: [socket.receiveBufferBytes, socket.sendBufferBytes],
  }),
);
process.exit(0);

function codeOf(result: { ok: true } | { ok: false; code: string }): string {
  return result.ok ? 'ok' : result.code;
}

/** 65,508 bytes are one more than IPv4 carries in UDP. */
function sendTooLong(): string {
  const long = nativeMemory(65_508);
  const to = parseAddress('10.98.0.2:51820');
  return to.ok ? names[socket.send(long, 0, 65_508, 65_508, 0, to.value)]! : 'failed';
}

async function echoForEver(): Promise<never> {
  const listener = opened(openDatagramSocket({ ...ANY, port: 51_820 }));
  const wait = new LinuxPoller();
  wait.watch(listener.fd);
  await Bun.write(Bun.stdout, 'listening\n');
  for (;;) {
    wait.wait(-1);
    const bytes = listener.receive(memory, 0);
    if (bytes === 0) continue;
    const { segmentBytes, ecn, source } = listener;
    listener.send(memory, 0, bytes, segmentBytes, ecn, source);
  }
}
