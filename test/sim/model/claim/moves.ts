/**
 * All that can happen next in the claim world.
 *
 * A message that is never delivered is lost: no move is forced, and of each direction only the newest few are under way.
 * While a device writes its flash nothing else happens to it; the write is done, or the power goes before.
 *
 * @module
 */
import { nextDeadline } from '../../../../session/device/deadlines.ts';
import { nextDeadline as seatDeadline } from '../../../../session/hub/seat.ts';
import type { Move } from '../explorer.ts';
import type { Parts } from './parts.ts';
import { boot, probing, viewsOf, written } from './process.ts';
import { Scene } from './scene.ts';
import { shifted } from './shift.ts';
import { type Budget, type Message, NOW_MS, type Process, type State } from './state.ts';
import { answer, write } from './swaps.ts';

/** Deadlines beyond the pause after an identity conflict are of no claim: nobody waits for them here. */
const FAR_MS = 900_000;

export function movesOf(parts: Parts, state: State, isLeased: boolean): Move<State>[] {
  const budget = parts.budgets.at(state.budget);
  const moves: Move<State>[] = [];
  const add = (label: string, run: (scene: Scene) => void, cost: keyof Budget | null = null) => {
    if (cost !== null && budget[cost] <= 0) return;
    const take = () => {
      const scene = new Scene(parts, state, isLeased);
      run(scene);
      const left = cost === null ? budget : { ...budget, [cost]: budget[cost] - 1 };
      return scene.done(parts.budgets.add(left));
    };
    moves.push({ label, take });
  };

  const processes = state.processes.map((number) => parts.processes.at(number));
  const writer = processes.findIndex(({ device }) => device !== null && device.writing !== null);
  if (writer >= 0) {
    const { name } = processes[writer]!;
    add(`${name}'s flash is written`, (scene) =>
      scene.take(writer, written(scene.processes[writer]!)),
    );
    add(`${name} crashes before its flash is written`, (scene) => crash(scene, writer), 'crashes');
    return moves;
  }

  for (const message of parts.nets.at(state.net)) {
    const text = textOf(message);
    if (message.kind !== 'swap') {
      add(`${text} arrives`, (scene) => scene.deliver(message));
      continue;
    }
    add(`${text} is done`, (scene) => {
      remove(scene, message);
      const isMatch = write(scene, message);
      answer(scene, message, isMatch ? 'committed' : 'mismatch');
    });
    if (message.isOrphan) continue;
    const unknown = (label: string, before: (scene: Scene) => void) =>
      add(
        `${text} ${label}`,
        (scene) => {
          remove(scene, message);
          before(scene);
          answer(scene, message, 'unknown');
        },
        'unknowns',
      );
    unknown('is lost', () => {});
    unknown('is done, the answer is lost', (scene) => write(scene, message));
    unknown('is late', (scene) => {
      scene.messages = [...scene.messages, { ...message, isOrphan: true }];
    });
  }

  for (const [index, process] of processes.entries()) addProcess(add, index, process, processes);
  for (const [index, number] of state.hubs.entries()) {
    const name = `hub ${index === 0 ? 'a' : 'b'}`;
    if (parts.hubs.at(number).seat === null)
      add(`${name} starts`, (scene) => scene.startHub(index));
    else add(`${name} crashes`, (scene) => crashHub(scene, index), 'hubCrashes');
  }
  const scene = new Scene(parts, state, isLeased);
  if (untilMs(scene) !== null) add('time passes to the next deadline', passTime);
  return moves;
}

type Add = (label: string, run: (scene: Scene) => void, cost?: keyof Budget | null) => void;

function addProcess(
  add: Add,
  index: number,
  process: Process,
  processes: readonly Process[],
): void {
  const { name, device, flash, links } = process;
  if (device === null) {
    add(`${name} boots`, (scene) => scene.take(index, boot(scene.processes[index]!)));
  } else {
    add(`${name} crashes`, (scene) => crash(scene, index), 'crashes');
    const { activeId } = device;
    if (activeId !== null)
      add(`${name} gives its binding up`, (scene) => giveUp(scene, index, activeId), 'deaths');
    for (const { transportId, unusable } of device.transports) {
      if (unusable !== null || device.channel === null) continue;
      add(
        `${name} probes transport ${transportId}`,
        (scene) => {
          scene.processes[index] = probing(scene.processes[index]!, transportId);
          scene.tellDevice(index, { kind: 'tick' });
        },
        'probes',
      );
    }
  }
  if (name === 'd') {
    for (const [at, isUp] of links.entries()) {
      const run = (scene: Scene) => setLink(scene, index, at, !isUp);
      if (isUp) add(`transport ${at + 1} loses its carrier`, run, 'deaths');
      else add(`transport ${at + 1} has carrier again`, run);
    }
  }
  if (name === 'd' && flash?.secret != null && processes.length === 1)
    add('a copy of the flash boots', (scene) => bootCopy(scene, index), 'clones');
}

