import { expect, test } from 'bun:test';
import { type CipherCandidate, chooseCiphers, SUITES } from '../../../../hal/linux/cipherChoice.ts';
import { nodeCiphers } from '../../../../hal/linux/ciphers.ts';
import { nativeMemory } from '../../../../hal/linux/memory.ts';
import { chooseOwnCiphers } from '../../../../hal/linux/ownCiphers.ts';
import { InvariantError } from '../../../../session/assert.ts';
import type { CipherSuite, Ciphers } from '../../../../session/channel/aead.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';

const [AES, CHACHA] = ['aes-256-gcm', 'chacha20-poly1305'] as const;

/** Time that packets alone make pass: so many nanoseconds for each call of a data key. */
class Time {
  ns = 0;
  calls = 0;

  slowed(ciphers: Ciphers, nsPerCall: number): Ciphers {
    return {
      newKey: ciphers.newKey,
      newDataKey: (suite, secret, use) => {
        const key = ciphers.newDataKey(suite, secret, use);
        const tick = () => {
          this.ns += nsPerCall;
          this.calls += 1;
        };
        return {
          seal(...values) {
            tick();
            key.seal(...values);
          },
          open(...values) {
            tick();
            return key.open(...values);
          },
          close: () => key.close(),
        };
      },
    };
  }
}

function candidate(
  suite: CipherSuite,
  provider: CipherCandidate['provider'],
  ciphers: Ciphers | string,
): CipherCandidate {
  return { suite, provider, ciphers };
}

/** Opens everything, as one does that forgot the tag. */
const careless: Ciphers = {
  newKey: nobleCiphers.newKey,
  newDataKey(suite, secret, use) {
    const key = nobleCiphers.newDataKey(suite, secret, use);
    return {
      seal: key.seal.bind(key),
      open(...values) {
        key.open(...values);
        return true;
      },
      close: () => key.close(),
    };
  },
};

test('on this machine both suites are proven, and a packet sealed by one end opens at the other', async () => {
  const { ciphers, preference, report } = await chooseOwnCiphers();
  expect([...preference].sort()).toEqual([AES, CHACHA]);
  expect(report.filter(({ refused }) => refused !== null)).toEqual([]);
  for (const suite of preference) {
    const winners = report.filter((row) => row.suite === suite && row.nsPerPacket !== null);
    expect(winners.length).toBeGreaterThan(0);
    const memory = nativeMemory(200);
    memory.bytes.fill(7);
    ciphers.newDataKey(suite, new Uint8Array(32), 'associated').seal(1, memory, 16, 9, memory, 0);
    const portable = nobleCiphers.newDataKey(suite, new Uint8Array(32), 'associated');
    expect(portable.open(1, memory, 0, 41, memory, 100)).toBe(true);
    expect([...memory.bytes.slice(100, 109)]).toEqual(new Array(9).fill(7));
  }
});

test('the faster suite comes first, whichever is tried first, and each has its fastest provider', () => {
  for (const [aesNs, chachaNs, first] of [
    [900, 1_300, AES],
    [5_000, 1_300, CHACHA],
  ] as const) {
    const time = new Time();
    const chosen = chooseCiphers({
      nowNs: () => time.ns,
      candidates: [
        candidate(AES, 'libcrypto', time.slowed(nodeCiphers, aesNs)),
        candidate(AES, 'node:crypto', time.slowed(nodeCiphers, 9_000)),
        candidate(CHACHA, 'libcrypto', time.slowed(nobleCiphers, chachaNs)),
        candidate(CHACHA, 'noble', nobleCiphers),
      ],
    });
    expect(chosen.preference[0]).toBe(first);
    expect(chosen.report).toEqual([
      { suite: AES, provider: 'libcrypto', nsPerPacket: aesNs, refused: null },
      { suite: AES, provider: 'node:crypto', nsPerPacket: 9_000, refused: null },
      { suite: CHACHA, provider: 'libcrypto', nsPerPacket: chachaNs, refused: null },
      { suite: CHACHA, provider: 'noble', nsPerPacket: null, refused: null },
    ]);
  }
});

test('what is tried first, while code is cold, is not the slower one for that', () => {
  const time = new Time();
  let isCold = true;
  const cold = time.slowed(nodeCiphers, 800);
  const chosen = chooseCiphers({
    nowNs: () => time.ns,
    candidates: [
      candidate(AES, 'libcrypto', {
        newKey: cold.newKey,
        newDataKey(suite, secret, use) {
          const key = cold.newDataKey(suite, secret, use);
          return {
            ...key,
            seal(...values) {
              if (isCold) time.ns += 30_000;
              key.seal(...values);
            },
          };
        },
      }),
      candidate(AES, 'node:crypto', time.slowed(nodeCiphers, 5_000)),
      candidate(CHACHA, 'libcrypto', {
        newKey: nobleCiphers.newKey,
        newDataKey(suite, secret, use) {
          isCold = false;
          return time.slowed(nobleCiphers, 1_400).newDataKey(suite, secret, use);
        },
      }),
    ],
  });
  expect(chosen.preference).toEqual([AES, CHACHA]);
  expect(chosen.report.map(({ nsPerPacket }) => nsPerPacket)).toEqual([800, 5_000, 1_400]);
});

