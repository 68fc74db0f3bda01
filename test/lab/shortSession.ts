/**
 * One session through one cut, in a few seconds: the compiled binary attaches, a TCP transfer runs through the tunnel,
 * the cable is pulled, the transfer goes on. Prints one JSON line about what it saw.
 *
 * ```text
 * shortSession.ts --binary FILE
 * {"uid":65534,"sessions":1,"reasonCode":"carrier_lost","transport":"wlan0→…","bytes":…,"intact":true,"connections":1}
 * ```
 *
 * It always goes through a user namespace. Needs nothing but the lab and the binary, so that a copy of both runs anywhere.
 *
 * @module
 */
import { parseFlow } from './flows/command.ts';
import type { TcpSummary } from './flows/tcpSink.ts';
import { SERVER } from './plan.ts';
import { eventually } from './process.ts';
import { ensureLab } from './rootless.ts';
import { auditOf, isAttached, Site, untilAudit } from './site.ts';
import { topology } from './topology.ts';

const ENDPOINT = `${SERVER.v4}:7001`;
/** Two seconds of it: the cut falls into the middle. */
const RATE_MBIT = 8;
const BYTES = 2_000_000;
const START_MS = 5_000;
const FINISH_MS = 30_000;

interface SourceLine {
  readonly event: string;
  readonly bytes: number;
  readonly intact: boolean;
  readonly sink: TcpSummary | null;
}

interface Traffic {
  readonly packets: { readonly sentBytes: number };
}

async function play(binary: string): Promise<Record<string, unknown>> {
  await using net = await topology();
  await using site = new Site(net, { binary });
  await site.hub();
  await site.device('gw');
  const agent = site.agent('gw');
  await untilAudit(agent, 'ATTACHED', isAttached);

  const sink = net.flow('server', 'tcpSink', ['--listen', ENDPOINT]);
  await sink.untilJson<SourceLine>((line) => line.event === 'listening', START_MS);
  const argv = ['--to', ENDPOINT, '--rate-mbit', `${RATE_MBIT}`, '--bytes', `${BYTES}`];
  const source = net.flow('device', 'tcpSource', argv);
  const isUnderWay = async () =>
    (await site.status<Traffic>('device', 'gw')).packets.sentBytes > BYTES / 10;
  await eventually('the transfer is under way', isUnderWay, START_MS);

  const mark = auditOf(agent).length;
  await net.carrier('eth0', 'down');
  const moved = await untilAudit(agent, 'ATTACHED elsewhere', isAttached, FINISH_MS, mark);
  const ended = await source.untilJson<SourceLine>((line) => line.event === 'summary', FINISH_MS);
  const events = auditOf(agent);
  return {
    uid: Number((await Bun.file('/proc/self/uid_map').text()).trim().split(/\s+/)[1]),
    sessions: new Set(events.map((line) => line.session_id)).size,
    reasonCode: events.slice(mark).find((line) => line.to === 'RECOVERING')?.reason_code,
    transport: moved.transport,
    bytes: ended.bytes,
    intact: ended.intact,
    connections: ended.sink?.connections,
  };
}

const { binary } = parseFlow(process.argv.slice(2), { binary: '' });
await ensureLab({ rootless: true });
console.log(JSON.stringify(await play(binary)));
process.exit(0);
