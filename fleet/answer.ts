/**
 * Answers over HTTP, with what each of them has to say to a browser.
 *
 * @module
 */

/** Nothing from elsewhere is loaded, framed, or sent to. */
const SAFETY = {
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export interface Page {
  readonly body: Uint8Array | string;
  /** The whole content type. */
  readonly type: string;
}

const NO_STORE = { 'cache-control': 'no-store' } as const;

type Body = ConstructorParameters<typeof Response>[0];

export type HeadersGiven = Readonly<Record<string, string>>;

/** What {@link answer} takes may be a page's, whose bytes nobody shares. */
export function answerPage(status: number, page: Page, headers: HeadersGiven = NO_STORE): Response {
  return answer(status, page.body as Body, page.type, headers);
}

export function answer(
  status: number,
  body: Body,
  type: string,
  headers: HeadersGiven = NO_STORE,
): Response {
  return new Response(body, { status, headers: { ...SAFETY, 'content-type': type, ...headers } });
}

export function answerJson(value: unknown, status = 200, headers: HeadersGiven = {}): Response {
  const text = `${JSON.stringify(value)}\n`;
  return answer(status, text, 'application/json; charset=utf-8', { ...NO_STORE, ...headers });
}

/** `error` is for a person. */
export function answerError(status: number, error: string, headers: HeadersGiven = {}): Response {
  return answerJson({ error }, status, headers);
}

export function answerElsewhere(location: string, headers: HeadersGiven = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { ...SAFETY, ...NO_STORE, location, ...headers },
  });
}

/** What never changes under its name. */
export const FOREVER = { 'cache-control': 'public, max-age=31536000, immutable' } as const;