test('what is missing, throws or lies is refused with its reason, and the portable code serves', () => {
  const broken: Ciphers = {
    newKey: nobleCiphers.newKey,
    newDataKey() {
      throw new InvariantError('libcrypto takes the key');
    },
  };
  const time = new Time();
  const chosen = chooseCiphers({
    nowNs: () => time.ns,
    candidates: [
      candidate(AES, 'libcrypto', 'libcrypto.so.3 cannot be opened'),
      candidate(AES, 'node:crypto', broken),
      candidate(CHACHA, 'libcrypto', careless),
      candidate(CHACHA, 'noble', time.slowed(nobleCiphers, 20_000)),
    ],
  });
  expect(chosen.preference).toEqual([CHACHA]);
  expect(chosen.report.map(({ nsPerPacket }) => nsPerPacket)).toEqual([null, null, null, 20_000]);
  expect(chosen.report.map(({ refused }) => refused)).toEqual([
    'libcrypto.so.3 cannot be opened',
    'libcrypto takes the key',
    expect.stringContaining('changed, and it opens'),
    null,
  ]);
  expect(() => chosen.ciphers.newKey(AES, new Uint8Array(32))).toThrow('proven');
});

test('without ChaCha20-Poly1305 there is no channel', () => {
  const time = new Time();
  const candidates = [candidate(AES, 'node:crypto', time.slowed(nodeCiphers, 500_000))];
  expect(() => chooseCiphers({ candidates, nowNs: () => time.ns })).toThrow('ChaCha20-Poly1305');
});

test('a wanted suite is the only one offered, and ChaCha20-Poly1305 where it cannot be had', () => {
  const time = new Time();
  const nowNs = () => time.ns;
  const chacha = candidate(CHACHA, 'noble', time.slowed(nobleCiphers, 500_000));
  const aes = candidate(AES, 'node:crypto', time.slowed(nodeCiphers, 400_000));
  const offered = (wanted: CipherSuite | 'auto', candidates: CipherCandidate[]) =>
    chooseCiphers({ wanted, candidates, nowNs }).preference;
  expect(offered(AES, [aes, chacha])).toEqual([AES]);
  expect(offered(CHACHA, [aes, chacha])).toEqual([CHACHA]);
  expect(offered('auto', [aes, chacha])).toEqual([AES, CHACHA]);
  expect(offered(AES, [chacha])).toEqual([CHACHA]);
});

test('however slow the machine or its clock, what is measured is bounded', () => {
  /** Calls of a data key: those of the proof, the same every time, and those of the measurement. */
  const calls = (nsPerCall: number) => {
    const time = new Time();
    const candidates = [candidate(CHACHA, 'libcrypto', time.slowed(nodeCiphers, nsPerCall))];
    chooseCiphers({ candidates, nowNs: () => time.ns });
    return time.calls;
  };
  const least = calls(1e9); // one packet sealed and opened for each of two keys
  expect(calls(1e7)).toBe(least);
  expect(calls(1_000_000)).toBe(least);
  expect(calls(100_000) - least).toBeLessThan(40);
  expect(calls(100_000)).toBeGreaterThan(least);
});

test('one that is clearly slower than another of its suite is given up early', () => {
  const [fast, slow] = [new Time(), new Time()];
  const nowNs = () => fast.ns + slow.ns;
  const choose = (candidates: CipherCandidate[]) => chooseCiphers({ candidates, nowNs });
  const chacha = candidate(CHACHA, 'libcrypto', fast.slowed(nodeCiphers, 100_000));
  choose([candidate(AES, 'node:crypto', slow.slowed(nodeCiphers, 20_000)), chacha]);
  const [alone] = [slow.calls];
  slow.calls = 0;
  const first = candidate(AES, 'libcrypto', fast.slowed(nodeCiphers, 1_000));
  choose([first, candidate(AES, 'node:crypto', slow.slowed(nodeCiphers, 20_000)), chacha]);
  expect(alone - slow.calls).toBeGreaterThan(50);
});

test('what libcrypto has is not looked for elsewhere, and what it has not is', async () => {
  let loaded = 0;
  const loadOthers = async () => {
    loaded += 1;
    return [candidate(AES, 'node:crypto', nodeCiphers), candidate(CHACHA, 'noble', nobleCiphers)];
  };
  const { report } = await chooseOwnCiphers({ loadOthers });
  expect(loaded).toBe(0);
  expect(report.map(({ suite, provider }) => `${suite} ${provider}`)).toEqual([
    `${AES} libcrypto`,
    `${CHACHA} libcrypto`,
    `${AES} node:crypto`,
    `${AES} noble`,
    `${CHACHA} noble`,
  ]);
  expect(report.slice(2).map(({ nsPerPacket, refused }) => [nsPerPacket, refused])).toEqual(
    new Array(3).fill([null, null]),
  );

  const native = [
    candidate(AES, 'libcrypto', nodeCiphers),
    candidate(CHACHA, 'libcrypto', careless),
  ];
  const chosen = await chooseOwnCiphers({ native, loadOthers });
  expect(loaded).toBe(1);
  expect([...chosen.preference].sort()).toEqual([AES, CHACHA]);
  expect(chosen.report.find(({ refused }) => refused !== null)).toMatchObject({ suite: CHACHA });

  const nowhere = SUITES.map((suite) => candidate(suite, 'libcrypto', 'not installed'));
  const others = await chooseOwnCiphers({ native: nowhere });
  expect([...others.preference].sort()).toEqual([AES, CHACHA]);
});
