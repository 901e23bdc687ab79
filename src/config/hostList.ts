import { z } from 'zod';

/** Where a server listens. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const ONE = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** `one.example.org:7000,two.example.org:7000` */
export const hostListSchema = z.string().transform((text, context): readonly HostPort[] =>
  text.split(',').map((part) => {
    const [, host = '', digits = '0'] = ONE.exec(part.trim()) ?? [];
    const port = Number(digits);
    // What was given is not quoted: a URL may have a password in it.
    if (port < 1 || port > 65_535) context.addIssue('must be HOST:PORT, separated by commas');
    return { host: host.replace(/^\[|\]$/g, ''), port };
  }),
);
