/**
 * The claim world: how a binding changes hands between links, restarts and copies.
 *
 * @module
 */
import type { Move, World } from '../explorer.ts';
import { giveUp, movesOf, passTime, setLink } from './moves.ts';
import { Parts } from './parts.ts';
import { boot, written } from './process.ts';
import { Scene } from './scene.ts';
import type { Budget, Process, State } from './state.ts';
import { answer, write } from './swaps.ts';

/** Births, retries and the ten minutes after a conflict included. */
const HEAL_STEPS_MAX = 600;

export class ClaimWorld implements World<State> {
  readonly name = 'claim';
  readonly about: readonly string[];
  readonly #parts = new Parts();
  readonly #start: State;
  readonly #isLeased: boolean;
  readonly #turnsMax: number;

  constructor(budget: Budget, hubs: 1 | 2) {
    this.#isLeased = hubs === 2;
    // The copy may win once; each restart of the original is another chance for it, and each is won back.
    this.#turnsMax = 2 + 2 * budget.crashes;
    const { deaths, crashes, hubCrashes, unknowns, clones, probes } = budget;
    this.about = [
      `one device core on two transports, attached on the first; ${hubs} real hub seat${hubs === 1 ? '' : 's, one at each transport, with leases'}`,
      `at most ${deaths} carrier losses, ${crashes} device crashes, ${hubCrashes} hub crashes, ${unknowns} unknown outcomes, ${clones} copies, ${probes} probes`,
      'frames and swaps overtake each other and wait without bound; of each direction the newest three frames are under way',
    ];
    this.#start = this.#begin(budget, hubs);
  }

  start(): State {
    return this.#start;
  }

  moves(state: State): Move<State>[] {
    return movesOf(this.#parts, state, this.#isLeased);
  }

  numberOf(state: State): number {
    return this.#parts.stateNumber(state);
  }

  violation(_before: State, after: State): string | null {
    const scene = new Scene(this.#parts, after, this.#isLeased);
    const { record, turns } = scene.store;
    const senders = scene.hubs.filter(({ seat }) => seat !== null && seat.route !== null);
    if (senders.length > 1) return 'I6: two hubs send';
    for (const { seat } of senders) {
      const isAstray = seat?.route?.transportId !== record?.transportId;
      if (seat?.swap === null && isAstray) return 'I1: a hub sends elsewhere than the record says';
      if (seat?.swap === null && record?.terminated !== null) return 'I1: a hub sends for the dead';
    }
    if (turns > this.#turnsMax) return `fight: original and copy took turns ${turns} times`;
    return originalWins(scene.processes);
  }

  /**
   * The device comes back, and both ends agree where it is. ◆ With a copy about as well, if the original has not died and its
   * session not ended; else the first to attach wins, and that may be the copy.
   */
  heal(state: State): string | null {
    const { life, device } = this.#parts.processes.at(state.processes[0]!);
    const isHolder = life === 1 && (device?.state === 'ATTACHED' || device?.state === 'RECOVERING');
    const scene = new Scene(this.#parts, state, this.#isLeased);
    const isEnding = scene.hubs.some(({ seat }) => seat !== null && seat.ending !== null);
    const isLive = scene.store.record?.terminated === null && !isEnding;
    if (state.processes.length > 1 && !(isHolder && isLive)) return null;
    for (let steps = 0; steps < HEAL_STEPS_MAX; steps++) {
      if (isWell(scene)) return null;
      advance(scene);
    }
    return 'liveness: the device does not come back';
  }

  #begin(budget: Budget, hubs: 1 | 2): State {
    const parts = this.#parts;
    const process: Process = {
      name: 'd',
      life: 0,
      device: null,
      flash: null,
      links: [true, true],
      channels: 0,
      usedVersion: 0,
    };
    const hub = parts.hubs.add({ life: 0, seat: null, channels: [] });
    const empty: State = {
      processes: [parts.processes.add(process)],
      hubs: hubs === 1 ? [hub] : [hub, hub],
      store: parts.stores.add({ record: null, author: null, turns: 0 }),
      net: parts.nets.add([]),
      budget: parts.budgets.add(budget),
    };
    const scene = new Scene(parts, empty, this.#isLeased);
    for (let steps = 0; !isWell(scene) || scene.messages.length > 0; steps++) {
      if (steps > HEAL_STEPS_MAX) throw new Error('the device does not attach');
      advance(scene);
    }
    return scene.done();
  }
}

/** ◆ A process that was attached and never died is never told that it is the copy. */
function originalWins(processes: readonly Process[]): string | null {
  const original = processes[0];
  if (original?.life !== 1 || original.device?.terminated !== 'identity_conflict') return null;
  return 'clone: the original, which never died, is refused as a copy';
}

function isWell({ processes: [process], hubs }: Scene): boolean {
  const device = process?.device ?? null;
  if (device === null || device.state !== 'ATTACHED' || device.activeId === null) return false;
  return hubs.some(({ seat }) => seat?.route?.transportId === device.activeId);
}

/** The most ordinary next thing: repairs, then writes, then messages in order, then time. */
function advance(scene: Scene): void {
  const [process] = scene.processes;
  const down = scene.hubs.findIndex(({ seat }) => seat === null);
  if (down >= 0) return scene.startHub(down);
  if (process === undefined) return;
  if (process.device === null) return scene.take(0, boot(process));
  const writer = scene.processes.findIndex(({ device }) => device?.writing != null);
  if (writer >= 0) return scene.take(writer, written(scene.processes[writer]!));
  const dead = process.links.indexOf(false);
  if (dead >= 0) return setLink(scene, 0, dead, true);
  const [message] = scene.messages;
  if (message === undefined) {
    // A hub that forgot the channel answers no PROBE: the device would find out.
    const { activeId, state } = process.device;
    if (state === 'ATTACHED' && activeId !== null) return giveUp(scene, 0, activeId);
    return passTime(scene);
  }
  if (message.kind !== 'swap') return scene.deliver(message);
  scene.messages = scene.messages.slice(1);
  const isMatch = write(scene, message);
  answer(scene, message, isMatch ? 'committed' : 'mismatch');
}
