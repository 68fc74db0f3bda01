/**
 * What keys, windows and the way of a packet have to refuse: planted between the seat and the sockets.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

export const CHANNEL_MUTANTS: readonly Mutant[] = [
  {
    id: 'rotation-in-haste',
    file: 'session/device/channels.ts',
    find: '  const leastMs = isCalm(turn) ? CALM_TIMEOUT_MIN_MS : 0;',
    replace: '  const leastMs = isCalm(turn) ? CALM_TIMEOUT_MIN_MS / 50 : 0;',
    breaks: 'Where nobody waits for a new channel ROTATE is repeated after two round trips.',
    invariant: 'liveness',
  },
  {
    id: 'nonce-used-again',
    file: 'session/channel/sendCounter.ts',
    find: "    assert(counter > this.#last, 'a send counter never repeats');\n    this.#last = counter;\n    this.#next = counter + 1;",
    replace: '    this.#last = counter;\n    this.#next = (counter + 1) % 64;',
    breaks: 'A send counter begins again under the same key.',
    invariant: 'I12',
  },
  {
    id: 'replay-window-off',
    file: 'session/replay.ts',
    find: '    return ((word >>> (counter & 31)) & 1) === 1;\n  }\n\n  #slideTo',
    replace: '    return ((word >>> (counter & 31)) & 1) === 2;\n  }\n\n  #slideTo',
    breaks: 'A packet that comes twice is delivered twice.',
    invariant: 'I5',
  },
  {
    id: 'replay-window-forgets',
    file: 'session/replay.ts',
    find: '    for (let i = 0; i < cleared; i++) this.#words',
    replace: '    for (let i = 0; i <= cleared; i++) this.#words',
    breaks: 'Sliding clears one word too many: what came just before it may come again.',
    invariant: 'I5',
  },
  {
    id: 'memory-key-not-checked',
    file: 'session/hub/shown.ts',
    find: '    if (isProven(frame.type, keyOf(record, shown), handshakeHash, what, frame.proof)) return shown;',
    replace:
      "    if (frame.type === 'reattach' || isProven(frame.type, keyOf(record, shown), handshakeHash, what, frame.proof)) return shown;",
    breaks: 'Any proof moves the binding, also that of a process that was displaced.',
    invariant: 'clone',
  },
  {
    id: 'initiation-answered-twice',
    file: 'session/channel/timestamp.ts',
    find: '    if (this.#greatest !== null && compareTimestamps(timestamp, this.#greatest) <= 0) {',
    replace:
      '    if (this.#greatest !== null && compareTimestamps(timestamp, this.#greatest) < -1e9) {',
    breaks: 'A recorded handshake is answered again.',
    invariant: 'I5',
  },
  {
    id: 'foreign-source-forwarded',
    file: 'hub/sessionData.ts',
    find: '    if (routes.source(bytes, PACKET_AT, packetBytes) !== this.#peer)\n',
    replace: '    if (routes.source(bytes, PACKET_AT, packetBytes) === undefined)\n',
    breaks: 'A device sends packets in the name of an address that is not its own.',
    invariant: 'I9',
  },
  {
    id: 'holding-without-bound',
    file: 'session/holding.ts',
    find: '    while (this.#bytes > bytesMax || this.#queue.length > packetsMax) this.#drop();',
    replace:
      '    while (this.#bytes > 1_000 * bytesMax || this.#queue.length > 1_000 * packetsMax) this.#drop();',
    breaks: 'Packets for a session without a binding pile up without a bound.',
    invariant: 'I11',
  },
  {
    id: 'reports-without-bound',
    file: 'agent/mqttQueue.ts',
    find: '    while (this.#bytes + sizeOf(report) > this.#bytesMax) {',
    replace: '    while (this.#bytes + sizeOf(report) > 1_000 * this.#bytesMax) {',
    breaks: 'While the broker is away reports pile up without a bound.',
    invariant: 'I11',
  },
];
