import { expect, test } from 'bun:test';
import { nodeCiphers } from '../../../../hal/linux/ciphers.ts';
import type { AeadKey, Ciphers } from '../../../../session/channel/aead.ts';
import { AeadDataKey } from '../../../../session/channel/aeadDataKey.ts';
import type { DataKey, HeaderUse } from '../../../../session/channel/dataKey.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import { newProofCases } from '../../../../session/channel/proofCases.ts';
import { PROOF_MEMORY_BYTES, proveDataKey } from '../../../../session/channel/proveDataKey.ts';
import { plainMemory } from '../../../../session/memory.ts';

const SUITES = ['aes-256-gcm', 'chacha20-poly1305'] as const;
const CASES = {
  'aes-256-gcm': newProofCases('aes-256-gcm'),
  'chacha20-poly1305': newProofCases('chacha20-poly1305'),
};
const NO_BYTES = new Uint8Array(0);

/** How often each data key was used; a fault may wait until its key is hot. */
const HOT_USES = 500;

type Made = { key: DataKey; use: HeaderUse; used: number };

/** What the honest key is told instead. */
interface Fault {
  readonly counter?: (counter: number, made: Made) => number;
  readonly use?: (use: HeaderUse) => HeaderUse;
  readonly open?: (authentic: boolean) => boolean;
  readonly sealed?: (bytes: Uint8Array, targetAt: number, count: number) => void;
  readonly wrap?: (key: AeadKey) => AeadKey;
}

function faulty(fault: Fault): Ciphers {
  const wrap = fault.wrap ?? ((key: AeadKey) => key);
  return {
    newKey: (suite, key) => wrap(nobleCiphers.newKey(suite, key)),
    newDataKey(suite, secret, use) {
      const inner = new AeadDataKey(nobleCiphers.newKey(suite, secret), fault.use?.(use) ?? use);
      const made: Made = { key: inner, use, used: 0 };
      const counterOf = (counter: number) => {
        made.used += 1;
        return fault.counter?.(counter, made) ?? counter;
      };
      return {
        seal(counter, source, sourceAt, bytes, target, targetAt) {
          inner.seal(counterOf(counter), source, sourceAt, bytes, target, targetAt);
          fault.sealed?.(target.bytes, targetAt, bytes + 32);
        },
        open(counter, source, sourceAt, bytes, target, targetAt) {
          const packet = source.bytes.slice(sourceAt + 16, sourceAt + bytes - 16);
          const used = counterOf(counter);
          const isOpened = inner.open(used, source, sourceAt, bytes, target, targetAt);
          const answer = fault.open?.(isOpened) ?? isOpened;
          if (answer && !isOpened) target.bytes.set(packet, targetAt);
          return answer;
        },
        close: () => inner.close(),
      };
    },
  };
}

function proof(ciphers: Ciphers, suite: (typeof SUITES)[number]): string | null {
  const memory = plainMemory(PROOF_MEMORY_BYTES);
  const heat = (key: DataKey) => {
    for (let i = 0; i < HOT_USES; i++) key.seal(i, memory, 16, 1, memory, 0);
  };
  return proveDataKey({ ciphers, cases: CASES[suite], memory, heat });
}

for (const suite of SUITES) {
  test(`${suite}: the portable cipher and that of node:crypto are proven`, () => {
    expect(proof(nobleCiphers, suite)).toBeNull();
    expect(proof(nodeCiphers, suite)).toBeNull();
  });

  /** Counters of the newest packet before the fault set in, for nonces that stand still. */
  const stale = (fromUse: number) => {
    const last = new Map<Made, number>();
    return (counter: number, made: Made) => {
      if (made.used <= fromUse) last.set(made, counter);
      return last.get(made) ?? 0;
    };
  };
  const faults: Record<string, [Fault, string]> = {
    'a counter that is stuck': [{ counter: () => 5 }, 'opens as number 4 (cold'],
    'a nonce whose memory goes stale at once': [{ counter: stale(1) }, 'opens as number 4 (cold'],
    'a nonce whose memory goes stale once the code is hot': [
      { counter: stale(HOT_USES) },
      'protocol says (hot, counter 5',
    ],
    'a counter that is one too high': [
      { counter: (counter) => (counter < 2 ** 53 - 1 ? counter + 1 : counter) },
      'nonce',
    ],
    'a counter whose high half is dropped': [{ counter: (n) => n % 2 ** 32 }, 'counter 4294967296'],
    'a counter of which two bytes count': [{ counter: (n) => n % 65_536 }, 'counter 65536'],
    'associated data that is ignored': [{ use: () => 'bare' }, 'header associated'],
    'a tag that is not checked': [{ open: () => true }, 'and it opens'],
    'nothing that opens': [{ open: () => false }, 'does not open'],
    'plaintext that is sent as it is': [
      { sealed: (bytes, at, count) => bytes.fill(1, at + 16, at + count - 16) },
      'counter 5, 64 bytes',
    ],
    'a tag that is left out': [
      { sealed: (bytes, at, count) => bytes.fill(0, at + count - 16, at + count) },
      'nonce, header or tag',
    ],
    'a header that sealing overwrites': [
      { sealed: (bytes, at) => bytes.fill(0, at, at + 1) },
      'changed the header',
    ],
    'a byte written behind the datagram': [
      { sealed: (bytes, at, count) => bytes.fill(0, at + count, at + count + 1) },
      'beside the datagram',
    ],
    'published vectors that seal to something else': [
      {
        wrap: (key) => ({
          seal(nonce, _associated, plaintext, target) {
            key.seal(nonce, NO_BYTES, plaintext, target);
          },
          open: (...values) => key.open(...values),
          close: () => key.close(),
        }),
      },
      'published vector seals',
    ],
    'published vectors that do not open': [
      {
        wrap: (key) => ({
          seal: (...values) => key.seal(...values),
          open: () => false,
          close: () => key.close(),
        }),
      },
      'published vector does not open',
    ],
  };
  if (suite === 'chacha20-poly1305') {
    const use = () => 'associated' as const;
    faults['a header that is associated where it must not be'] = [{ use }, 'header bare'];
  }
  for (const [name, [fault, sentence]] of Object.entries(faults)) {
    test(`${suite}: ${name} is caught`, () => {
      expect(proof(faulty(fault), suite)).toContain(sentence);
    });
  }
}

test('every key of a proof is closed, whether it passes or not', () => {
  for (const fault of [{}, { counter: () => 5 }]) {
    const [made, closed] = [[] as string[], [] as string[]];
    const honest = faulty(fault);
    const watched: Ciphers = {
      newKey(suite, secret) {
        made.push('key');
        const key = honest.newKey(suite, secret);
        return {
          seal: key.seal.bind(key),
          open: key.open.bind(key),
          close: () => closed.push('key'),
        };
      },
      newDataKey(suite, secret, use) {
        made.push(use);
        const key = honest.newDataKey(suite, secret, use);
        return { seal: key.seal, open: key.open, close: () => closed.push(use) };
      },
    };
    proof(watched, 'chacha20-poly1305');
    expect(closed).toEqual(made);
    expect(made).toEqual(['key', 'associated', 'bare']);
  }
});
