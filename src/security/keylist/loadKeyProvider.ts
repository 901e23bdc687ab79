import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { z } from 'zod';

import { ConfigurationError } from '../../errors/ConfigurationError.js';
import type { KeyProvider } from './KeyProvider.js';

const isProvider = (value: unknown): value is KeyProvider =>
  typeof value === 'object' && value !== null && ['wrap', 'unwrap'].every((name) => typeof Reflect.get(value, name) === 'function');

const moduleSchema = z.object({ default: z.union([z.custom<KeyProvider>(isProvider), z.custom<() => unknown>((value) => typeof value === 'function')]) });

/**
 * The key provider of a module: a path from the working directory, or the name of a package.
 * @throws ConfigurationError when there is none
 */
export async function loadKeyProvider(specifier: string): Promise<KeyProvider> {
  const isPath = specifier.startsWith('.') || path.isAbsolute(specifier);
  const load = async (): Promise<unknown> => {
    const found = moduleSchema.parse(await import(isPath ? pathToFileURL(path.resolve(specifier)).href : specifier)).default;
    return typeof found === 'function' ? found() : found;
  };
  let provider: unknown;
  try {
    provider = await load();
  } catch {
    throw new ConfigurationError(['ANALYTICS_KEY_PROVIDER: the module cannot be loaded, or has no default export that makes a key provider. See docs/keys.md.']);
  }
  if (isProvider(provider)) return provider;
  throw new ConfigurationError(['ANALYTICS_KEY_PROVIDER: its default export has to be an object with wrap and unwrap, or a function that returns one. See docs/keys.md.']);
}
