/**
 * Makes the files of the dashboard: one script, one style sheet, one icon, each with a hash of its bytes in its name, and
 * the documents that name them.
 *
 * Runs where the source is: in `scripts/compile.ts`, which puts the result into the executable, and in tests. A compiled
 * `jvpn` never comes here (`pages.ts`).
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path, content type and text; plain, so that it can be written into a program. */
export type Bundled = readonly (readonly [path: string, type: string, text: string])[];

const TYPES = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** What is not ours in the script and the style sheet; its licence asks to be named. */
const NOTICE = '/*! Charts by uPlot, copyright (c) Leon Sorokin, MIT licence. */';

/** Said above the form after a token that is none. */
const REFUSAL = '<p class="trouble" role="alert">The token is not right.</p>';

/**
 * All files of the dashboard by the path that they are served under.
 *
 * @throws AggregateError with Bun's messages when the source does not build.
 */
export async function bundlePages(folder: string): Promise<Bundled> {
  const { outputs } = await Bun.build({
    entrypoints: [join(folder, 'dom/main.ts'), join(folder, 'style.css')],
    target: 'browser',
    format: 'esm',
    minify: true,
    sourcemap: 'none',
    naming: '[name].[ext]',
    banner: NOTICE,
  });
  const made = await Promise.all(
    outputs.map(async (output) => [nameOf(output.path), await output.text()] as const),
  );
  const texts = new Map([...made, ['icon.svg', read(folder, 'icon.svg')] as const]);
  const paths = new Map(Array.from(texts, ([name, text]) => [name, hashed(name, text)]));
  const page = (name: string, refusal = '') =>
    read(folder, name).replace(/\{\{([\w.]+)\}\}/g, (_, word: string) =>
      word === 'refusal' ? refusal : paths.get(word)!,
    );
  return [
    ...Array.from(texts, ([name, text]) => [paths.get(name)!, typeOf(name), text] as const),
    ['/', TYPES.html, page('overview.html')],
    ['/device', TYPES.html, page('device.html')],
    ['/login', TYPES.html, page('login.html')],
    ['/login/refused', TYPES.html, page('login.html', REFUSAL)],
  ];
}

/** The same bytes have the same name for ever, so that a browser may keep them for ever. */
function hashed(name: string, text: string): string {
  const [stem, extension] = name.split('.');
  const hash = new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 12);
  return `/assets/${stem}-${hash}.${extension}`;
}

const nameOf = (path: string) => path.split('/').at(-1)!;

const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');

const typeOf = (name: string) => TYPES[name.split('.').at(-1) as keyof typeof TYPES];
