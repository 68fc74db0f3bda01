/**
 * Case 7: clients of the control socket that never ask, ask by the byte, never stop asking, or never read.
 *
 * Who may open the socket is the file system's to say, so this is a broken or hostile program of the same user. The
 * daemon's packets have to go on, honest clients have to be answered, descriptors and memory stay bounded, and who is cut
 * is counted with a reason.
 *
 * @module
 */
import { askControl } from '../../../hal/linux/controlClient.ts';
import { type Arena, DEVICE } from './arena.ts';
import { type AgentStatus, ask, grown, type HubStatus, useOf } from './gauge.ts';
import { type Attack, during, type Outcome } from './outcome.ts';

/** Clients at once, and what may come and go meanwhile; see `CLIENTS_MAX`. */
const DESCRIPTORS_MAX = 80;
const SILENT = 200;
const SLOW = 40;
const ENDLESS = 20;
const DEAF = 20;
const GREEDY = 10;
const NONSENSE = 10;
const SLOW_EVERY_MS = 200;
/** An honest client waits this long. A busy machine is slow, a starved client never gets an answer. */
const HONEST_MS = 5_000;

type End = 'hub' | 'agent';

export async function controlFlood(arena: Arena, end: End, seconds: number): Promise<Outcome> {
  const name = end === 'hub' ? 'hub' : DEVICE;
  const path = arena.site.path(`${name}.sock`);
  const pid = end === 'hub' ? arena.hub.pid : arena.agent.pid;
  return during(
    arena,
    `control socket of the ${end}`,
    async () => {
      const before = await countersOf(arena, name);
      const atRest = useOf(pid).descriptors;
      const crowd = new Crowd(path);
      let most = 0;
      let asked = 0;
      let refused = 0;
      const untilMs = performance.now() + seconds * 1_000;
      while (performance.now() < untilMs) {
        crowd.fill();
        most = Math.max(most, useOf(pid).descriptors);
        asked += 1;
        const answer = await askControl(path, { method: 'status' }, HONEST_MS);
        if (!answer.ok) refused += 1;
        most = Math.max(most, useOf(pid).descriptors);
        await Bun.sleep(50); // pace of the honest client
      }
      crowd.close();
      const counted = grown(before, await countersOf(arena, name));
      const opened = crowd.openedCount;
      const cut = Object.values(counted).reduce((sum, count) => sum + count, 0);
      return {
        sent: opened,
        countedAs: Object.fromEntries(
          Object.entries(counted).map(([code, count]) => [`control ${code}`, count]),
        ),
        notes: [
          `${asked} honest questions, ${refused} not answered; ${atRest} descriptors at rest, ${most} at most`,
        ],
        faults: [
          ...(refused === 0 ? [] : [`${refused} of ${asked} honest clients got no answer`]),
          ...(most - atRest <= DESCRIPTORS_MAX ? [] : [`${most - atRest} descriptors more`]),
          ...(cut > 0 ? [] : ['nobody was cut, or it was not counted']),
        ],
      } satisfies Attack;
    },
    { isAllCounted: false },
  );
}

async function countersOf(arena: Arena, name: string): Promise<Readonly<Record<string, number>>> {
  const status = await ask<HubStatus | AgentStatus>(arena.site, name);
  return status.control ?? {};
}

type Kind = 'silent' | 'slow' | 'endless' | 'deaf' | 'greedy' | 'nonsense';

/** Keeps so many bad clients of each kind open; those that are cut come again. */
class Crowd {
  openedCount = 0;
  readonly #path: string;
  readonly #open = new Map<Bun.Socket, Kind>();
  readonly #opening: Record<Kind, number> = {
    silent: 0,
    slow: 0,
    endless: 0,
    deaf: 0,
    greedy: 0,
    nonsense: 0,
  };
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
    this.#timer = setInterval(() => this.#push(), SLOW_EVERY_MS);
  }

  fill(): void {
    const wanted: Record<Kind, number> = {
      silent: SILENT,
      slow: SLOW,
      endless: ENDLESS,
      deaf: DEAF,
      greedy: GREEDY,
      nonsense: NONSENSE,
    };
    for (const [kind, count] of Object.entries(wanted) as [Kind, number][]) {
      const there = [...this.#open.values()].filter((each) => each === kind).length;
      for (let at = there + this.#opening[kind]; at < count; at += 1) this.#add(kind);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const socket of this.#open.keys()) socket.terminate();
    this.#open.clear();
  }

  #add(kind: Kind): void {
    this.#opening[kind] += 1;
    Bun.connect({
      unix: this.#path,
      socket: {
        open: (socket) => {
          this.#opening[kind] -= 1;
          if (this.#isClosed) return socket.terminate();
          this.openedCount += 1;
          this.#open.set(socket, kind);
          // What it is told it does not read: the kernel's buffer fills up.
          if (kind === 'deaf') socket.pause();
          this.#say(socket, kind);
        },
        data: (socket, chunk) => {
          // Another question for every answer, without a pause.
          if (kind === 'greedy' && chunk.includes(0x0a)) this.#say(socket, kind);
        },
        drain: (socket) => this.#say(socket, kind),
        close: (socket) => void this.#open.delete(socket),
        error: (socket) => void this.#open.delete(socket),
      },
    }).catch(() => {
      this.#opening[kind] -= 1;
    });
  }

  #push(): void {
    for (const [socket, kind] of this.#open) if (kind !== 'greedy') this.#say(socket, kind);
  }

  #say(socket: Bun.Socket, kind: Kind): void {
    if (kind === 'greedy') socket.write('{"method":"status"}\n');
    if (kind === 'nonsense') socket.write('\n'.repeat(16_384));
    if (kind === 'slow') socket.write('{');
    if (kind === 'endless') socket.write('x'.repeat(16_384));
    if (kind === 'deaf') socket.write('{"method":"events"}\n'.repeat(200));
  }
}
