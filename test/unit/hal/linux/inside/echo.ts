/**
 * A tun that echoes: opens one, configures it without any tool, and answers the pings of the real
 * `ping` itself.
 */
import { openInterfaceSetup } from '../../../../../hal/linux/interfaces.ts';
import { nativeMemory } from '../../../../../hal/linux/memory.ts';
import { LinuxPoller } from '../../../../../hal/linux/poller.ts';
import { openTun } from '../../../../../hal/linux/tun.ts';
import { TUN_READ_BYTES } from '../../../../../hal/tun.ts';
import { VIRTIO_BYTES } from '../../../../../session/packet/virtio.ts';
import { opened } from './opened.ts';

const DEADLINE_MS = 8_000;
const PINGS = 3;

const tun = opened(openTun('jv%d'));
const setup = opened(openInterfaceSetup());
opened(setup.setAddresses(tun.name, ['10.99.0.1/24', 'fd99::1/64']));
opened(setup.setMtu(tun.name, 1_400));
opened(setup.setUp(tun.name));

const ping = (host: string) =>
  Bun.spawn(['ping', '-n', '-c', `${PINGS}`, '-i', '0.05', '-W', '2', host], {
    stdout: 'ignore',
    stderr: 'ignore',
  });
const pings = [ping('10.99.0.2'), ping('fd99::2')];

const poller = new LinuxPoller();
poller.watch(tun.fd);
const memory = nativeMemory(TUN_READ_BYTES);
const answered = { 4: 0, 6: 0 };
const startedAtMs = performance.now();
while (answered[4] < PINGS || answered[6] < PINGS) {
  if (performance.now() - startedAtMs > DEADLINE_MS) break;
  if (poller.wait(200) === 0) continue;
  for (let bytes = tun.read(memory, 0); bytes > 0; bytes = tun.read(memory, 0)) {
    const family = turnAround(memory.bytes.subarray(VIRTIO_BYTES, bytes));
    if (family !== null && tun.write(memory, 0, bytes)) answered[family]++;
  }
}
const statuses = await Promise.all(pings.map(({ exited }) => exited));

const second = openTun(tun.name);
tun.close();
const afterwards = setup.setUp(tun.name);
console.log(
  JSON.stringify({
    name: tun.name,
    answered,
    statuses,
    refused: tun.refusedCount,
    second: second.ok ? 'ok' : second.code,
    afterwards: afterwards.ok ? 'ok' : afterwards.code,
    badName: codeOf(openTun('a name that is far too long')),
    notATun: codeOf(openTun('lo')),
  }),
);

function codeOf(result: { ok: true } | { ok: false; code: string }): string {
  return result.ok ? 'ok' : result.code;
}

/** Echo request → echo reply, in place: addresses swapped, type changed, checksum adjusted by that. */
function turnAround(bytes: Uint8Array): 4 | 6 | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const family = bytes[0]! >> 4;
  const icmp = family === 4 ? (bytes[0]! & 15) * 4 : 40;
  const isEcho =
    family === 4 ? bytes[9] === 1 && bytes[icmp] === 8 : bytes[6] === 58 && bytes[40] === 128;
  if (!isEcho) return null;
  const [at, length] = family === 4 ? [12, 4] : [8, 16];
  const source = bytes.slice(at, at + length);
  bytes.copyWithin(at, at + length, at + 2 * length);
  bytes.set(source, at + length);
  bytes[icmp] = family === 4 ? 0 : 129;
  const sum = view.getUint16(icmp + 2) + (family === 4 ? 0x0800 : 0xffff - 0x0100);
  view.setUint16(icmp + 2, (sum & 0xffff) + (sum >>> 16));
  return family === 4 ? 4 : 6;
}
