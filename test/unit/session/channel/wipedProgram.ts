/**
 * Handshakes that succeed and that fail, while everything they make is recorded by reference; at the end one JSON line:
 * how many secrets there were, and how many of them are still readable.
 *
 * Runs with the recorder of `wiped.test.ts` in the source of `session/noise/kdf.ts`.
 *
 * @module
 */
import { consumeInitiation, wipeConsumed } from '../../../../session/channel/initiation.ts';
import { macKeysOf, writeMacs } from '../../../../session/channel/macs.ts';
import { consumeResponse, createResponse } from '../../../../session/channel/response.ts';
import { wipeSecrets } from '../../../../session/channel/secrets.ts';
import { SessionKeypair } from '../../../../session/channel/sessionKeypair.ts';
import { ciphers, dh, initiate, must, newEnds } from './twoEnds.ts';

type Recorder = typeof globalThis & { made?: Uint8Array[] };

const recorder = globalThis as Recorder;
const made = recorder.made ?? [];
recorder.made = made;
const recordingDh: typeof dh = (privateKey, publicKey) => {
  const shared = dh(privateKey, publicKey);
  // A multiple of the base point is a public key.
  if (shared !== null && publicKey[0] !== 9) made.push(shared);
  return shared;
};

const ends = newEnds(7);
const { message, pending } = initiate(ends);
const hub = { identity: ends.hub, dh: recordingDh };
const device = { identity: ends.device, dh: recordingDh };
const parts = { psk: ends.psk, senderIndex: 7, cookie: null, dh: recordingDh };

// A stranger's initiation, one that nobody answers, and a response that is not authentic.
const spoiled = message.slice();
spoiled[60] = (spoiled[60] ?? 0) ^ 1;
writeMacs(spoiled, macKeysOf(ends.hub.publicKey), null);
const strange = consumeInitiation(spoiled, hub);
wipeConsumed(must(consumeInitiation(message, hub)));
const ephemerals = [ends.random.bytes(32), ends.random.bytes(32)] as const;
const answer = (ephemeralPrivate: Uint8Array) =>
  createResponse(must(consumeInitiation(message, hub)), { ...parts, ephemeralPrivate });
const wrong = answer(ephemerals[0]);
wipeSecrets(wrong.secrets);
const damaged = wrong.message.slice();
damaged[45] = (damaged[45] ?? 0) ^ 1;
writeMacs(damaged, macKeysOf(ends.device.publicKey), null);
const forged = consumeResponse(damaged, pending, device);
const refused = [strange, forged].map((outcome) => (outcome.ok ? 'taken' : outcome.code));

const right = answer(ephemerals[1]);
const { secrets, remoteIndex } = must(consumeResponse(right.message, pending, device));
const origin = { ciphers, localIndex: 1, remoteIndex, isInitiator: true, createdAtMs: 0 };
const keypair = new SessionKeypair({ ...origin, secrets });
wipeSecrets(secrets);
wipeSecrets(right.secrets);
keypair.enableData('aes-256-gcm');
keypair.close();

const all = [...made, ...ephemerals, pending.noise.ephemeralPrivate];
const left = all.filter((bytes) => bytes.some((byte) => byte !== 0)).length;
console.log(JSON.stringify({ count: all.length, left, refused }));
