/**
 * Goal: a number in docs/protocol.md or docs/operating.md is the number in the code.
 *
 * Method: each row has a constant as its file writes it, and the words of the page that say so. Whoever changes one is led
 * to the other. Rows for exported tables are in protocol.test.ts.
 */
import { expect, test } from 'bun:test';
import { read } from './pages.ts';

type Row = readonly [file: string, constant: string, words: string];

const PROTOCOL: readonly Row[] = [
  ['session/replay.ts', 'REPLAY_WINDOW = 8192', '8192 counters wide'],
  ['session/channel/sessionKeypair.ts', 'TRANSPORTS_MAX = 32', 'at most 32 ids a keypair'],
  ['session/channel/sessionKeypair.ts', 'TRANSPORTS_REKEY = 24', 'from 24 on'],
  ['session/channel/sendCounter.ts', 'rekeyAfterPackets: 2 ** 27', 'due after 2^27 packets'],
  ['session/channel/sendCounter.ts', 'rejectAfterPackets: 2 ** 28', 'sealed after 2^28'],
  ['session/channel/age.ts', 'idleRekeyAfterMs: 3_600_000', '3,600 s after the handshake'],
  ['session/channel/age.ts', 'idleRejectAfterMs: 3_660_000', '3,660 s after the handshake'],
  ['session/channel/age.ts', 'dataRekeyAfterMs: 120_000', '120 s after that packet'],
  ['session/channel/age.ts', 'dataRejectAfterMs: 180_000', '180 s after that packet'],
  ['session/channel/macs.ts', 'COOKIE_LIFETIME_MS = 120_000', 'behind it live 120 s'],
  ['session/channel/timestamp.ts', 'INITIATION_INTERVAL_MS = 20', 'one in 20 ms'],
  ['session/channel/timestamp.ts', 'WHITENER_MASK = 0xffffff', 'multiples of 2^24'],
  ['session/sealed/ring.ts', 'RESEND_DATAGRAMS_MAX = 4_096', 'the newest 4096'],
  ['session/resend/pacer.ts', 'BUDGET_MS = 250', 'at most 250 ms of the new path'],
  ['session/resend/pacer.ts', 'STEP_DATAGRAMS_MAX = 64', 'at most 64 datagrams in 2 ms'],
  ['session/resend/pacer.ts', 'PACE_MS = 2', 'at most 64 datagrams in 2 ms'],
  ['session/resend/rate.ts', 'ethernet: 100 * MBIT_BYTES', 'ethernet 100,'],
  ['session/resend/rate.ts', 'wifi: 20 * MBIT_BYTES', 'wifi 20,'],
  ['session/resend/rate.ts', 'lte: 8 * MBIT_BYTES', 'others 8 Mbit/s'],
  ['session/resend/rate.ts', 'WINDOW_MS = 100', 'best 100 ms of the last ten minutes'],
  ['session/resend/rate.ts', 'PEAK_MS = 600_000', 'best 100 ms of the last ten minutes'],
  ['session/resend/resending.ts', 'TELLS_MAX = 4', 'says it up to 4 times'],
  ['session/resend/resending.ts', 'AWAIT_MS = 50', 'up to 50 ms for RECEIVED'],
  ['session/resend/resending.ts', 'RECENT_MS = 10_000', 'carried data in the last 10 s'],
  ['session/resend/repeats.ts', 'UNDER_WAY_MS = 1_000', '`resend.max_age_ms` and 1 s'],
  ['session/hub/state.ts', 'EARLIER_MAX = 3', 'the last 3 bindings'],
  ['session/wire/layout.ts', 'FRAME_BYTES_MAX = 1_200', 'at most 1,200 bytes'],
  ['session/wire/cbor.ts', 'DEPTH_MAX = 3', 'at most 3 levels'],
  ['session/wire/field.ts', 'ROUTES_MAX = 16', 'array of at most 16 texts'],
  ['session/wire/field.ts', 'CIPHERS_MAX = 8', 'array of at most 8 numbers'],
  ['session/flash/reservation.ts', 'block: 1_024', '1,024 at a time'],
  ['session/flash/reservation.ts', 'skip: 2_048', '2,048 versions'],
  ['session/flash/reservation.ts', 'skip: 28_800', '8 hours'],
  [
    'session/flash/reservation.ts',
    'TIMESTAMPS: Quota = { block: 14_400',
    'timestamps 4 hours at a time',
  ],
  ['session/flash/reservation.ts', 'VERSIONS: Quota = { block: 1_024', 'in blocks of 1,024'],
  ['session/device/save.ts', 'VERSIONS_KEPT = 16', 'The last 16 of a block'],
  ['session/device/claims.ts', 'REATTACH_PAUSE_MIN_MS = 60', 'at least 60 ms'],
  ['session/device/claims.ts', 'ATTACH_PAUSE_MIN_MS = 400', '400 ms for an ATTACH'],
  ['session/device/claims.ts', 'OWN_CLAIMS_MAX = 8', 'newest 8 of this process'],
  ['session/device/pursue.ts', 'SENDS_BEFORE_HANDSHAKE = 2', 'After 2 sends it shakes hands'],
  ['session/device/pursue.ts', 'SENDS_PER_CANDIDATE = 3', 'after 3 the next candidate'],
  ['session/device/end.ts', 'REOPEN_MIN_MS = 1_000', 'after 1 s, doubled'],
  ['session/device/end.ts', 'REOPEN_MAX_MS = 60_000', 'at most 60 s'],
  ['session/device/end.ts', 'CONFLICT_PAUSE_MS = 600_000', 'it waits 600 s'],
  ['session/device/die.ts', 'PENALTY_MIN_MS = 5_000', 'a penalty of 5 s'],
  ['session/device/die.ts', 'FORGIVEN_AFTER_MS = 600_000', '10 minutes after the penalty'],
  ['session/device/die.ts', 'PROVEN_AFTER_MS = 10_000', '10 s in ATTACHED reset it'],
  ['session/device/review.ts', 'PLAN_TIMEOUT_MS = 1_500', 'not answered in 1.5 s'],
  ['session/device/channels.ts', 'ROTATE_PAUSE_MAX_MS = 5_000', 'pauses up to 5 s'],
  ['session/device/choice.ts', 'SLOTS_FOR_RECOVERY = 2', 'may use that less 2'],
  ['session/device/pace.ts', 'PACE_MIN_MS = 15', '15 ms, at least srtt / 8'],
  ['session/device/pace.ts', 'ON_THE_WAY_MAX = 32', '1/32 of the miss timer'],
  ['session/device/pace.ts', 'METERED_PACE_MS = 250', '250 ms metered'],
  ['session/device/pace.ts', 'METERED_PACKETS = 32', 'unless 32 packets have gone out'],
  ['session/device/pace.ts', 'LINGER_PAUSE_MIN_MS = 25', '25 ms, doubled up to 100 ms'],
  ['session/device/pace.ts', 'LINGER_PAUSE_MAX_MS = 100', '25 ms, doubled up to 100 ms'],
  ['session/device/probes.ts', 'RUN_MIN_MS = 50', '50 ms + srtt'],
  ['session/device/probes.ts', 'RUN_UNDER_WAY_MAX_MS = 42', 'at most 42 ms count'],
  ['session/device/probes.ts', 'ONE_WAY_RUN_MIN_MS = 60', '60 ms where packets'],
  ['session/device/probes.ts', 'LONELY_RUN_MIN_MS = 250', '250 ms where no other'],
  ['session/device/probes.ts', 'METERED_FRESH_MS = 10_000', 'answered within 10 s'],
  ['session/device/probes.ts', 'LATE_MIN_MS = 30', 'Called 30 ms late or more'],
  ['session/device/probes.ts', 'READING_MS = 25', 'gives probes 25 ms more'],
  [
    'session/device/probes.ts',
    'HEARSAY_PROBE_MS = 1_000',
    'once a second at most, on a metered link',
  ],
  ['session/liveness/liveness.ts', 'HEARD_PAUSE_MS = 30', 'never 30 ms apart'],
  ['session/liveness/liveness.ts', 'SAMPLE_EVERY_MS = 100', 'less than 100 ms apart'],
  ['session/device/probes.ts', 'BURST_PROBE_MIN_MS = 10', '10 to 50 ms'],
  ['session/device/probes.ts', 'BURST_PROBE_MAX_MS = 50', '10 to 50 ms'],
  ['session/device/probes.ts', 'UNSTEADY_PROBE_MS = 500', '500 ms; metered'],
  ['session/device/probes.ts', 'DOUBT_CANDIDATE_MS = 100', '100 ms, doubled by each miss'],
  ['session/device/probes.ts', 'DOUBT_CANDIDATE_MAX_MS = 1_600', 'up to 1.6 s'],
  ['session/device/probes.ts', 'CANDIDATE_PROBE_MS = 1_000', 'unmetered and preferred | 1 s'],
  ['session/device/mtu.ts', 'SENDS_MAX = 8', '8 times in all for one value'],
  ['session/device/mtu.ts', 'PAUSE_MAX_MS = 5_000', '1.5 times longer, at most 5 s; 8 times'],
  ['session/innerMtu.ts', 'MTU_MIN4_BYTES = 576', 'any address yet, 576 otherwise'],
  ['session/innerMtu.ts', 'MTU_MIN6_BYTES = 1_280', 'The least is 1280'],
  ['session/innerMtu.ts', 'MTU_MAX_BYTES = 65_535', 'integer 576…65535'],
  ['session/liveness/rtt.ts', 'GRANULARITY_MS = 10', 'least 10 ms'],
  ['session/liveness/rtt.ts', 'SWAY = 0.25', 'a quarter of srtt'],
  ['session/liveness/rtt.ts', 'INITIAL_TIMEOUT_MS = 300', '300 ms before the first sample'],
  ['session/liveness/rtt.ts', 'TIMEOUT_MAX_MS = 2_000', 'at most 2 s'],
  ['session/liveness/liveness.ts', 'FALSE_VERDICT_MAX = 1e-9', 'loss^k < 10^-9'],
  ['session/liveness/liveness.ts', 'LOSS_MIN = 0.01', 'at least 1 %'],
  ['session/liveness/liveness.ts', 'SILENCE_MAX_MS = 2_000', 'or 2 s without an answer'],
  ['session/liveness/liveness.ts', 'ASLEEP_AFTER_MS = 10_000', 'after a pause of 10 s'],
  ['session/liveness/quality.ts', 'SAMPLES_MIN = 8', 'from 8 samples on'],
  ['session/hub/trial.ts', 'SILENCE_DEFAULT_MS = 200', '(200 ms where nothing is measured)'],
  ['session/hub/trial.ts', 'SILENCE_MIN_MS = 100', '100 ms to 1 s'],
  ['session/hub/trial.ts', 'SILENCE_MAX_MS = 1_000', '100 ms to 1 s'],
  ['session/hub/state.ts', 'CANDIDATES_MAX = 4', 'Up to 4 new addresses'],
  ['session/hub/challenge.ts', 'ROUND_MS = 1_000', 'A round ends after 1 s'],
  ['session/hub/challenge.ts', 'SILENCE_DEFAULT_MS = 300', '(300 ms where nothing is measured)'],
  ['session/hub/challenge.ts', 'SILENCE_MIN_MS = 150', '150 to 800 ms'],
  ['session/hub/challenge.ts', 'SILENCE_MAX_MS = 800', '150 to 800 ms'],
  ['session/hub/heard.ts', 'DUPLICATE_COUNTS_MS = 1_000', 'for 1 s after a claim'],
  ['session/hub/address.ts', 'VALIDATED_MS = 120_000', 'validated for 120 s'],
  ['session/hub/address.ts', 'BUCKET_MS = 60_000', 'one to two minutes'],
  ['session/hub/address.ts', 'AMPLIFICATION_MAX = 3', 'at most 3 × the bytes received'],
  ['session/hub/claims.ts', 'CONFLICT_REFUSAL_MS = 600_000', 'outer address for 600 s'],
  ['session/hub/swap.ts', 'REPEAT_MIN_MS = 100', '(100 ms, doubled up to 5 s)'],
  ['session/hub/swap.ts', 'REPEAT_MAX_MS = 5_000', '(100 ms, doubled up to 5 s)'],
  ['hub/door.ts', 'LOAD_HANDSHAKES_PER_SECOND = 200', 'above 200 handshakes a second'],
  ['hub/door.ts', 'LOAD_WINDOW_MS = 250', 'measured over a quarter of one'],
  ['hub/door.ts', 'COOKIES_PER_SECOND_MAX = 1_500', '1,500 cookies a second'],
  ['hub/door.ts', 'WORK_MS_PER_SECOND = 500', "half of the thread's time"],
  ['hub/door.ts', 'HANDSHAKES_PER_SECOND_MAX = 1_000', '(1,000 a second)'],
  ['hub/frameBudget.ts', 'FRAMES_PER_SECOND_MAX = 500', 'one device (500 a second)'],
  ['hub/door.ts', 'CLAIMS_PER_SECOND_MAX = 5_000', '(5,000 a second)'],
  ['hub/hintPace.ts', 'HINT_EVERY_MS = 1_000', 'once a second for each network'],
  ['hub/hintPace.ts', 'HINT_PREFIXES_MAX = 16', 'newest 16 networks'],
  ['hub/sessionChannels.ts', 'WAITING_MAX_MS = 30_000', 'within 30 s of the handshake'],
  ['hub/sessionData.ts', 'EARLY_MAX = 64', 'up to 64 sealed datagrams'],
  ['hub/sessionData.ts', 'EARLY_AGE_MAX_MS = 500', 'for 500 ms, for those'],
  ['hub/rules.ts', 'SILENT_INTERVALS = 3', 'nothing for 3 ×'],
  ['hub/rules.ts', 'SILENCE_MIN_MS = 5_000', 'at least 5 s (`hub_silence`)'],
];

