import type { Express, RequestHandler } from 'express';

/** What of a router is read here: Express' own types leave it out. */
interface Layer {
  readonly name: string;
  readonly rawPath: string | readonly string[];
  readonly handle: RequestHandler & { readonly stack?: readonly Layer[]; readonly router?: { readonly stack: readonly Layer[] } };
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
}

/**
 * Every route of an application, as `GET /path`, those of routers and applications that are mounted in it included. What is
 * mounted under a path and is no router, such as files, is `GET /path/*`.
 *
 * @throws Error for an application that `app.use` hides in a closure: mount it by a Router
 */
export function routesOf(app: Express): string[] {
  return [...new Set(walk((app.router as unknown as { readonly stack: readonly Layer[] }).stack, ''))]; // it has one
}

function walk(stack: readonly Layer[], prefix: string): string[] {
  return stack.flatMap(({ name, rawPath, handle, route }) => {
    if (name === 'mounted_app') throw new Error('An application is mounted by app.use, which hides its routes. Mount it by a Router.');
    return [rawPath].flat().flatMap((path) => {
      const whole = `${prefix}${path === '/' && prefix !== '' ? '' : path}`;
      if (route !== undefined) return Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${whole}`);
      const nested = handle.stack ?? handle.router?.stack;
      if (nested !== undefined) return walk(nested, path === '/' ? prefix : whole);
      // Middleware that stands before everything is no route.
      return path === '/' ? [] : [`GET ${whole}/*`];
    });
  });
}
