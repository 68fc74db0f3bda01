import { expect, test } from 'bun:test';
import { figuresOf } from '../../../lab/bench/figures.ts';
import { roundText, tableOf } from '../../../lab/bench/table.ts';
import { RUN, roundAt } from './sample.ts';

test('the whole table', () => {
  expect(tableOf(figuresOf(RUN)).join('\n')).toMatchInlineSnapshot(`
    "Mbit/s: median (min–max)             TCP 1 up           TCP 1 down             TCP 4 up           TCP 4 down  CPU s/GB  udp64 kpps  udp200 kpps  ping ms  loaded p50/p99/max  RSS MiB  anon MiB  GC max ms   MTU
    none                      10000 (10000–10000)  20000 (20000–20000)  30000 (30000–30000)  40000 (40000–40000)         –        20.0         15.0     0.30       4.0/15.0/20.0        –         –          –  1380
    jvpn                            300 (200–500)       600 (400–1000)       900 (600–1500)      1200 (800–2000)   2.0+3.0        20.0         15.0     0.30       4.0/15.0/20.0   90+100     40+50    1.5+2.0  1380
    wireguard_go                     100 (50–250)        200 (100–500)        300 (150–750)       400 (200–1000)   2.0+3.0        20.0         15.0     0.30       4.0/15.0/20.0   90+100     40+50    1.5+2.0  1380
    openvpn                         250 (100–600)       500 (200–1200)       750 (300–1800)      1000 (400–2400)   2.0+3.0        20.0         15.0     0.30       4.0/15.0/20.0   90+100     40+50    1.5+2.0  1380

    jvpn is 3.00× wireguard-go, 2.00× OpenVPN, – itself without a cipher (one TCP flow up, median of the rounds' ratios)
    CPU, RSS, anon and GC: device + hub. CPU s/GB: of the tunnel processes during TCP 1 up. GC: longest pause of any thread.
    none: aes-256-gcm; jvpn 0.1.0
    jvpn: aes-256-gcm; jvpn 0.1.0
    wireguard_go: aes-256-gcm; jvpn 0.1.0
    openvpn: aes-256-gcm; jvpn 0.1.0
    jvpn_nocipher: absent, no source names it
    3 rounds of 4 s flows; cpu Test <CPU> & Co, cores 2, commit abcdef012345"
  `);
});

test('what may not be published says so, last', () => {
  const lines = tableOf(figuresOf({ ...RUN, obstacles: ['a quick look', 'busy'] }));
  expect(lines.at(-1)).toBe('NOT PUBLISHABLE: a quick look; busy');
});

test('a round on one line, with and without small packets', () => {
  expect(roundText(roundAt(250))).toBe(
    '   250   500   750  1000 Mbit/s, 20.0 and 15.0 kpps, loaded p99 15 ms',
  );
  expect(roundText(roundAt(250, { udp64Pps: null, udp200Pps: null }))).toBe(
    '   250   500   750  1000 Mbit/s, loaded p99 15 ms',
  );
});