const OPERATING: readonly Row[] = [
  ['policies/daemonFields.ts', 'default: 1_440', '1500 gives 1440 or 1420'],
  ['agent/daemon.ts', 'SHUTDOWN_MAX_MS = 2_000', '2 s at most'],
  ['hub/sessionPeer.ts', 'SWAP_TIMEOUT_MS = 2_000', 'did not answer in 2 s'],
  ['hal/linux/auditLog.ts', 'RECENT_MAX = 256', 'the newest 256 audit events'],
  ['session/device/attach.ts', 'RECOVERIES_MAX = 64', 'newest 64 recoveries'],
];

const spaced = (text: string) => text.replace(/\s+/g, ' ');

for (const [page, table] of [
  ['docs/protocol.md', PROTOCOL],
  ['docs/operating.md', OPERATING],
] as const) {
  test(`the numbers of ${page} are those of the code`, () => {
    const text = spaced(read(page));
    const wrong = table.flatMap(([file, constant, words]) => [
      ...(new RegExp(`\\b${RegExp.escape(constant)}\\b(?!_)`).test(read(file))
        ? []
        : [`${file}: ${constant}`]),
      ...(text.includes(words) ? [] : [`${page}: ${words}`]),
    ]);
    expect(wrong).toEqual([]);
  });
}
