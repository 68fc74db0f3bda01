/**
 * The keys that one handshake yields: WireGuard's own, and those of session peers.
 *
 * All come from chaining key C and transcript hash h of the same handshake. A plain peer uses
 * KDF2(C, "") as WireGuard does. A session peer uses KDF2(C, label ‖ h) with a label for each use,
 * so that no key serves two purposes and data of one cipher says nothing about the other. In each
 * pair the first key is the initiator's sending key.
 *
 * Source: WireGuard whitepaper §5.4.5; docs/protocol.md, "Channel and keys". Vectors:
 * test/vectors/channel.json.
 *
 * @module
 */
import { concatBytes, utf8ToBytes } from '../bytes.ts';
import type { SymmetricState } from '../noise/symmetric.ts';
import type { CipherSuite } from './aead.ts';

const LABEL_CONTROL = utf8ToBytes('jvpn v1 control');
const LABEL_DATA: Record<CipherSuite, Uint8Array> = {
  'aes-256-gcm': utf8ToBytes('jvpn v1 aes-256-gcm data'),
  'chacha20-poly1305': utf8ToBytes('jvpn v1 chacha20-poly1305 data'),
};

/** 32 bytes for each direction, seen from the end that holds them. */
export interface DirectionKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

export interface ChannelSecrets {
  /** For type 4 messages, plain peers only. */
  readonly plain: DirectionKeys;
  /** For type 17. */
  readonly control: DirectionKeys;
  /** For type 16; the ends agree on one suite for a keypair. */
  readonly data: Readonly<Record<CipherSuite, DirectionKeys>>;
  /** 32 bytes, not secret, the same at both ends and different for every handshake. */
  readonly handshakeHash: Uint8Array;
}

/** Derive everything, then wipe the chain: none of it can be derived again. */
export function deriveSecrets(symmetric: SymmetricState, isInitiator: boolean): ChannelSecrets {
  const handshakeHash = symmetric.transcriptHash.slice();
  const pair = (label: Uint8Array): DirectionKeys => {
    const [first, second] = symmetric.split(label);
    return isInitiator ? { send: first, receive: second } : { send: second, receive: first };
  };
  const bound = (label: Uint8Array) => pair(concatBytes(label, handshakeHash));

  const secrets = {
    plain: pair(new Uint8Array(0)),
    control: bound(LABEL_CONTROL),
    data: {
      'aes-256-gcm': bound(LABEL_DATA['aes-256-gcm']),
      'chacha20-poly1305': bound(LABEL_DATA['chacha20-poly1305']),
    },
    handshakeHash,
  };
  symmetric.wipe();
  return secrets;
}

/** Overwrite every key; `handshakeHash` is not secret and stays. */
export function wipeSecrets(secrets: ChannelSecrets): void {
  for (const keys of [secrets.plain, secrets.control, ...Object.values(secrets.data)]) {
    keys.send.fill(0);
    keys.receive.fill(0);
  }
}
