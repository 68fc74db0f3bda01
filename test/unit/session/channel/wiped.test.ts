/**
 * Goal: no secret of a handshake is left readable when the handshake and its keypair are over, whether it succeeded or not.
 *
 * Method: a program with a recorder in the source of the KDF and around X25519, so that chaining keys, cipher keys, shared
 * secrets and ephemeral keys are seen by reference. The mutations take one wiping away and must be seen.
 */
import { expect, test } from 'bun:test';
import { changedSource, type SourceChange } from '../../../lab/changeSource.ts';

const RECORDER: SourceChange = {
  file: 'session/noise/kdf.ts',
  from: 'hmac(blake2s, key, message);',
  to: `{
  const output = hmac(blake2s, key, message);
  ((globalThis as { made?: Uint8Array[] }).made ??= []).push(output);
  return output;
};`,
};

interface Outcome {
  readonly count: number;
  readonly left: number;
  /** How the two that are not authentic ended. */
  readonly refused: readonly string[];
}

function left(...changes: readonly SourceChange[]): Outcome {
  const program = Bun.fileURLToPath(new URL('./wipedProgram.ts', import.meta.url));
  const env = { ...process.env, ...changedSource([RECORDER, ...changes]) };
  const run = Bun.spawnSync([process.execPath, program], { env });
  expect(run.stderr.toString()).toBe('');
  return JSON.parse(run.stdout.toString());
}

test('nothing is left of any handshake', () => {
  const outcome = left();
  expect(outcome.count).toBeGreaterThan(60);
  expect(outcome.left).toBe(0);
  expect(outcome.refused).toEqual(['authenticationFailed', 'authenticationFailed']);
});

const SYMMETRIC = 'session/noise/symmetric.ts';
const IKPSK2 = 'session/noise/ikpsk2.ts';

// biome-ignore format: this is a table
const MUTATIONS: readonly (readonly [what: string, change: SourceChange])[] = [
  ['an old chaining key',         { file: SYMMETRIC, from: '    this.#chainingKey.fill(0);\n    this.#chainingKey = chainingKey;', to: '    this.#chainingKey = chainingKey;' }],
  ['a cipher key never used',     { file: SYMMETRIC, from: '    this.#key?.fill(0);\n    this.#key = key;', to: '    this.#key = key;' }],
  ['a refused initiation',        { file: IKPSK2, from: "    symmetric.wipe();\n    return fail(error);\n  };\n  const remoteEphemeral = message.slice(0, KEY_BYTES);\n  symmetric.mixEphemeral(remoteEphemeral);\n\n  const es", to: "    return fail(error);\n  };\n  const remoteEphemeral = message.slice(0, KEY_BYTES);\n  symmetric.mixEphemeral(remoteEphemeral);\n\n  const es" }],
  ['a refused response',          { file: IKPSK2, from: "    symmetric.wipe();\n    return fail(error);\n  };\n  const remoteEphemeral = message.slice(0, KEY_BYTES);\n  symmetric.mixEphemeral(remoteEphemeral);\n\n  const ee", to: "    return fail(error);\n  };\n  const remoteEphemeral = message.slice(0, KEY_BYTES);\n  symmetric.mixEphemeral(remoteEphemeral);\n\n  const ee" }],
  ['a shared secret',             { file: SYMMETRIC, from: '    shared.fill(0);\n', to: '' }],
  ['a cipher key after sealing',  { file: SYMMETRIC, from: '    key.fill(0);\n    this.mixHash(sealed);', to: '    this.mixHash(sealed);' }],
  ['a cipher key after opening',  { file: SYMMETRIC, from: '    } finally {\n      key.fill(0);\n    }', to: '    }' }],
  ['the last chaining key',       { file: 'session/channel/secrets.ts', from: '  symmetric.wipe();\n', to: '' }],
  ['a responder’s ephemeral key', { file: IKPSK2, from: '  ephemeralPrivate.fill(0);\n', to: '' }],
  ['an initiator’s ephemeral key', { file: 'session/channel/initiation.ts', from: '  pending.noise.ephemeralPrivate.fill(0);\n', to: '' }],
  ['an initiation nobody answers', { file: 'session/channel/initiation.ts', from: '  initiation.noise.symmetric.wipe();\n', to: '' }],
];

/** Each starts a process: `SLICE=1` takes each fourth. */
const STRIDE = process.env['SLICE'] === '1' ? 4 : 1;

for (const [what, change] of MUTATIONS.filter((_, at) => at % STRIDE === 0)) {
  test(`it would be seen: ${what}`, () => {
    expect(left(change).left).toBeGreaterThan(0);
  });
}
