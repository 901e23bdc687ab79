import { addMatches, type Span } from './Span.js';

const jsonWebToken = /(?<![\w.-])eyJ[\w-]{10,4096}\.[\w-]{4,8192}\.[\w-]{0,1024}/g;

/** JSON Web Tokens: whoever holds one is somebody. */
export function findTokens(text: string, spans: Span[]): void {
  if (text.includes('eyJ')) addMatches(spans, 'secret', jsonWebToken, text);
}
