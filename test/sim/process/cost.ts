/**
 * What the processes cost: CPU of an attached idle device and its hub for a simulated minute, of one with
 * traffic, of a handshake alone, and of restarts with everything up to ATTACHED. For the eyes, no test.
 *
 * ```text
 *   bun test/sim/process/cost.ts [fast|real] [rounds]
 * ```
 *
 * @module
 */
import { NO_PSK, newIdentity } from '../../../session/channel/identity.ts';
import { consumeInitiation, createInitiation } from '../../../session/channel/initiation.ts';
import { consumeResponse, createResponse } from '../../../session/channel/response.ts';
import { timestampOf } from '../../../session/channel/timestamp.ts';
import { fastPrimitives, realPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

const WARM_ROUNDS = 3;
const PACKETS_PER_SECOND = 10;
const RESTARTS = 20;
const HANDSHAKES = 50;

const primitives = process.argv[2] === 'real' ? realPrimitives : fastPrimitives;
const rounds = Number(process.argv[3] ?? 8);
const spentMs = new Map<string, number>();

function measured(what: string, round: number, work: () => void): void {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  if (round >= WARM_ROUNDS) spentMs.set(what, (spentMs.get(what) ?? 0) + (user + system) / 1_000);
}

const { dh } = primitives;
const [here, there] = [1, 2].map((byte) => newIdentity(new Uint8Array(32).fill(byte), dh));

/** Both messages, both ends. */
function handshake(at: number): void {
  const shared = { psk: NO_PSK, cookie: null, senderIndex: at, dh };
  const created = createInitiation({
    ...shared,
    identity: here!,
    remoteStatic: there!.publicKey,
    ephemeralPrivate: new Uint8Array(32).fill(at),
    timestamp: timestampOf(Date.UTC(2026, 0, 1) + at * 100),
  });
  if (!created.ok) throw new Error(created.code);
  const { message, pending } = created.value;
  const consumed = consumeInitiation(message, { identity: there!, dh });
  if (!consumed.ok) throw new Error(consumed.code);
  const ephemeralPrivate = new Uint8Array(32).fill(at + 1);
  const response = createResponse(consumed.value, { ...shared, ephemeralPrivate });
  const done = consumeResponse(response.message, pending, { identity: here!, dh });
  if (!done.ok) throw new Error(done.code);
}

for (let round = 0; round < WARM_ROUNDS + rounds; round++) {
  const rig = new Rig(primitives, 1, round);
  measured(`${HANDSHAKES} handshakes, both ends`, round, () => {
    for (let at = 1; at <= HANDSHAKES; at++) handshake(at);
  });
  measured('first boot of both and attach', round, () => {
    rig.boot();
    rig.runUntil(() => rig.isAttached, 5_000);
  });
  measured('idle minute', round, () => rig.run(60_000));
  measured(`minute with ${PACKETS_PER_SECOND} packets a second each way`, round, () => {
    for (let second = 0; second < 60; second++) {
      for (let at = 0; at < PACKETS_PER_SECOND; at++) {
        rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, at));
        rig.fromHub(packet(HUB_INNER, DEVICE_INNER, at));
        rig.run(1_000 / PACKETS_PER_SECOND);
      }
      rig.hubTun.takeDelivered();
      rig.agentTun.takeDelivered();
    }
  });
  measured(`${RESTARTS} restarts of the agent, each to attached`, round, () => {
    for (let at = 0; at < RESTARTS; at++) {
      rig.agent.crash();
      rig.agent.boot();
      rig.runUntil(() => rig.isAttached, 30_000);
    }
  });
  measured(`${RESTARTS} restarts of the hub, each to attached`, round, () => {
    for (let at = 0; at < RESTARTS; at++) {
      rig.hub.crash();
      rig.hub.boot();
      rig.runUntil(() => rig.isAttached, 30_000);
    }
  });
}

console.log(`${primitives.name}, Bun ${Bun.version}, mean of ${rounds}, CPU of both processes:`);
for (const [what, ms] of spentMs)
  console.log(`  ${(ms / rounds).toFixed(2).padStart(8)} ms  ${what}`);
