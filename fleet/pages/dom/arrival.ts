/**
 * Where the address of a page leads in it: what comes later pushes that place down, so the reader is taken there once all is there.
 *
 * @module
 */

/** To be called before anything changes the address. What it returns takes the reader there, unless the reader has begun to move. */
export function arrival(): () => void {
  const { hash } = location;
  let isMoving = false;
  const move = () => {
    isMoving = true;
  };
  for (const kind of ['wheel', 'keydown', 'pointerdown', 'touchstart']) {
    addEventListener(kind, move, { once: true, passive: true });
  }
  return () => {
    const place = hash === '' ? null : document.getElementById(hash.slice(1));
    if (isMoving || place === null) return;
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  };
}