function bootCopy(scene: Scene, original: number): void {
  const { flash, usedVersion } = scene.processes[original]!;
  const copy: Process = {
    name: 'c',
    life: 0,
    device: null,
    flash,
    links: [true, true],
    channels: 0,
    usedVersion: Math.min(usedVersion, flash?.versionCeiling ?? 0),
  };
  scene.processes.push(copy);
  scene.take(1, boot(copy));
}

function crash(scene: Scene, index: number): void {
  const process = scene.processes[index]!;
  scene.processes[index] = { ...process, device: null };
  scene.messages = scene.messages.filter(
    (message) => message.kind !== 'down' || !message.key.startsWith(process.name),
  );
}

function crashHub(scene: Scene, index: number): void {
  const { life } = scene.hubs[index]!;
  scene.hubs[index] = { life, seat: null, channels: [] };
  scene.messages = scene.messages.map((message) =>
    message.kind === 'swap' && message.hub === index ? { ...message, isOrphan: true } : message,
  );
}

export function setLink(scene: Scene, index: number, at: number, isUp: boolean): void {
  const process = scene.processes[index]!;
  const links: [boolean, boolean] = [...process.links];
  links[at] = isUp;
  scene.processes[index] = { ...process, links };
  scene.tellDevice(index, { kind: 'links', links: viewsOf(scene.processes[index]!) });
}

/** As when its PROBEs stay unanswered: here a send fails, which is the same verdict. */
export function giveUp(scene: Scene, index: number, transportId: number): void {
  scene.tellDevice(index, { kind: 'sendFailed', transportId, error: 'ENETUNREACH' });
}

function untilMs(scene: Scene): number | null {
  const due = [
    ...scene.processes.map(({ device }) => (device === null ? null : nextDeadline(device))),
    ...scene.hubs.map(({ seat }) => (seat === null ? null : seatDeadline(seat))),
  ].filter((atMs) => atMs !== null);
  const ms = Math.max(0, Math.min(...due) - NOW_MS);
  return ms > FAR_MS ? null : ms;
}

/** All clocks go on alike; whose deadline it is acts. */
export function passTime(scene: Scene): void {
  const ms = untilMs(scene);
  if (ms === null) return;
  for (const [index, process] of scene.processes.entries()) {
    scene.processes[index] = { ...process, device: shifted(process.device, ms) };
  }
  for (const [index, hub] of scene.hubs.entries()) {
    scene.hubs[index] = { ...hub, seat: shifted(hub.seat, ms) };
  }
  scene.store = shifted(scene.store, ms);
  scene.messages = shifted(scene.messages, ms);
  for (const [index, { device }] of scene.processes.entries()) {
    const dueAtMs = device === null ? null : nextDeadline(device);
    if (dueAtMs !== null && dueAtMs <= NOW_MS) scene.tellDevice(index, { kind: 'tick' });
    else if (device !== null) {
      const process = scene.processes[index]!;
      scene.processes[index] = { ...process, device: { ...device, nowMs: NOW_MS } };
    }
  }
  for (const [index, { seat }] of scene.hubs.entries()) {
    const dueAtMs = seat === null ? null : seatDeadline(seat);
    if (dueAtMs !== null && dueAtMs <= NOW_MS) scene.tellHub(index, { kind: 'tick' });
    else if (seat !== null)
      scene.hubs[index] = {
        ...scene.hubs[index]!,
        seat: { ...seat, nowMs: NOW_MS, heardAtMs: NOW_MS, endToldAtMs: NOW_MS },
      };
  }
}

function remove(scene: Scene, message: Message): void {
  scene.messages = scene.messages.filter((other) => other !== message);
}

function textOf(message: Message): string {
  const hub = `hub ${message.hub === 0 ? 'a' : 'b'}`;
  if (message.kind === 'swap') {
    const { revision, owner, ownerEpoch, stateVersion, transportId, terminated } = message.record;
    const end = terminated === null ? '' : ` ${terminated}`;
    return `${hub}'s swap (r${revision} owner "${owner}" e${ownerEpoch} v${stateVersion} transport ${transportId}${end})`;
  }
  const { frame, key, transportId } = message;
  const claim = 'claim' in frame && frame.claim !== null ? ` v${frame.claim.stateVersion}` : '';
  const what = frame.type === 'reject' ? `${frame.type} ${frame.reasonCode}` : frame.type;
  const way = message.kind === 'up' ? `${key} to ${hub}` : `${hub} to ${key}`;
  return `${what}${claim} (${way}, transport ${transportId})`;
}
