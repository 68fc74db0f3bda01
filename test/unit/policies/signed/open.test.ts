/**
 * Goal: only what a trusted key signed, in the one form there is, gets past `openDocument`; everything else has its reason.
 *
 * Method: documents signed by the library, then taken apart and put together wrong in each way that COSE and CBOR allow.
 */
import { describe, expect, test } from 'bun:test';
import { Decoder } from 'cbor-x';
import { COSE } from '../../../../agent/cose.ts';
import { anchorsOf, keyIdOf, NOT_ROTATED } from '../../../../policies/signed/anchors.ts';
import { type Cbor, encodeCbor } from '../../../../policies/signed/cbor.ts';
import { encodeClaims, targetOfText, targetText } from '../../../../policies/signed/claims.ts';
import { DOCUMENT_BYTES_MAX, DOCUMENT_TYPE } from '../../../../policies/signed/envelope.ts';
import { openDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { Random } from '../../../sim/random.ts';
import { claimsOf, envelope, header, sign, signerOf } from './documents.ts';

const SIGNER = signerOf(1);
const STRANGER = signerOf(2);
const ANCHORS = anchorsOf([SIGNER.publicKey], NOT_ROTATED);
const KEY_ID = keyIdOf(SIGNER.publicKey);
const PAYLOAD = encodeClaims(claimsOf());
const DOCUMENT = sign(SIGNER);

const verdict = (bytes: Uint8Array) => {
  const opened = openDocument(bytes, ANCHORS, COSE);
  return isRefused(opened) ? opened.refused : 'taken';
};

/** The parts of the signed document, as another decoder reads them. */
const parts = (): Cbor[] => {
  const message = new Decoder({ mapsAsObjects: false }).decode(DOCUMENT.subarray(1));
  return message.map((part: unknown) =>
    part instanceof Uint8Array ? Uint8Array.from(part) : part,
  );
};

const with_ = (at: number, part: Cbor) => envelope(parts().with(at, part));

/** What the library signs with these headers and this payload. */
function signedBy(headers: readonly (readonly [number, Cbor])[], payload = PAYLOAD): Uint8Array {
  const [, , , signature] = parts();
  return envelope([header(headers), new Map(), payload, signature ?? null]);
}

test('a document that a trusted key signed is read as it was written', () => {
  const opened = openDocument(DOCUMENT, ANCHORS, COSE);
  expect(opened).toEqual({ ...claimsOf(), bytes: DOCUMENT, signer: SIGNER.keyId });
});

test('putting it together again gives the same bytes', () => {
  expect(envelope(parts())).toEqual(DOCUMENT);
});

describe('the signature', () => {
  test('of a key that is not trusted', () => {
    expect(verdict(sign(STRANGER))).toBe('signer_unknown');
  });

  test('of a stranger who names a trusted key', () => {
    const forged = COSE.sign(PAYLOAD, KEY_ID, STRANGER.privateKey);
    expect(verdict(forged)).toBe('signature_invalid');
  });

  test('over another payload', () => {
    expect(verdict(with_(2, encodeClaims(claimsOf({ version: 3 }))))).toBe('signature_invalid');
  });

  test('with any one bit turned over', () => {
    const random = new Random(3);
    for (let round = 0; round < 40; round++) {
      const bytes = DOCUMENT.slice();
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      expect(verdict(bytes)).not.toBe('taken');
    }
  });

  test('that is missing, or of another length', () => {
    expect(verdict(with_(3, new Uint8Array(0)))).toBe('document_unsigned');
    expect(verdict(with_(3, new Uint8Array(63)))).toBe('document_malformed');
    expect(verdict(with_(3, new Uint8Array(128)))).toBe('document_malformed');
    expect(verdict(with_(3, null))).toBe('document_malformed');
  });

  test('twice: COSE_Sign, or a list of two', () => {
    const [protectedHeader = null, unprotected = null, payload = null, signature = null] = parts();
    const one = [protectedHeader, unprotected, signature];
    const message = encodeCbor([protectedHeader, unprotected, payload, [one, one]]);
    expect(verdict(Uint8Array.from([0xd8, 98, ...message]))).toBe('document_malformed');
    expect(verdict(with_(3, [signature, signature]))).toBe('document_malformed');
    expect(verdict(envelope([...parts(), signature]))).toBe('document_malformed');
  });
});

describe('the headers', () => {
  const ID: readonly [number, Cbor] = [4, KEY_ID];
  const TYPE: readonly [number, Cbor] = [16, DOCUMENT_TYPE];
  // biome-ignore format: this is a table
  const cases: readonly [string, readonly (readonly [number, Cbor])[], string][] = [
    ['no algorithm',              [ID, TYPE],                            'document_unsigned'],
    ['algorithm none',            [[1, null], ID, TYPE],                 'document_unsigned'],
    ['algorithm 0, reserved',     [[1, 0], ID, TYPE],                    'document_unsigned'],
    ['ES256',                     [[1, -7], ID, TYPE],                   'document_unsigned'],
    ['HMAC by the public key',    [[1, 5], ID, TYPE],                    'document_unsigned'],
    ['algorithm as text',         [[1, 'EdDSA'], ID, TYPE],              'document_unsigned'],
    ['a critical header',         [[1, -8], [2, [99]], ID, TYPE],        'document_malformed'],
    ['an unknown header',         [[1, -8], ID, TYPE, [33, 1]],          'document_malformed'],
    ['another type',              [[1, -8], ID, [16, 'text/plain']],     'document_malformed'],
    ['no type',                   [[1, -8], ID],                         'document_malformed'],
    ['no key id',                 [[1, -8], TYPE],                       'document_malformed'],
    ['a key id of another length', [[1, -8], [4, new Uint8Array(9)], TYPE], 'document_malformed'],
    ['changed behind the signature', [[1, -8], [4, keyIdOf(STRANGER.publicKey)], TYPE], 'signer_unknown'],
  ];
  for (const [name, headers, code] of cases) {
    test(name, () => expect(verdict(signedBy(headers))).toBe(code));
  }

  test('an empty protected header', () => {
    expect(verdict(with_(0, new Uint8Array(0)))).toBe('document_unsigned');
  });

  test('anything in the unprotected header', () => {
    expect(verdict(with_(1, new Map([[4, KEY_ID]])))).toBe('document_malformed');
    expect(verdict(with_(1, null))).toBe('document_malformed');
  });
});

describe('the form', () => {
  test('a detached payload', () => {
    expect(verdict(with_(2, null))).toBe('document_malformed');
  });

  test('no tag, another tag, two tags', () => {
    expect(verdict(DOCUMENT.subarray(1))).toBe('document_malformed');
    expect(verdict(Uint8Array.from([0xd1, ...DOCUMENT.subarray(1)]))).toBe('document_malformed');
    expect(verdict(Uint8Array.from([0xd8, 61, ...DOCUMENT]))).toBe('document_malformed');
    expect(verdict(Uint8Array.from([0xd9, 0xd9, 0xf7, ...DOCUMENT]))).toBe('document_malformed');
  });

  test('bytes before, behind, or missing', () => {
    expect(verdict(Uint8Array.from([...DOCUMENT, 0]))).toBe('document_malformed');
    for (let length = 0; length < DOCUMENT.length; length++) {
      expect(verdict(DOCUMENT.subarray(0, length))).toBe('document_malformed');
    }
  });

  test('the same parts in another encoding', () => {
    const [protectedHeader, , payload, signature] = parts() as Uint8Array[];
    const long = [0xd2, 0x98, 4]; // the array's length in two bytes
    const open = [0xd2, 0x9f]; // an array without a length
    const rest = [protectedHeader!, new Map<number, Cbor>(), payload!, signature!].flatMap(
      (part) => [...encodeCbor(part)],
    );
    expect(verdict(Uint8Array.from([0xd2, 0x84, ...rest]))).toBe('taken');
    expect(verdict(Uint8Array.from([...long, ...rest]))).toBe('document_malformed');
    expect(verdict(Uint8Array.from([...open, ...rest, 0xff]))).toBe('document_malformed');
  });

  test('too large, whatever it is', () => {
    expect(verdict(new Uint8Array(DOCUMENT_BYTES_MAX + 1))).toBe('document_too_large');
    expect(verdict(new Uint8Array(DOCUMENT_BYTES_MAX))).toBe('document_malformed');
  });

  test('any bytes: a reason, and never an exception', () => {
    const random = new Random(5);
    for (let round = 0; round < 2_000; round++) {
      const bytes = random.bytes(random.below(200));
      if (random.chance(50)) bytes[0] = 0xd2;
      if (random.chance(50)) bytes[1] = 0x84;
      expect(verdict(bytes)).toBe('document_malformed');
    }
  });
});

describe('what was signed', () => {
  const claims = (change: (map: Map<number, Cbor>) => void) => {
    const map = new Map<number, Cbor>([
      [1, 1],
      [2, 1],
      [3, [3, 'acme']],
      [4, 2],
      [5, 1_000],
      [6, 2_000],
      [7, new Map()],
    ]);
    change(map);
    return COSE.sign(encodeCbor(map), KEY_ID, SIGNER.privateKey);
  };

  test('is taken with claims that may be ignored, and refused with others', () => {
    expect(verdict(claims(() => {}))).toBe('taken');
    expect(verdict(claims((map) => map.set(64, 'news')))).toBe('taken');
    for (const key of [0, 8, 63, -1]) {
      expect(verdict(claims((map) => map.set(key, 1)))).toBe('document_malformed');
    }
  });

  // biome-ignore format: this is a table
  const wrong: readonly [number, Cbor][] = [
    [1, 2], [2, 0], [2, 5], [2, '1'], [3, [4, 'acme']], [3, [3, 'a/b']], [3, [3, '']], [3, [3, 'acme', 1]], [3, 3],
    [3, [3, 'acme', 'acme']], [3, [1, 'kiosk-7']], [3, [2, 'south']], [3, [2, 'acme', 'a/b']], [3, [2, '', 'south']], [3, [2, 'acme', 'south', 'x']],
    [4, 0], [4, -1], [4, '2'], [4, 1.5], [5, -1], [6, 1_000], [6, 999], [6, 1_000 + 366 * 86_400 + 1], [7, []], [7, null],
  ];
  for (const [key, value] of wrong) {
    test(`claim ${key} as ${JSON.stringify(value)}`, () => {
      expect(verdict(claims((map) => map.set(key, value)))).toBe('document_malformed');
    });
  }

  test('is for a target that is read as it is written, and has one text', () => {
    for (const text of ['device:acme/kiosk-7', 'group:acme/south', 'fleet:acme']) {
      const target = targetOfText(text)!;
      const signed = sign(SIGNER, { target });
      const opened = openDocument(signed, ANCHORS, COSE);
      expect([opened, targetText(target)]).toEqual([expect.objectContaining({ target }), text]);
    }
    for (const text of [
      'device:kiosk-7',
      'group:/south',
      'fleet:a/b',
      'hub:acme/h',
      'acme',
      ':',
      'toString:a',
    ]) {
      expect([text, targetOfText(text)]).toEqual([text, null]);
    }
  });

  test('must be all there', () => {
    for (const key of [1, 2, 3, 4, 5, 6, 7]) {
      expect(verdict(claims((map) => map.delete(key)))).toBe('document_malformed');
    }
  });

  test('nested as deep as a policy, and no deeper', () => {
    const nested = (depth: number): Cbor =>
      depth === 0 ? 1 : new Map<string, Cbor>([['x', nested(depth - 1)]]);
    expect(verdict(claims((map) => map.set(7, nested(5))))).toBe('taken');
    expect(verdict(claims((map) => map.set(7, nested(6))))).toBe('document_malformed');
    const bomb = new Uint8Array(4_000).fill(0x81); // arrays of one array
    expect(verdict(COSE.sign(bomb, KEY_ID, SIGNER.privateKey))).toBe('document_malformed');
  });

  test('with a key twice, or out of order', () => {
    const map = (...pairs: number[][]) => Uint8Array.from([0xa0 + pairs.length, ...pairs.flat()]);
    for (const payload of [map([1, 1], [1, 1]), map([2, 1], [1, 1]), map([0x18, 1, 1])]) {
      expect(verdict(COSE.sign(payload, KEY_ID, SIGNER.privateKey))).toBe('document_malformed');
    }
  });
});
