import type { CookieOptions, Request, Response } from 'express';

/** Reads and writes one cookie. It has no lifetime of its own: the server ends what it stands for. */
export interface SessionCookie {
  read(request: Request): string | undefined;
  write(response: Response, secret: string): void;
  clear(response: Response): void;
}

export function createSessionCookie({ isSecure, of = 'board' }: { readonly isSecure: boolean; readonly of?: 'board' | 'sign-in' }): SessionCookie {
  // Browsers keep a __Host- cookie only when it is Secure, from this host alone, and for every path.
  const name = `${isSecure ? '__Host-' : ''}analytics-${of}`;
  const options: CookieOptions = { httpOnly: true, sameSite: 'strict', secure: isSecure, path: '/' };
  return {
    read(request) {
      for (const pair of (request.headers.cookie ?? '').split(';')) {
        const [key, value] = pair.split('=', 2);
        if (key?.trim() === name) return value?.trim();
      }
      return undefined;
    },
    write: (response, secret) => void response.cookie(name, secret, options),
    clear: (response) => void response.clearCookie(name, options),
  };
}
