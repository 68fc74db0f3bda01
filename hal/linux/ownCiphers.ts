/**
 * The ciphers of this machine: libcrypto's, and others only where it has none or was refused.
 *
 * The others are not loaded before: node:crypto draws in streams, the portable AES has large tables, together four
 * megabytes of a thread. Both make an object a packet, which libcrypto does not; they were never the faster ones.
 *
 * @module
 */
import type { CipherSuite } from '../../session/channel/aead.ts';
import {
  bestOf,
  type ChosenCiphers,
  type CipherCandidate,
  type CipherProvider,
  chooseCiphers,
  SUITES,
  tryAll,
} from './cipherChoice.ts';
import { type Libcrypto, libcrypto } from './libcrypto.ts';
import { libcryptoCiphers } from './libcryptoKey.ts';

export interface OwnCiphers {
  /** The only suite to offer or accept; where it cannot be had, ChaCha20-Poly1305. */
  readonly wanted?: CipherSuite | 'auto';
  /** Others than this machine's, for tests. */
  readonly native?: readonly CipherCandidate[];
  readonly loadOthers?: () => Promise<readonly CipherCandidate[]>;
}

/** In the order in which they are tried. Bun's node:crypto has no ChaCha20-Poly1305. */
const OTHERS = {
  'aes-256-gcm': ['node:crypto', 'noble'],
  'chacha20-poly1305': ['noble'],
} as const satisfies Record<CipherSuite, readonly CipherProvider[]>;

export async function chooseOwnCiphers(options: OwnCiphers = {}): Promise<ChosenCiphers> {
  const { wanted = 'auto', native = nativeCandidates(), loadOthers = loadOwnOthers } = options;
  const trial = tryAll({ candidates: native });
  const isComplete = SUITES.every((suite) => trial.proven.some((each) => each.suite === suite));
  if (!isComplete)
    return chooseCiphers({ wanted, candidates: [...native, ...(await loadOthers())] });
  const untried = SUITES.flatMap((suite) =>
    OTHERS[suite].map((provider) => ({ suite, provider, nsPerPacket: null, refused: null })),
  );
  const report = [...trial.report, ...untried];
  return bestOf({ proven: trial.proven, report }, wanted);
}

function nativeCandidates(): readonly CipherCandidate[] {
  const opened = libcrypto();
  return SUITES.map((suite) => ({
    suite,
    provider: 'libcrypto',
    ciphers: opened.ok ? ciphersOf(opened.value, suite) : opened.reason,
  }));
}

const ciphersOf = (library: Libcrypto, suite: CipherSuite) =>
  library.cipherOf(suite) === null
    ? `${library.version} has no ${suite}`
    : libcryptoCiphers(library);

async function loadOwnOthers(): Promise<readonly CipherCandidate[]> {
  const [{ nodeCiphers }, { nobleCiphers }] = await Promise.all([
    import('./ciphers.ts'),
    import('../../session/channel/noble.ts'),
  ]);
  return SUITES.flatMap((suite) =>
    OTHERS[suite].map((provider) => ({
      suite,
      provider,
      ciphers: provider === 'noble' ? nobleCiphers : nodeCiphers,
    })),
  );
}
