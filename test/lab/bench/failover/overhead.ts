/**
 * What the contenders send that is not payload: bytes of probes and control as IP has them, counted by the kernel at the
 * device, both ways.
 *
 * Of jvpn that is every datagram but those of type 16 (docs/protocol.md), of wireguard-go handshakes, keepalives and the
 * watcher's pings. MPTCP's are options of TCP segments and are not counted.
 *
 * @module
 */
import type { Namespace } from '../../namespace.ts';
import { WIREGUARD_PORT } from './wireguardGo.ts';

const JVPN_PORT = 51820;
const TABLE = 'inet bench';
const COUNTER = 'overhead';

const perPort = (way: 'dport' | 'sport') => `
      udp ${way} ${JVPN_PORT} @th,64,8 != 16 counter name ${COUNTER}
      udp ${way} ${WIREGUARD_PORT} @th,64,8 != 4 counter name ${COUNTER}
      udp ${way} ${WIREGUARD_PORT} @th,64,8 4 udp length 40 counter name ${COUNTER}`;

export async function countOverhead(device: Namespace): Promise<void> {
  await device.nft(`
    table ${TABLE} {
      counter ${COUNTER} { }
      chain out {
        type filter hook output priority filter;
        icmp type { echo-request, echo-reply } counter name ${COUNTER}
        ${perPort('dport')}
      }
      chain inward {
        type filter hook input priority filter;
        icmp type { echo-request, echo-reply } counter name ${COUNTER}
        ${perPort('sport')}
      }
    }`);
}

/** Bytes since the last time it was asked. */
export async function takeOverheadBytes(device: Namespace): Promise<number> {
  const { stdout } = await device.exec([
    'nft',
    '-j',
    'reset',
    'counters',
    'table',
    ...TABLE.split(' '),
  ]);
  const { nftables } = JSON.parse(stdout) as {
    nftables: { counter?: { name: string; bytes: number } }[];
  };
  const bytes = nftables.find(({ counter }) => counter?.name === COUNTER)?.counter?.bytes;
  if (bytes === undefined) throw new Error('nft knows no counter of that name');
  return bytes;
}
