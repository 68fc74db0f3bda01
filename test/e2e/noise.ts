/**
 * Sends random, truncated, replayed and wrong-key datagrams of every message type to one address.
 *
 * @module
 */
import { Random } from '../sim/random.ts';

const [host = '127.0.0.1', port = '51820', count = '1000'] = process.argv.slice(2);
const random = new Random(11);
const socket = await Bun.udpSocket({});
const TYPES = [0, 1, 2, 3, 4, 16, 17, 18, 255];
const LENGTHS = [0, 1, 3, 4, 15, 16, 31, 32, 60, 64, 92, 148, 1_200];
let sent = 0;
let replayed: Uint8Array = new Uint8Array(148);
for (let at = 0; at < Number(count); at++) {
  const length = random.chance(50) ? LENGTHS[random.below(LENGTHS.length)]! : random.below(1_400);
  const datagram = random.bytes(length);
  if (length > 0) datagram[0] = TYPES[random.below(TYPES.length)]!;
  if (length > 3 && random.chance(70)) datagram.fill(0, 1, 4);
  if (length > 1 && random.chance(30)) datagram[1] = 1;
  if (random.chance(5)) replayed = datagram;
  while (!socket.send(random.chance(10) ? replayed : datagram, Number(port), host))
    await Bun.sleep(1);
  sent += 1;
  if (at % 200 === 199) await Bun.sleep(2);
}
socket.close();
console.log(JSON.stringify({ sent }));
