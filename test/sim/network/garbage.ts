/**
 * What somebody answers who has no key: a portal's page, our own bytes thrown back, noise of any type.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { Random } from '../random.ts';

const PAGE = new TextEncoder().encode(
  'HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n',
);
const TYPES = Object.values(MESSAGE_TYPE);

export function garbage(random: Random, heard: Uint8Array): Uint8Array<ArrayBuffer> {
  switch (random.below(4)) {
    case 0:
      return PAGE.slice();
    case 1:
      return Uint8Array.from(heard);
    case 2: {
      const bytes = Uint8Array.from(heard);
      const at = random.below(bytes.length);
      bytes[at] = bytes[at]! ^ (1 + random.below(255));
      return bytes;
    }
    default: {
      const bytes = random.bytes(random.between(1, 200));
      bytes[0] = random.pick(TYPES);
      return bytes;
    }
  }
}
