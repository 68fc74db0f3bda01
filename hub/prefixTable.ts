/**
 * Prefixes of one address family and their owners: longest first, each length one hash lookup.
 *
 * An address is one or four 32-bit words. Prefixes are kept by a hash of their words, and compared in
 * full, so that nobody gains by choosing addresses: enrolled prefixes are the hub's to give.
 *
 * @module
 */

interface Prefix<Owner> {
  readonly words: Uint32Array;
  readonly owner: Owner;
}

/** All prefixes of one length. */
interface Level<Owner> {
  readonly bits: number;
  readonly masks: Uint32Array;
  readonly byHash: Map<number, Prefix<Owner>[]>;
}

export class PrefixTable<Owner> {
  readonly #wordCount: number;
  /** Longest first. */
  readonly #levels: Level<Owner>[] = [];
  /** The address asked for. */
  readonly #asked: Uint32Array;
  /** The address before it and its owner: packets come in flows. */
  readonly #before: Uint32Array;
  #ownerBefore: Owner | null = null;

  /** @param wordCount 32-bit words of an address: 1 or 4. */
  constructor(wordCount: number) {
    this.#wordCount = wordCount;
    this.#asked = new Uint32Array(wordCount);
    this.#before = new Uint32Array(wordCount);
  }

  /** @param bytes the network's, host bits zero. */
  set(bytes: Uint8Array, bits: number, owner: Owner): void {
    this.#ownerBefore = null;
    const level = this.#level(bits);
    const words = new Uint32Array(this.#wordCount);
    readWords(words, bytes, 0);
    const hash = hashOf(words, level.masks);
    const others = (level.byHash.get(hash) ?? []).filter(
      (prefix) => !isUnder(words, level, prefix),
    );
    level.byHash.set(hash, [...others, { words, owner }]);
  }

  removeAll(owner: Owner): void {
    this.#ownerBefore = null;
    for (const { byHash } of this.#levels) {
      for (const [hash, prefixes] of byHash) {
        const others = prefixes.filter((prefix) => prefix.owner !== owner);
        if (others.length > 0) byHash.set(hash, others);
        else byHash.delete(hash);
      }
    }
  }

  /** Owner of the longest prefix that the address at `at` lies in, or null. Allocates nothing. */
  find(bytes: Uint8Array, at: number): Owner | null {
    const asked = this.#asked;
    readWords(asked, bytes, at);
    if (this.#ownerBefore !== null && isSame(asked, this.#before)) return this.#ownerBefore;
    for (const level of this.#levels) {
      const prefixes = level.byHash.get(hashOf(asked, level.masks));
      if (prefixes === undefined) continue;
      for (const prefix of prefixes) {
        if (!isUnder(asked, level, prefix)) continue;
        for (let word = 0; word < asked.length; word++) this.#before[word] = asked[word]!;
        this.#ownerBefore = prefix.owner;
        return prefix.owner;
      }
    }
    return null;
  }

  #level(bits: number): Level<Owner> {
    const known = this.#levels.find((level) => level.bits === bits);
    if (known !== undefined) return known;
    const masks = new Uint32Array(this.#wordCount);
    for (let word = 0; word < masks.length; word++) {
      const bitsHere = Math.min(32, Math.max(0, bits - word * 32));
      masks[word] = bitsHere === 0 ? 0 : 0xffffffff << (32 - bitsHere);
    }
    const level = { bits, masks, byHash: new Map() };
    this.#levels.push(level);
    this.#levels.sort((a, b) => b.bits - a.bits);
    return level;
  }
}

function readWords(target: Uint32Array, bytes: Uint8Array, at: number): void {
  for (let word = 0; word < target.length; word++) {
    const from = at + word * 4;
    target[word] =
      (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
  }
}

/** Of the masked words (FNV-1a on words). */
function hashOf(words: Uint32Array, masks: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let word = 0; word < words.length; word++) {
    hash = Math.imul(hash ^ (words[word]! & masks[word]!), 0x01000193);
  }
  return hash >>> 0;
}

function isUnder<Owner>(words: Uint32Array, level: Level<Owner>, prefix: Prefix<Owner>): boolean {
  for (let word = 0; word < words.length; word++) {
    if (((words[word]! ^ prefix.words[word]!) & level.masks[word]!) !== 0) return false;
  }
  return true;
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return false;
  return true;
}
