/**
 * What AES-256-GCM makes of the packets of `proofCases.ts`, ciphertext and tag, one text of hex a case.
 *
 * Written down, because the portable AES that made them takes two megabytes of a thread that loads it.
 * `test/unit/session/channel/proofCases.test.ts` makes them again with @noble/ciphers and with node:crypto.
 *
 * @module
 */
// biome-ignore format: one case after the other
export const AES_SEALED: readonly string[] = [
  'a5d74ff976897a98dbc1d26df5c1affb8089a809bd60725720a0989fe94202cf50ad622e0a408f6edbdcc738097386cb' +
    'd2460c7dfd7158a86d2079b01604b7a7b5ec3f031f70098c361abf0e14d98621',
  '52f3e1d97f445d3b941cdc21c90ff108',
  'deb01714d5a67054c3077532ac520c6d83',
  '9b90d64ce3aabc0202528e6ea3eb58aba341d9c51cc44a4e8e04497eb2911ad823',
  '4b3ccc24f7fbecc7d0e07212e1b58ba1cfbda4ad427e8aa58bdb49021826d6a945d2caa5cc0cc6bff55919a51c79d975' +
    'f815e4364e0f1f09d8daa3ee2a1b693eb06baabee71201271283d166871d453378137ba981944d3eb837cf8c5a3c37c3' +
    '6e1424fac3abd3c4d22f29e8b939654ef90fdaa41c375a1383b670c275b422825d62afb8a843ffebc2978bbf34fd8f66' +
    'dc1b',
  '47408ce00d27d5f041f9f43338af48407960a530ea4343a1ed0ecc1eb9f6df9057791cec613d23d82fd975ca706c831a' +
    '4fea171dc6de030f250f1f26af4f964cb432792036d66ecfeb7be043a20e9582',
  '523b827982976a0c0e8378427a537fc0',
  'd0ed972d87a537aec37ad50274f887bef5',
];
