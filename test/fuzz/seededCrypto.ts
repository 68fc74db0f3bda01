/**
 * Makes `crypto.getRandomValues` answer from a seed for a while, so that a run with real keys is the
 * same each time it is made.
 *
 * @module
 */
import { Random } from '../sim/random.ts';

/** Until the function that it returns is called. Not to be nested. */
export function seededCrypto(seed: number): () => void {
  const random = new Random(seed);
  const own = Object.getOwnPropertyDescriptor(crypto, 'getRandomValues');
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    writable: true,
    value: <T extends ArrayBufferView>(target: T): T => {
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
      return target;
    },
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(crypto, 'getRandomValues');
    else Object.defineProperty(crypto, 'getRandomValues', own);
  };
}
