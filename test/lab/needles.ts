/**
 * Looks for secrets in whatever was put out: as raw bytes, in every usual spelling, and by their first eight bytes alone.
 *
 * Finds nothing in what was transformed otherwise (encrypted, compressed, hashed): that is no leak of this kind.
 *
 * @module
 */

/** One way to write a secret. */
interface Needle {
  readonly what: string;
  readonly bytes: Buffer;
}

/** Enough to recognise a key, and far too many to meet by chance. */
const PREFIX_BYTES = 8;

export interface Found {
  /** Which secret, and how it was written. */
  readonly what: string;
  /** In which output. */
  readonly where: string;
}

export class Needles {
  readonly #needles: Needle[] = [];
  readonly #known = new Set<string>();

  /** How many secrets are looked for. */
  get count(): number {
    return this.#known.size;
  }

  /** Bytes of zeros are nobody's secret. */
  add(name: string, secret: Uint8Array): void {
    const key = Buffer.from(secret).toString('hex');
    if (this.#known.has(key) || secret.every((byte) => byte === 0)) return;
    this.#known.add(key);
    // The whole of it begins with its first bytes: whoever finds no prefix finds no whole.
    const prefix = Buffer.from(secret.subarray(0, PREFIX_BYTES));
    for (const [form, bytes] of spellings(prefix)) {
      this.#needles.push({ what: `${name} (${form})`, bytes });
    }
  }

  /** A text that is one: a password. */
  addText(name: string, text: string): void {
    this.#known.add(text);
    this.#needles.push({ what: `${name} (text)`, bytes: Buffer.from(text) });
    const encoded = Buffer.from(text).toString('base64').replace(/=+$/, '');
    this.#needles.push({ what: `${name} (base64)`, bytes: Buffer.from(encoded) });
  }

  find(where: string, output: string | Uint8Array): readonly Found[] {
    const bytes = typeof output === 'string' ? Buffer.from(output) : Buffer.from(output);
    return this.#needles
      .filter((needle) => bytes.includes(needle.bytes))
      .map(({ what }) => ({ what, where }));
  }
}

/** Each long enough not to be met by chance: eight bytes, or the characters that they alone decide. */
function spellings(bytes: Buffer): readonly (readonly [form: string, bytes: Buffer])[] {
  const hex = bytes.toString('hex');
  const text = (form: string, written: string) => [form, Buffer.from(written)] as const;
  const base64 = [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // The characters that no byte before or after has a part in.
    const inner = padded.slice(
      Math.ceil((shift * 8) / 6),
      Math.floor(((shift + bytes.length) * 8) / 6),
    );
    const url = inner.replaceAll('+', '-').replaceAll('/', '_');
    return [text(`base64 at ${shift}`, inner), text(`base64url at ${shift}`, url)];
  });
  return [
    ['raw', bytes],
    text('hex', hex),
    text('HEX', hex.toUpperCase()),
    text('hex with colons', hex.replace(/..(?!$)/g, '$&:')),
    text('a list', [...bytes].join(',')),
    text('a spaced list', [...bytes].join(', ')),
    text('an object', [...bytes].map((byte, at) => `"${at}":${byte}`).join(',')),
    ...base64,
  ];
}
