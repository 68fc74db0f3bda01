/** A Worker that signals the wake whose number it is sent. */
import { attachWake } from '../../../../../hal/linux/wake.ts';

declare const self: {
  onmessage: ((event: { readonly data: number }) => void) | null;
  postMessage(message: string): void;
};

self.onmessage = ({ data }) => attachWake(data).signal();
self.postMessage('ready');
