/**
 * `bench throughput`: every contender over the same cable, one at a time, round after round, so that a machine that
 * gets slower meanwhile is slower for all of them.
 *
 * @module
 */
import type { Arguments } from './arguments.ts';
import { obstaclesOf } from './arguments.ts';
import { bareCable } from './bare.ts';
import type { Cable } from './cable.ts';
import { Absent, type Contender, type Tunnel } from './contender.ts';
import { type Figures, figuresOf } from './figures.ts';
import { noCipherBinary, startJvpn } from './jvpn.ts';
import { machineOf } from './machine.ts';
import { type Lengths, measure, type Round } from './measure.ts';
import { startOpenvpn } from './openvpn.ts';
import { roundText } from './table.ts';
import { startWireguardGo } from './wireguardGo.ts';

/** The search for the packet rate takes as long as all flows: some rounds are enough for its median. */
const PACKET_ROUNDS = 3;
/** From an error of the whole rate to 6 % of it. */
const PACKET_STEPS = 4;
const PACKET_STEPS_QUICK = 1;
const WARMUP_SECONDS = 1;

type Say = (line: string) => void;

export async function throughput(net: Cable, given: Arguments, say: Say): Promise<Figures> {
  const version = (await net.exec('device', [given.binary, '--version'])).stdout.trim();
  const machine = machineOf(version, new Date());
  const measured: Partial<Record<Contender, Round[]>> = Object.fromEntries(
    given.only.map((name) => [name, []]),
  );
  const absent: Partial<Record<Contender, string>> = {};
  for (let round = 0; round < given.rounds; round += 1) {
    for (const name of given.only) {
      // The bare cable is an upper bound, and does not change.
      if (absent[name] !== undefined || (name === 'none' && round > 0)) continue;
      try {
        await using tunnel = await start(net, name, given.binary);
        const figures = await measure(net, tunnel, lengthsOf(given, round));
        measured[name]?.push(figures);
        say(`round ${round + 1}/${given.rounds}  ${name.padEnd(14)}${roundText(figures)}`);
      } catch (error) {
        if (!(error instanceof Absent)) throw new Error(`${name}: ${error}`, { cause: error });
        absent[name] = error.message;
        say(`round ${round + 1}/${given.rounds}  ${name.padEnd(14)} absent: ${error.message}`);
      }
    }
  }
  const { commit, load_before: load } = machine;
  const obstacles = obstaclesOf(given, { commit, load });
  const { rounds, seconds } = given;
  return figuresOf({ machine, rounds, seconds, obstacles, measured, absent });
}

async function start(net: Cable, name: Contender, binary: string): Promise<Tunnel> {
  switch (name) {
    case 'none':
      return bareCable();
    case 'jvpn':
      return startJvpn(net, { binary });
    case 'jvpn_chacha':
      return startJvpn(net, { binary, dataCipher: 'chacha20-poly1305' });
    case 'jvpn_nocipher':
      return startJvpn(net, { binary: noCipherBinary() });
    case 'wireguard_go':
      return startWireguardGo(net);
    case 'openvpn':
      return startOpenvpn(net);
  }
}

function lengthsOf({ seconds, isQuick }: Arguments, round: number): Lengths {
  const steps = isQuick ? PACKET_STEPS_QUICK : PACKET_STEPS;
  return {
    seconds,
    warmupSeconds: isQuick ? 0 : WARMUP_SECONDS,
    packetSteps: round < PACKET_ROUNDS ? steps : null,
  };
}
